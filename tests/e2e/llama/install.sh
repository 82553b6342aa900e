#!/usr/bin/env bash
# Puts llama.cpp's own server into the tools folder: Debian's package of a newer suite, with the
# code for each kind of processor. Again: a second.
set -euo pipefail
debian=$(cd "$(dirname "$0")/../debian" && pwd)
tools=${HERDMATE_E2E_TOOLS:-$HOME/.cache/herdmate-e2e}
mkdir -p "$tools"
root=$(realpath "$tools")/llama-server
version() { "$root/usr/bin/llama-server" --version 2>&1 | grep '^version'; }
if [ -n "$(version)" ]; then version && exit 0; fi

trap 'rm -rf "$root.new"' EXIT
rm -rf "$root" "$root.new"
"$debian/unpack.sh" sid "$root.new" llama.cpp-tools
"$debian/relink.sh" "$root.new" "$root" llama-server
(cd "$root.new/usr/bin" && ln -s ../lib/*-linux-gnu/ggml/backends*/*.so .) # it looks for them beside itself
mv "$root.new" "$root" # whole or not at all
[ -n "$(version)" ] || "$root/usr/bin/llama-server" --version # which says what is wrong
version
