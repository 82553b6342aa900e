import pytest

from herdmate.context.open_strings import string_closers


@pytest.mark.parametrize(
    ("language", "line", "closers"),
    [
        ("ruby", 'puts "a', ('"', "")),
        ("ruby", 'puts("a #{b["c"]', ('}"', ")")),
        ("ruby", 'puts "a #{b["c', ('"]}"', "")),
        ("ruby", 'puts "a"', ("", "")),
        ("python", "f(g(f'{a", ("}'", "))")),
        ("python", "x = 'it\\'s", ("'", "")),
        ("python", 'x = "{a', ('"', "")),
        ("python", 'f"{{a', ('"', "")),
        ("python", 'x = 1  # "a', ("", "")),
        ("javascript", "`a ${b(`c", ("`)}`", "")),
        ("rust", "fn f<'a>(x: &'a", ("", "")),
        ("swift", 'print("\\(a', (')"', ")")),
        ("csharp", 'F($"{a', ('}"', ")")),
        ("markdown", "it's", ("", "")),
        ("c", "x = '\"'; y = \"", ('"', "")),
    ],
)
def test_what_closes_the_strings_of_a_line(
    language: str, line: str, closers: tuple[str, str]
) -> None:
    assert string_closers(line, language) == closers
