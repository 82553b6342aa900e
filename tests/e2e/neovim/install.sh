#!/usr/bin/env bash
# Puts Neovim 0.12 into the tools folder: Debian's own package of a newer suite. Again: a second.
set -euo pipefail
debian=$(cd "$(dirname "$0")/../debian" && pwd)
tools=${HERDMATE_E2E_TOOLS:-$HOME/.cache/herdmate-e2e}
mkdir -p "$tools"
root=$(realpath "$tools")/neovim
version() { "$root/usr/bin/nvim" --version 2>/dev/null | sed -n 1p; }
if [ -n "$(version)" ]; then version && exit 0; fi

trap 'rm -rf "$root.new"' EXIT
rm -rf "$root" "$root.new"
"$debian/unpack.sh" forky "$root.new" neovim
"$debian/relink.sh" "$root.new" "$root" nvim
mv "$root.new" "$root" # whole or not at all
[ -n "$(version)" ] || "$root/usr/bin/nvim" --version # which says what is wrong
version
