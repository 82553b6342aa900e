"""What we know about each language, as data: its names, file extensions and node types.

Node types cover both grammar packages (see ``grammars``); a type that only one of them has does no
harm with the other.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """One language by its LSP id.

    ``grammar`` is its name in tree-sitter-language-pack, ``old_grammar`` the one in
    tree-sitter-languages if that differs (``""``: not usable there). ``files`` are extensions with
    their dot, or whole file names. ``definitions`` are the node types that define something worth
    naming.
    """

    grammar: str
    files: tuple[str, ...]
    definitions: frozenset[str] = frozenset()
    old_grammar: str | None = None


def _types(names: str) -> frozenset[str]:
    return frozenset(names.split())


_C = _types("function_definition struct_specifier enum_specifier union_specifier type_definition")
_CPP = _C | _types("class_specifier namespace_definition")
_JAVASCRIPT = _types(
    "function_declaration generator_function_declaration class_declaration method_definition"
)
_TYPESCRIPT = _JAVASCRIPT | _types(
    "abstract_class_declaration interface_declaration enum_declaration type_alias_declaration"
    " internal_module module"
)
_CSS = _types("rule_set media_statement keyframes_statement")

ECMASCRIPT = ("javascript", "javascriptreact", "typescript", "typescriptreact")
"""JavaScript and TypeScript, with JSX or without."""

LANGUAGES: dict[str, Language] = {
    "c": Language("c", (".c", ".h"), _C),
    "clojure": Language("clojure", (".clj", ".cljs")),
    "cpp": Language("cpp", (".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx", ".cu"), _CPP),
    "csharp": Language(
        "csharp",
        (".cs",),
        _types(
            "class_declaration struct_declaration record_declaration interface_declaration"
            " enum_declaration method_declaration constructor_declaration destructor_declaration"
            " operator_declaration property_declaration local_function_statement"
            " namespace_declaration delegate_declaration"
        ),
        old_grammar="c_sharp",
    ),
    "css": Language("css", (".css",), _CSS),
    "dart": Language("dart", (".dart",), _types("class_definition mixin_declaration")),
    "dockerfile": Language("dockerfile", (".dockerfile", "Dockerfile", "Containerfile")),
    "elixir": Language("elixir", (".ex", ".exs")),
    "elm": Language("elm", (".elm",), _types("value_declaration type_declaration")),
    "erlang": Language("erlang", (".erl", ".hrl"), _types("fun_decl")),
    "fortran-modern": Language(
        "fortran", (".f90", ".f95", ".f03"), _types("subroutine function module program")
    ),
    "go": Language(
        "go", (".go",), _types("function_declaration method_declaration type_declaration")
    ),
    "haskell": Language("haskell", (".hs",), _types("function class instance data_type adt")),
    "html": Language("html", (".html", ".htm"), _types("element script_element style_element")),
    "java": Language(
        "java",
        (".java",),
        _types(
            "class_declaration record_declaration interface_declaration enum_declaration"
            " annotation_type_declaration method_declaration constructor_declaration"
            " compact_constructor_declaration annotation_type_element_declaration"
        ),
    ),
    "javascript": Language("javascript", (".js", ".mjs", ".cjs"), _JAVASCRIPT),
    "javascriptreact": Language("javascript", (".jsx",), _JAVASCRIPT),
    "json": Language("json", (".json",)),
    "jsonc": Language("json", (".jsonc",)),
    "julia": Language(
        "julia",
        (".jl",),
        _types("function_definition macro_definition struct_definition module_definition"),
    ),
    "kotlin": Language(
        "kotlin",
        (".kt", ".kts"),
        _types("function_declaration class_declaration object_declaration secondary_constructor"),
    ),
    "lua": Language(
        "lua",
        (".lua",),
        _types(
            "function_declaration function_definition_statement local_function_definition_statement"
        ),
        # Its scanner there is incompatible with tree-sitter 0.21: ``x = 1`` parses forever.
        old_grammar="",
    ),
    "makefile": Language("make", (".mk", "Makefile", "makefile", "GNUmakefile"), _types("rule")),
    "markdown": Language("markdown", (".md", ".markdown"), _types("section")),
    "objective-c": Language("objc", (".m",), _C | _types("class_implementation class_interface")),
    "ocaml": Language("ocaml", (".ml",), _types("value_definition module_definition")),
    "perl": Language(
        "perl",
        (".pl", ".pm"),
        _types(
            "function_definition subroutine_declaration"  # the newer grammar's are below
            " subroutine_declaration_statement method_declaration_statement class_statement"
        ),
    ),
    "php": Language(
        "php",
        (".php",),
        _types(
            "function_definition method_declaration class_declaration interface_declaration"
            " trait_declaration enum_declaration"
        ),
    ),
    "powershell": Language("powershell", (".ps1",), _types("function_statement class_statement")),
    "python": Language(
        "python", (".py", ".pyi", ".pyw"), _types("function_definition class_definition")
    ),
    "r": Language("r", (".r", ".R")),
    "ruby": Language(
        "ruby",
        (".rb", ".rake", "Rakefile", "Gemfile"),
        _types("method singleton_method class module"),
    ),
    "rust": Language(
        "rust",
        (".rs",),
        _types(
            "function_item struct_item enum_item union_item trait_item impl_item mod_item"
            " macro_definition"
        ),
    ),
    "scala": Language(
        "scala",
        (".scala", ".sc"),
        _types(
            "function_definition class_definition object_definition trait_definition"
            " enum_definition"
        ),
    ),
    "scss": Language("scss", (".scss",), _CSS | _types("mixin_statement function_statement")),
    "shellscript": Language("bash", (".sh", ".bash", ".zsh"), _types("function_definition")),
    "sql": Language("sql", (".sql",)),
    "svelte": Language("svelte", (".svelte",)),
    "swift": Language(
        "swift",
        (".swift",),
        _types("function_declaration class_declaration protocol_declaration init_declaration"),
    ),
    "toml": Language("toml", (".toml",), _types("table table_array_element")),
    "typescript": Language("typescript", (".ts", ".mts", ".cts"), _TYPESCRIPT),
    "typescriptreact": Language("tsx", (".tsx",), _TYPESCRIPT),
    "vue": Language("vue", (".vue",)),
    "yaml": Language("yaml", (".yaml", ".yml")),
    "zig": Language("zig", (".zig",), _types("function_declaration")),
}

WRAPPERS = _types("decorated_definition export_statement template_declaration ambient_declaration")
"""Nodes around a definition that belong to it."""

ATTRIBUTES = _types("attribute_item decorator signature")
"""Nodes that precede a definition as siblings and belong to it: in Haskell, its signature."""

ASSIGNMENTS = _types("lexical_declaration variable_declaration")
"""Declarations that define a function if their value is one of ``FUNCTION_VALUES``."""

FUNCTION_VALUES = _types("arrow_function function_expression function generator_function")

IMPORTS = _types(
    "import_statement import_from_statement future_import_statement import_declaration"
    " import_header import_list package_clause package_declaration package_header use_declaration"
    " extern_crate_declaration using_directive using_declaration preproc_include"
    " namespace_use_declaration import_clause module_declaration"
)

STRINGS = _types(
    "string string_literal template_string interpreted_string_literal raw_string_literal raw_string"
    " raw_str_part rune_literal char_literal character_literal char encapsed_string heredoc"
    " heredoc_body nowdoc nowdoc_string interpolated_string_expression verbatim_string_literal"
    " ansi_c_string line_string_literal multi_line_string_literal double_quote_scalar"
    " single_quote_scalar block_scalar quoted_attribute_value string_value system_lib_string regex"
    " string_double_quoted string_single_quoted string_q_quoted string_qq_quoted word_list_qw"
    " heredoc_body_statement double_quoted_string single_quoted_string quoted_string string_array"
    " symbol_array delimited_symbol sigil charlist command_literal prefixed_string_literal"
    " interpolated_string_literal quoted_word_list heredoc_content"
)
COMMENTS = _types(
    "comment comments line_comment block_comment multiline_comment html_comment doc_comment"
    " documentation_comment haddock pod_statement pod js_comment"
)

INTERPOLATIONS = _types(
    "interpolation template_substitution string_interpolation interpolated_expression"
    " command_substitution simple_expansion expansion interpolated_identifier"
)
"""Code inside a string."""

CONTAINERS = (
    *("class", "struct", "interface", "impl", "trait", "module", "namespace", "enum", "object"),
    *("protocol", "extension", "record", "mod_item", "mixin", "union"),
    "annotation_type_declaration",
)
"""Words in the node types of definitions that have members."""

BODIES = _types(
    "block function_body class_body declaration_list field_declaration_list body_statement"
    " statement_block compound_statement enum_body interface_body annotation_type_body object_type"
    " constructor_body enum_class_body protocol_body"
)
"""Nodes that are a definition's body if it has no ``body`` field."""

