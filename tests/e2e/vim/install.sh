#!/usr/bin/env bash
# Puts Vim and ALE into the tools folder: Debian's own packages of a newer suite, with a `vim` that
# runs from where they lie; and tmux, in which the tests press its keys, into the system. Again: a
# second.
set -euo pipefail
debian=$(cd "$(dirname "$0")/../debian" && pwd)
tools=${HERDMATE_E2E_TOOLS:-$HOME/.cache/herdmate-e2e}
"$debian/tmux.sh"
mkdir -p "$tools"
root=$(realpath "$tools")/vim
version() { "$root/vim" --version 2>/dev/null | sed -n 1p; }
if [ -n "$(version)" ]; then version && exit 0; fi

trap 'rm -rf "$root.new"' EXIT
rm -rf "$root" "$root.new"
"$debian/unpack.sh" forky "$root.new" vim vim-ale
"$debian/relink.sh" "$root.new" "$root" vim.basic
cd "$root.new"
cat >vim <<END
#!/bin/sh
export VIMRUNTIME=$root/$(dirname usr/share/vim/vim[0-9]*/defaults.vim)
exec $root/usr/bin/vim.basic "\$@"
END
chmod +x vim
mv "$root.new" "$root" # whole or not at all
[ -n "$(version)" ] || "$root/vim" --version # which says what is wrong
version
