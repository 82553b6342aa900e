"""The language of a document, whatever its editor calls it.

LSP names a few dozen languages; editors also send their own file types, modes and titles.
"""

from __future__ import annotations

import re

from herdmate.context.grammars import language_of
from herdmate.context.languages import LANGUAGES
from herdmate.text import name_in

_ALIASES = {
    "bibtex": "bib",
    "clojure": "clj cljs clojurescript clojurec edn",
    "cpp": "c++ cc cxx cuda cuda-cpp arduino hpp",
    "csharp": "cs c# c-sharp csx",
    "dockerfile": "docker containerfile",
    "elixir": "ex exs",
    "erlang": "erl",
    "fortran-modern": "fortran f90 fortran90 fortranfreeform fortranfixedform fortran-free-form",
    "git-commit": "gitcommit git-commit-message",
    "git-rebase": "gitrebase git-rebase-message",
    "go": "golang",
    "haskell": "hs",
    "html": "htm xhtml mhtml htmldjango html-django django-html jinja jinja-html angular gohtml",
    "javascript": "js mjs cjs js2 js3 es6 ecmascript node",
    "javascriptreact": "jsx javascript.jsx js-jsx rjsx react javascript-jsx javascript-react",
    "json": "geojson jsonl ndjson js-json",
    "jsonc": "json-with-comments",
    "julia": "jl ess-julia",
    "kotlin": "kt kts kotlin-script",
    "latex": "plaintex context",
    "makefile": "make mk gnumakefile makefile-gmake makefile-bsdmake makefile-automake automake",
    "markdown": "md gfm pandoc markdown.pandoc vimwiki telekasten github-markdown",
    "objective-c": "objc objectivec obj-c",
    "ocaml": "ml tuareg caml ocaml.interface",
    "perl": "pl perl5 cperl",
    "php": "php3 php4 php5 php7 php8 phtml",
    "plaintext": "text txt plain fundamental prog plain-text none web",
    "powershell": "ps1 ps psm1 pwsh",
    "python": "py python2 python3 pyi starlark bazel bzl magicpython",
    "quarto": "qmd poly-quarto",
    "r": "rlang ess-r",
    "restructuredtext": "rst rest",
    "rmd": "rmarkdown poly-markdown+r",
    "ruby": "rb enh-ruby rakefile gemfile podfile",
    "rust": "rs rustic",
    "scala": "sc sbt scala3 scala-script",
    "shellscript": "sh bash zsh ksh dash ash shell shell-script shell-unix ebuild pkgbuild",
    "sql": "mysql plsql pgsql postgres postgresql sqlite tsql mssql",
    "svelte": "svelte3",
    "swift": "swift5",
    "typescript": "ts mts cts deno",
    "typescriptreact": "tsx typescript.tsx typescript-tsx ts-tsx typescript-react",
    "viml": "vim vimscript vim-script",
    "vue": "vue-html vue3 vuejs",
    "xml": "nxml xsd xslt xsl svg plist",
    "yaml": "yml ansible yaml-ansible docker-compose dockercompose github-actions-workflow"
    " azure-pipelines home-assistant openapi",
    "zig": "zon",
}
_BY_ALIAS = {alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()}
_KNOWN = frozenset({*LANGUAGES, *_ALIASES})
_UNSURE = frozenset({"", "plaintext"})
"""What editors send if they have no name for a file's language."""

_LONGEST = 100


def language_id(said: str, uri: str = "") -> str:
    """The LSP id for what an editor calls ``said``, or else for the file's name.

    If neither is known, the name stays as it is.
    """
    known = _known(said)
    by_name = language_of(name_in(uri)) if uri else "plaintext"
    if known is None or known in _UNSURE or by_name == f"{known}react":
        return by_name if by_name != "plaintext" else known or said or "plaintext"
    return known


def names_language(entry: str, language: str) -> bool:
    """Does one of the user's entries, which may also be a glob or a file name, name a language?"""
    return entry == language or (
        _MAY_BE_PATH.search(entry) is None and language_id(entry) == language_id(language)
    )


_MAY_BE_PATH = re.compile(r"[./*?\[\\]")


def _known(said: str) -> str | None:
    """The LSP id for an editor's name for a language, or ``None`` if we do not know it."""
    if said in LANGUAGES:
        return said
    name = re.sub(r"[\s_]+", "-", said[:_LONGEST].strip().lower())
    bare = re.sub(r"(?:-ts)?(?:-base)?-mode$|-ts$|^source\.", "", name)
    for whole in (name, bare):
        if whole in _BY_ALIAS or whole in _KNOWN:
            return _BY_ALIAS.get(whole, whole)
    # Vim joins file types by dots, as in ``python.django``.
    parts = (_BY_ALIAS.get(part, part) for part in bare.split("."))
    return next((part for part in parts if part in _KNOWN - _UNSURE), "" if not name else None)