PROSE_AND_DATA = _types(
    "plaintext markdown quarto rmd restructuredtext latex bibtex git-commit git-rebase diff log"
    " json jsonc yaml toml xml csv ini properties dotenv ignore"
)
"""Languages that are not code: there is nothing in them to simplify or to document."""

WITHOUT_FUNCTIONS = PROSE_AND_DATA | _types("css scss less sass html sql makefile dockerfile")
"""Languages whose definitions are not functions: sections, tables, rules, elements."""

BRACES = _types(
    "c cpp objective-c csharp dart go java javascript javascriptreact kotlin php rust scala swift"
    " typescript typescriptreact"
)
"""Languages with blocks in braces and ``//`` comments."""

STUBS = {
    "python": " ...",
    "ruby": "; end",
    "lua": " end",
    "shellscript": " { :; }",
    **dict.fromkeys(BRACES, ";"),
}
"""What replaces an omitted body, by language; in other languages bodies are never omitted."""

_HASH = "python ruby shellscript r julia perl powershell elixir makefile dockerfile yaml toml"
_HASH += " cmake terraform hcl nix graphql fish gdscript nim crystal cython meson"
_DASH = "sql lua haskell elm vhdl"
_SLASHES = "zig scss less sass groovy fsharp proto typst glsl hlsl wgsl solidity verilog"
_SEMICOLON, _PERCENT = "clojure lisp scheme racket ini", "erlang latex bibtex matlab"

