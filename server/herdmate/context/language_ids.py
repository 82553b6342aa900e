"""The language of a document, whatever its editor calls it.

LSP names a few dozen languages; editors also send their own file types, modes and titles.
"""

from __future__ import annotations

import re

from herdmate.context.grammars import language_of
from herdmate.context.languages import LANGUAGES
from herdmate.text import name_in

_OTHERS = (
    "asciidoc astro bat cmake crystal csv cython diff dotenv elm-literate fish fsharp gdscript"
    " gleam"
    " glsl graphql groovy hcl ini less lisp log matlab mdx meson nim nix objective-cpp org postcss"
    " proto racket sass scheme solidity stylus systemverilog terraform typst vb verilog vhdl wgsl"
)
"""Languages of which we know no more than the id that most editors use."""

_ALIASES = {
    "asciidoc": "adoc asciidoctor",
    "bat": "batch batchfile dosbatch cmd",
    "bibtex": "bib",
    "clojure": "clj cljs clojurescript clojurec edn",
    "cpp": "c++ cc cxx cuda cuda-cpp arduino hpp",
    "csharp": "cs c# c-sharp csx",
    "dockerfile": "docker containerfile",
    "elixir": "ex exs",
    "erlang": "erl",
    "fsharp": "fs fsx f#",
    "fortran-modern": "fortran f90 fortran90 fortranfreeform fortranfixedform fortran-free-form"
    " fortran-fixed-form",
    "git-commit": "gitcommit git-commit-message",
    "git-rebase": "gitrebase git-rebase-message",
    "go": "golang",
    "graphql": "gql",
    "groovy": "gradle jenkinsfile",
    "haskell": "hs",
    "html": "htm xhtml mhtml htmldjango html-django django-html jinja jinja-html angular"
    " htmlangular"
    " gohtml eruby erb html-erb eelixir heex handlebars twig blade liquid nunjucks mustache ejs"
    " razor"
    " aspnetcorerazor cshtml",
    "javascript": "js mjs cjs js2 js3 es6 ecmascript node",
    "javascriptreact": "jsx javascript.jsx js-jsx rjsx react javascript-jsx javascript-react"
    " js2-jsx",
    "json": "geojson jsonl ndjson js-json",
    "jsonc": "json-with-comments",
    "julia": "jl ess-julia",
    "kotlin": "kt kts kotlin-script",
    "latex": "plaintex context",
    "makefile": "make mk gnumakefile makefile-gmake makefile-bsdmake makefile-automake automake"
    " gnu-make",
    "markdown": "md gfm pandoc markdown.pandoc vimwiki telekasten github-markdown",
    "objective-c": "objc objectivec obj-c",
    "objective-cpp": "objcpp objc++ objectivecpp objective-c++",
    "ocaml": "ml tuareg caml neocaml ocaml.interface",
    "perl": "pl perl5 cperl",
    "php": "php3 php4 php5 php7 php8 phps phtml",
    "plaintext": "text txt plain fundamental prog plain-text none web",
    "powershell": "ps1 ps psm1 pwsh",
    "python": "py python2 python3 pyi starlark bazel bzl magicpython",
    "proto": "proto3 protobuf",
    "quarto": "qmd poly-quarto",
    "r": "rlang ess-r",
    "restructuredtext": "rst rest",
    "rmd": "rmarkdown poly-markdown+r",
    "ruby": "rb enh-ruby rakefile gemfile podfile rails ruby-on-rails",
    "rust": "rs rustic",
    "scala": "sc sbt scala3 scala-script",
    "shellscript": "sh bash zsh ksh mksh dash ash shell shell-script shell-unix ebuild pkgbuild",
    "sql": "mysql plsql pgsql postgres postgresql sqlite tsql mssql",
    "svelte": "svelte3",
    "swift": "swift5",
    "terraform": "tf terraform-vars opentofu opentofu-vars",
    "toml": "conf-toml",
    "typescript": "ts mts cts deno",
    "typescriptreact": "tsx typescript.tsx typescript-tsx ts-tsx typescript-react",
    "viml": "vim vimscript vim-script",
    "vue": "vue-html vue3 vuejs",
    "xml": "nxml xsd xslt xsl svg plist",
    "yaml": "yml ansible yaml-ansible docker-compose dockercompose github-actions-workflow"
    " azure-pipelines home-assistant openapi helm",
    "zig": "zon",
}
_BY_ALIAS = {alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()}
_KNOWN = frozenset({*LANGUAGES, *_ALIASES, *_OTHERS.split()})
_FILES = {
    "asciidoc": ".adoc .asciidoc",
    "astro": ".astro",
    "bat": ".bat .cmd",
    "bibtex": ".bib",
    "clojure": ".cljc .edn",
    "cmake": "CMakeLists.txt .cmake",
    "cpp": ".inl .ipp .tpp .ino .cuh .h++ .c++",
    "crystal": ".cr",
    "csharp": ".csx",
    "csv": ".csv",
    "diff": ".diff .patch",
    "fish": ".fish",
    "fortran-modern": ".f .for .f08 .f18",
    "fsharp": ".fs .fsi .fsx",
    "git-commit": "COMMIT_EDITMSG MERGE_MSG TAG_EDITMSG",
    "git-rebase": "git-rebase-todo",
    "graphql": ".graphql .gql",
    "groovy": "Jenkinsfile .groovy .gradle",
    "html": ".xhtml .jinja .jinja2 .erb .eex .heex .hbs .twig .ejs .njk .liquid .cshtml",
    "ini": ".ini setup.cfg .gitconfig",
    "json": ".ipynb .jsonl .ndjson .geojson .webmanifest composer.lock",
    "jsonc": "tsconfig.json jsconfig.json .eslintrc .babelrc .code-workspace",
    "latex": ".tex .sty .cls",
    "less": ".less",
    "lua": ".rockspec .luacheckrc",
    "makefile": ".mak Makefile.am Makefile.in",
    "markdown": ".mkd .mdown",
    "mdx": ".mdx",
    "nim": ".nim",
    "nix": ".nix",
    "objective-cpp": ".mm",
    "ocaml": ".mli",
    "perl": ".psgi cpanfile",
    "php": ".phtml",
    "powershell": ".psm1 .psd1",
    "proto": ".proto",
    "python": "BUILD WORKSPACE BUILD.bazel WORKSPACE.bazel .bzl .star Tiltfile SConstruct"
    " SConscript"
    " wscript",
    "quarto": ".qmd",
    "r": ".Rprofile",
    "restructuredtext": ".rst",
    "rmd": ".rmd",
    "ruby": "Podfile Vagrantfile Brewfile Guardfile Fastfile Appfile Capfile Dangerfile Thorfile"
    " .gemspec .ru .podspec .rbi",
    "sass": ".sass",
    "scala": ".sbt",
    "shellscript": ".ksh .bats .bashrc .bash_profile .bash_aliases .bash_logout .zshrc .zshenv"
    " .zprofile"
    " .profile .kshrc .envrc PKGBUILD APKBUILD",
    "sql": ".psql .ddl .dml",
    "terraform": ".tf .tfvars",
    "toml": "Pipfile Cargo.lock poetry.lock uv.lock",
    "typst": ".typ",
    "viml": ".vim .vimrc .gvimrc .ideavimrc vimrc",
    "xml": ".xml .xsd .xsl .xslt .svg .plist .csproj .fsproj .vbproj .props .targets .storyboard"
    " .xib",
    "yaml": ".clang-format .clang-tidy .clangd CITATION.cff",
}
"""Names and endings of files beyond those of ``LANGUAGES``."""

