"""Secrets in successive versions of a text, of which only the changes are searched."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from herdmate.redaction import redact
from herdmate.redaction.places import Place
from herdmate.redaction.redact import Redactions, redacted
from tests.context.tokens import tokens

BEGIN, END = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"
MANIFEST = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n"
ENTRIES = "".join(f"  SETTING_{at}: {'pelican mill river ' * 12}\n" for at in range(55))
LONG = {
    "a manifest": MANIFEST + ENTRIES,
    "a manifest in JSON": '{"kind": "Secret", "data": {"a": "' + "b2F1dGgK" * 150 + '"}}\n',
    "a key": f"{BEGIN}\n" + "MIIEow0c4f\n" * 900 + f"{END}\n",
    "a string": 'password = "' + "Ab3" * 4000 + '"\n',
    "strings": "password = (\n" + "".join(f'    "{"Ab3" * 250}"\n' for _ in range(15)) + ")\n",
    "strings on a long line": "x = 1; " * 4000 + "password = " + '"Ab3Ab3" + ' * 400 + "\n",
    "a word": "password=" + "Ab3x" * 9000 + "\n",
    "a header": "Authorization: Bearer " + "Ab3" * 1300 + "\n",
    "a block": "password: |\n" + "  Ab3-x9K2\n" * 60,
}
"""Secrets that depend on text far away."""

PLAIN = "".join(f"value_{at} = compute({at})\n" for at in range(500))


@pytest.mark.parametrize("seed", range(2 if not os.environ.get("HERDMATE_LONG") else 200))
def test_what_is_looked_at_again_after_an_edit_is_as_if_all_were(seed: int) -> None:
    chance = random.Random(seed)
    lines = PLAIN.splitlines(keepends=True)[:400]
    for token, _ in tokens(seed).values():
        lines.insert(chance.randrange(len(lines)), f"x = '{token}'\n")
    lines.insert(200, f"{BEGIN}\n" + "MIIEow0c4f\n" * 30 + f"{END}\n")
    known, text = Redactions(), "".join(lines)
    for _ in range(14):
        assert known.of("a", text) == redacted(text)
        start = chance.randrange(len(text))
        end = min(start + chance.choice([0, 0, 1, 5, 300]), len(text))
        token = chance.choice(list(tokens(seed).values()))[0]
        new = chance.choice(["", "a", "\n", '"', "password = ", token, BEGIN, MANIFEST, "x" * 5000])
        text = text[:start] + new + text[end:]


@pytest.mark.parametrize("name", LONG)
def test_a_secret_that_reaches_far_stays_hidden_wherever_the_text_is_edited(name: str) -> None:
    """Values of a manifest were shown once a line thousands of characters below was edited."""
    chance = random.Random(name)
    text = PLAIN + LONG[name] + PLAIN
    known = Redactions()
    known.of("a", text)
    low, high = len(PLAIN), len(text) - len(PLAIN)
    for _ in range(4 if not os.environ.get("HERDMATE_LONG") else 100):
        at = chance.randrange(low - 9000, high + 9000)
        for edited in (text[:at] + "a" + text[at:], text[: at - 1] + text[at:], text):
            assert known.of("a", edited) == redacted(edited)


@pytest.mark.parametrize("name", LONG)
def test_a_secret_that_reaches_far_is_hidden_once_its_last_character_is_typed(name: str) -> None:
    """A string of 12,000 characters was shown if its quote was typed last."""
    secret = LONG[name]
    for at in (0, len(secret) - 2):
        known = Redactions()
        known.of("a", PLAIN + secret[:at] + secret[at + 1 :] + PLAIN)
        assert known.of("a", PLAIN + secret + PLAIN) == redacted(PLAIN + secret + PLAIN)


@pytest.mark.parametrize("name", tokens())
def test_a_token_typed_into_a_file_is_hidden(name: str) -> None:
    token, secret = tokens()[name]
    before, after = PLAIN[:6000] + f"\n{token[:-4]}", f"\n{PLAIN[:6000]}"
    known = Redactions()
    known.of("a", before + after)
    hidden = known.of("a", before + token[-4:] + after)
    assert secret not in hidden
    assert len(hidden) == len(before + token[-4:] + after)


def test_a_key_in_a_line_of_300_000_characters_has_little_of_it_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twenty-four lines around a change were searched, though there was but one."""
    text, known, searched = "var a=f(b){return b+1};" * 13_000, Redactions(), list[int]()
    known.of("a", text)

    def counted(text: str) -> Iterator[Place]:
        searched.append(len(text))
        yield from ()

    monkeypatch.setattr(redact, "hidden_in", counted)
    for at in (10, len(text) // 2, len(text) - 10):
        known.of("a", text[:at] + "x" + text[at:])
        known.of("a", text)
    assert len(searched) == 6
    assert max(searched) < 100_000


def test_a_text_that_is_forgotten_is_not_kept() -> None:
    known = Redactions()
    known.of("a", "password = 'Tr0ub4dor&3'\n")
    known.of("b", "x = 1\n")
    known.forget("a")
    known.forget("a")
    assert list(known._known) == ["b"]


def test_a_text_that_is_forgotten_while_it_is_searched_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known, searched, forgotten = Redactions(), threading.Event(), threading.Event()

    def slow(text: str) -> Iterator[Place]:
        searched.set()
        assert forgotten.wait(60)
        yield from ()

    monkeypatch.setattr(redact, "hidden_in", slow)
    with ThreadPoolExecutor(1) as pool:
        search = pool.submit(known.of, "a", "x = 1\n")
        assert searched.wait(60)
        known.forget("a")
        forgotten.set()
        assert search.result(60) == "x = 1\n"
    assert not known._known


def test_a_key_in_a_file_of_20_000_lines_costs_little_once_it_was_read() -> None:
    text = "".join(f"def function_{at}(argument): return argument + {at}\n" for at in range(20_000))
    text += 'TOKEN = "' + tokens()["GitHub"][0] + '"\n'
    known = Redactions()
    begun = time.process_time()
    known.of("a", text)
    first = time.process_time() - begun
    begun = time.process_time()
    for _ in range(10):
        text = text[:500_000] + "x" + text[500_000:]
        hidden = known.of("a", text)
    assert time.process_time() - begun < max(first * 5, 0.5)
    assert tokens()["GitHub"][1] not in hidden