_MARKS = {
    **dict.fromkeys(_HASH.split(), "#"),
    **dict.fromkeys(_DASH.split(), "--"),
    **dict.fromkeys((*BRACES, *_SLASHES.split()), "//"),
    **dict.fromkeys(_SEMICOLON.split(), ";"),
    **dict.fromkeys(_PERCENT.split(), "%"),
    "fortran-modern": "!",
}


def line_comment(language: str) -> str | None:
    """What begins a line comment, if known."""
    return _MARKS.get(language)


def comment_mark(language: str) -> str:
    """What begins a line comment; ``//`` if unknown."""
    return line_comment(language) or "//"


_BLOCK_MARKS = {
    **dict.fromkeys(_types("html xml markdown mdx vue svelte astro"), ("<!--", "-->")),
    "css": ("/*", "*/"),
    "ocaml": ("(*", "*)"),
}


def as_comment(text: str, language: str) -> str:
    """A line of text as a comment; ``""`` if we do not know how to write one."""
    if mark := line_comment(language):
        return f"{mark} {text}"
    marks = _BLOCK_MARKS.get(language)
    return f"{marks[0]} {text} {marks[1]}" if marks else ""


_KIN = (
    "c cpp objective-c objective-cpp cuda cuda-cpp",
    "javascript javascriptreact typescript typescriptreact vue svelte astro",
    "java kotlin scala groovy",
    "css scss sass less",
)


def kin_of(language: str) -> str:
    """One name for all languages whose code can use each other's definitions.

    These are the language itself, C and what grew out of it, JavaScript and TypeScript, what runs
    on the JVM, and style sheets.
    """
    return _KIN_OF.get(language, language)


_KIN_OF = {language: kin.partition(" ")[0] for kin in _KIN for language in kin.split()}

_NAMES = {
    "cpp": "C++", "csharp": "C#", "css": "CSS", "html": "HTML", "javascript": "JavaScript",
    "javascriptreact": "JavaScript (JSX)", "json": "JSON", "jsonc": "JSON", "ocaml": "OCaml",
    "fortran-modern": "Fortran", "makefile": "make", "objective-c": "Objective-C", "php": "PHP",
    "plaintext": "plain text", "powershell": "PowerShell", "scss": "SCSS", "sql": "SQL",
    "bibtex": "BibTeX", "cuda-cpp": "CUDA C++", "csv": "CSV", "fsharp": "F#", "graphql": "GraphQL",
    "git-commit": "Git commit message", "git-rebase": "Git rebase message", "ini": "INI",
    "latex": "LaTeX", "matlab": "MATLAB", "objective-cpp": "Objective-C++", "rmd": "R Markdown",
    "restructuredtext": "reStructuredText", "vb": "Visual Basic", "viml": "Vim script",
    "xml": "XML", "cmake": "CMake",
    "shellscript": "shell", "toml": "TOML", "typescript": "TypeScript",
    "typescriptreact": "TypeScript (TSX)", "yaml": "YAML",
}  # fmt: skip


def language_name(language: str) -> str:
    """The usual name of a language, by its LSP id."""
    return _NAMES.get(language, language.replace("-", " ").capitalize())