_BY_FILE = {name: language for language, names in _FILES.items() for name in names.split()}
_VARIANT = re.compile(r"(Dockerfile|Containerfile|Makefile|Jenkinsfile|Vagrantfile)[.-]\w")

_UNSURE = frozenset({"", "plaintext"})
"""What editors send if they have no name for a file's language."""

_LONGEST = 100


def language_id(said: str, uri: str = "") -> str:
    """The LSP id for what an editor calls ``said``, or else for the file's name.

    If neither is known, the name stays as it is.
    """
    known = _known(said)
    by_name = language_by_name(name_in(uri)) if uri else "plaintext"
    if known is None or known in _UNSURE or by_name == f"{known}react":
        return by_name if by_name != "plaintext" else known or said or "plaintext"
    return known


def language_by_name(path: str) -> str:
    """The language of a file by its name alone; ``"plaintext"`` if that does not tell."""
    name = path.rpartition("/")[2]
    if language := _BY_FILE.get(name):
        return language
    if (variant := _VARIANT.match(name)) is not None:
        return _BY_FILE.get(variant[1]) or language_of(variant[1])
    ending = f".{name.rpartition('.')[2].lower()}" if "." in name else ""
    known = language_of(name)
    return known if known != "plaintext" else _BY_FILE.get(ending, "plaintext")


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
