#!/usr/bin/env bash
# Puts Emacs 30, which has Eglot, and lsp-mode 10 into the tools folder: Debian's own packages of
# newer suites, with an `emacs` that runs from where they lie; and tmux, in which the tests press
# its keys, into the system. Again: a second.
. "$(dirname "$0")/../debian/installing.sh"

version() { "$root/emacs" --batch -Q --eval '(princ (emacs-version))' | sed -n 1p; }
fill() (
  "$debian/unpack.sh" bookworm,bookworm-backports "$root.new" emacs-nox
  "$debian/unpack.sh" forky "$root.new/lsp-mode" elpa-lsp-mode
  "$debian/relink.sh" "$root.new" "$root" emacs-nox emacsclient.emacs

  # Emacs looks for its own files where Debian would have put them, unless it is told.
  cd "$root.new"
  shared=$(echo usr/share/emacs/[0-9]*.[0-9]*)
  dump=$(find usr/libexec usr/lib -name '*.pdmp' -print -quit)
  lisp=$(find "$shared/lisp" -type d ! -name obsolete -printf "$root/%p:")
  cat >emacs <<END
#!/bin/sh
export EMACSLOADPATH=${lisp%:}
export EMACSDATA=$root/$shared/etc EMACSDOC=$root/$shared/etc EMACSPATH=$root/$(dirname "$dump")
exec $root/usr/bin/emacs-nox --dump-file=$root/$dump "\$@"
END
  chmod +x emacs
)

"$debian/tmux.sh"
install emacs
