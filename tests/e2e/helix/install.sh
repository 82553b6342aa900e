#!/usr/bin/env bash
# Puts Helix into the tools folder: Debian's own package of a newer suite, and tmux, in which the
# tests press its keys and read its screen, into the system. Again: a second.
set -euo pipefail
debian=$(cd "$(dirname "$0")/../debian" && pwd)
tools=${HERDMATE_E2E_TOOLS:-$HOME/.cache/herdmate-e2e}
"$debian/tmux.sh"
mkdir -p "$tools"
root=$(realpath "$tools")/helix
version() { "$root/usr/bin/hx" --version 2>/dev/null; }
if [ -n "$(version)" ]; then version && exit 0; fi

trap 'rm -rf "$root.new"' EXIT
rm -rf "$root" "$root.new"
"$debian/unpack.sh" forky "$root.new" hx
"$debian/relink.sh" "$root.new" "$root" hx
mv "$root.new" "$root" # whole or not at all
[ -n "$(version)" ] || "$root/usr/bin/hx" --version # which says what is wrong
version
