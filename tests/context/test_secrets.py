"""Keys, tokens and passwords in text that goes into a prompt."""

from __future__ import annotations

import pytest

from herdmate.context.secrets import redacted


def test_a_private_key_in_any_file_becomes_stars_of_the_same_length() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc=\n-----END RSA PRIVATE KEY-----"
    text = f'KEY = """{key}"""\nx = 1\n'
    hidden = redacted(text)
    assert len(hidden) == len(text)
    assert "MIIEow" not in hidden
    assert "abc" not in hidden
    assert hidden.count("\n") == text.count("\n")
    assert hidden.endswith('-----END RSA PRIVATE KEY-----"""\nx = 1\n')
    cut = "-----BEGIN PRIVATE KEY-----\nMIIEow"
    assert "MIIEow" not in redacted(cut)
    assert redacted("no key\n") == "no key\n"


@pytest.mark.parametrize(
    "key",
    [
        "\nMIIEow\nabc=\n",
        "\r\nMIIEow\r\nabc=\r\n",
        "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,MIIEow\n\nMIIEow\n",
        "\\nMIIEow\\nabc=\\n\n",
        '\\n" +\n  "MIIEow\\n" +\n  "abc=",\n',
        "\n#  MIIEow\n#  abc=\n",
        "\n    MIIEow\n    abc=\n",
        "')\nlines.push('" + "MIIEow" * 10 + "')\n",
        "MIIEow",
    ],
)
@pytest.mark.parametrize(
    "begin",
    [
        "-----BEGIN PRIVATE KEY-----",
        "---- BEGIN SSH2 PRIVATE KEY ----",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----",
    ],
)
def test_a_private_key_without_an_end_becomes_stars_and_what_follows_stays(
    key: str, begin: str
) -> None:
    text = f"x = '{begin}{key}\ndef total(items):\n    return sum(items)\n"
    hidden = redacted(text)
    assert begin in hidden
    assert "MIIEow" not in hidden
    assert "abc=" not in hidden
    assert len(hidden) == len(text)
    assert hidden.count("\n") == text.count("\n")
    if key != "MIIEow":
        assert hidden.endswith("def total(items):\n    return sum(items)\n")


def test_code_that_looks_for_a_private_key_stays() -> None:
    begin, end = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"
    code = f'HEADER = "{begin}"\n\n\ndef is_key(text):\n    return HEADER in text\n'
    assert redacted(code) == code
    whole = f"{begin}\nMIIEow\n{end}\n"
    hidden = redacted(code + whole + code)
    assert hidden.startswith(code)
    assert hidden.endswith(code)
    assert "MIIEow" not in hidden
