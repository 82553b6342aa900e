#!/usr/bin/env bash
# Puts llama.cpp's own server into the tools folder: Debian's package of a newer suite, with the
# code for each kind of processor. Again: a second.
. "$(dirname "$0")/../debian/installing.sh"

version() { "$root/usr/bin/llama-server" --version 2>&1; }
fill() {
  "$debian/unpack.sh" sid "$root.new" llama.cpp-tools
  "$debian/relink.sh" "$root.new" "$root" llama-server
  (cd "$root.new/usr/bin" && ln -s ../lib/*-linux-gnu/ggml/backends*/*.so .) # it looks for them beside itself
}

install llama-server
