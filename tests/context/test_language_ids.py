import pytest

from herdmate.completion.trigger import is_switched_off
from herdmate.context.language_ids import language_id, names_language
from herdmate.context.languages import LANGUAGES
from herdmate.text import Document


@pytest.mark.parametrize(
    ("said", "language"),
    [
        *[("sh", "shellscript"), ("bash", "shellscript"), ("zsh", "shellscript")],
        *[("cs", "csharp"), ("c++", "cpp"), ("js", "javascript"), ("jsx", "javascriptreact")],
        *[("javascript.jsx", "javascriptreact"), ("typescript.tsx", "typescriptreact")],
        *[("python.django", "python"), ("yml", "yaml"), ("make", "makefile"), ("viml", "viml")],
        *[("vim", "viml"), ("objc", "objective-c"), ("Shell Script", "shellscript")],
        *[("typescript-ts-mode", "typescript"), ("c-sharp", "csharp"), ("JAVA", "java")],
        *[("yaml.docker-compose", "yaml"), ("eruby.html", "html"), ("makefile-gmake", "makefile")],
        *[("C++", "cpp"), ("golang", "go"), ("rmarkdown", "rmd"), ("source.python", "python")],
        *[("gitcommit", "git-commit"), ("text", "plaintext"), ("", "plaintext")],
        *[("LESS", "less"), ("CMake", "cmake"), ("cmake-mode", "cmake"), ("AsciiDoc", "asciidoc")],
        *[("js2-jsx-mode", "javascriptreact"), ("Ruby on Rails", "ruby"), ("heex", "html")],
        *[("astro-ts-mode", "astro"), ("conf-toml-mode", "toml"), ("GNU Make", "makefile")],
        *[("objcpp", "objective-cpp"), ("dosbatch", "bat"), ("yaml.helm-values", "yaml")],
        *[("brainfuck", "brainfuck"), ("x.y.z", "x.y.z"), ("x" * 5000, "x" * 5000)],
    ],
)
def test_a_language_has_one_name(said: str, language: str) -> None:
    assert language_id(said, "file:///a/b") == language


@pytest.mark.parametrize(
    ("said", "uri", "language"),
    [
        ("", "file:///a.rs", "rust"),
        ("plaintext", "file:///a.kt", "kotlin"),
        ("web", "file:///a.php", "php"),
        ("nonsense", "untitled:a.lua", "lua"),
        ("typescript", "file:///a.tsx", "typescriptreact"),
        ("", "file:///Makefile", "makefile"),
        *[
            ("", f"file:///w/{name}", "dockerfile")
            for name in ("Dockerfile.dev", "Dockerfile-prod")
        ],
        *[
            ("conf", f"file:///w/{name}", "shellscript")
            for name in (".bashrc", ".zshenv", "PKGBUILD")
        ],
        *[("", f"file:///w/{name}", "ruby") for name in ("Podfile", "Vagrantfile", "a.gemspec")],
        *[("", f"file:///w/{name}", "groovy") for name in ("Jenkinsfile", "Jenkinsfile.release")],
        *[("plaintext", f"file:///w/{name}", "cmake") for name in ("CMakeLists.txt", "A.CMAKE")],
        *[
            ("", f"file:///w/{name}", "python")
            for name in ("BUILD.bazel", "rules.bzl", "SConstruct")
        ],
        *[("", "file:///w/a.mdx", "mdx"), ("", "file:///w/a.Rmd", "rmd"), ("", "a.qmd", "quarto")],
        *[("", "file:///w/pom.xml", "xml"), ("", "a.tex", "latex"), ("", "tsconfig.json", "jsonc")],
        *[("", "file:///w/Makefile.am", "makefile"), ("", "a.mm", "objective-cpp")],
        # what an editor knows better stays, and so does what no name tells
        *[("jsonc", "file:///w/a.json", "jsonc"), ("perl", "file:///w/a.ini", "perl")],
        *[("", "file:///w/notes.txt", "plaintext"), ("", "file:///w/Dockerfiles", "plaintext")],
        *[("", "file:///w/.env", "plaintext"), ("", "file:///w/a.json", "json")],
        ("cpp", "file:///a.h", "cpp"),
        ("python", "file:///a.txt", "python"),
        ("nonsense", "%%%", "nonsense"),
    ],
)
def test_the_name_of_the_file_tells_what_the_editor_does_not(
    said: str, uri: str, language: str
) -> None:
    assert language_id(said, uri) == language


def test_every_language_keeps_its_id() -> None:
    assert [language_id(name) for name in LANGUAGES] == list(LANGUAGES)


@pytest.mark.parametrize(
    ("entry", "is_off"),
    [
        ("cs", True),
        ("csharp", True),
        ("*.py", False),
        ("b.cs", False),
        ("a.cs", True),
        ("c", False),
    ],
)
def test_ghost_text_is_switched_off_by_any_name_of_a_language(entry: str, is_off: bool) -> None:
    assert is_switched_off(Document("file:///a.cs", "csharp", "", said="cs"), (entry,)) is is_off


def test_a_language_that_only_the_file_name_tells_is_off_by_the_editors_name_for_it_too() -> None:
    document = Document("file:///a.kt", "kotlin", "", said="plaintext")
    assert is_switched_off(document, ("plaintext",))
    assert is_switched_off(document, ("kotlin",))


def test_a_file_name_is_no_name_of_a_language() -> None:
    assert not names_language("test.py", "python")
