#!/usr/bin/env bash
# Updates locked/*.txt: what Set Up installs, each package with its version and the hashes of all
# its files, for every system and Python that pyproject.toml names. Needs the network.
#
#   server.txt  what Herdmate's wheel depends on
#   llama.txt   llama-cpp-python among it, as source code
#   build.txt   what builds that
#
# And the hashes of the wheels that its project publishes, for those who want it ready-made:
# server/herdmate/llama_install/wheels.sha256. They are some gigabytes; `lock.sh wheels` fetches them.
set -euo pipefail
cd "$(dirname "$0")"
server=../server

if [ "${1:-}" = wheels ]; then
  PYTHONPATH=$server python3 -m herdmate.llama_install pins >pins.new
  mv pins.new $server/herdmate/llama_install/wheels.sha256
  exit
fi

tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
python3 -m venv "$tool"
"$tool/bin/pip" install --quiet --disable-pip-version-check 'uv>=0.9'
lock() {
  "$tool/bin/uv" pip compile --quiet --universal --generate-hashes --python-version 3.10 --upgrade \
    --no-header --no-annotate --no-emit-index-url --output-file "$1" "$2"
}
lock "$tool/all.txt" ../pyproject.toml
lock locked/build.txt locked/build.in
awk '/^[^ ]/ { own = /^llama-cpp-python==/ } own' "$tool/all.txt" >locked/llama.txt
awk '/^[^ ]/ { own = /^llama-cpp-python==/ } !own' "$tool/all.txt" >locked/server.txt
version=$(sed -n 's/^llama-cpp-python==\([^ ]*\).*/\1/p' locked/llama.txt)
init=$server/herdmate/llama_install/__init__.py
sed "s/^VERSION = .*/VERSION = \"$version\"/" $init >"$tool/init" && cat "$tool/init" >$init
