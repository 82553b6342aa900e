#!/usr/bin/env bash
# Puts Helix into the tools folder: Debian's own package of a newer suite, and tmux, in which the
# tests press its keys and read its screen, into the system. Again: a second.
. "$(dirname "$0")/../debian/installing.sh"

version() { "$root/usr/bin/hx" --version; }
fill() {
  "$debian/unpack.sh" forky "$root.new" hx
  "$debian/relink.sh" "$root.new" "$root" hx
}

"$debian/tmux.sh"
install helix
