#!/usr/bin/env bash
# Puts Vim and ALE into the tools folder: Debian's own packages of a newer suite, with a `vim` that
# runs from where they lie; and tmux, in which the tests press its keys, into the system. Again: a
# second.
. "$(dirname "$0")/../debian/installing.sh"

version() { "$root/vim" --version | sed -n 1p; }
fill() (
  "$debian/unpack.sh" forky "$root.new" vim vim-ale
  "$debian/relink.sh" "$root.new" "$root" vim.basic
  cd "$root.new"
  cat >vim <<END
#!/bin/sh
export VIMRUNTIME=$root/$(dirname usr/share/vim/vim[0-9]*/defaults.vim)
exec $root/usr/bin/vim.basic "\$@"
END
  chmod +x vim
)

"$debian/tmux.sh"
install vim
