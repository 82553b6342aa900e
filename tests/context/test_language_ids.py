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
