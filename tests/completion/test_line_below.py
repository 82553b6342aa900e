"""The line below a finished one is begun before the user opens it."""

from __future__ import annotations

from contextlib import nullcontext

from herdmate.completion.complete import complete
from herdmate.completion.line_below import begin_below, line_below
from herdmate.settings import CompletionSettings
from herdmate.text import Cursor, Document
from tests.fake_model import fake_completion

SETTINGS = CompletionSettings(delay=0, time_box=0)  # a busy machine shows no first line alone
REPLIES = {"a();\n  <|fim_suffix|>": "b();\n  c();", "": "wrong"}


def _cursor(drawn: str) -> Cursor:
    return Cursor(Document("a", "javascript", drawn.replace("│", "")), drawn.index("│"))


async def test_the_request_after_return_follows_what_was_begun_before() -> None:
    ended, below = (
        _cursor("function f() {\n  a();│\n}\n"),
        _cursor("function f() {\n  a();\n  │\n}\n"),
    )
    async with fake_completion(REPLIES, seconds=0.01) as model:
        await begin_below(ended, model, SETTINGS, nullcontext)
        found = await complete(below, model, SETTINGS, invoked=False)
        assert isinstance(found, tuple)
        assert found[0].text == "b();\n  c();"
        await begin_below(ended, model, SETTINGS, nullcontext)  # the answer is known
        assert (await model.host.totals()).requests == 1


async def test_nothing_is_begun_where_the_statement_goes_on() -> None:
    async with fake_completion(REPLIES) as model:
        for drawn in ("a(│);\n", "for (let i = 0;│\n", "a()│\n", "a();│ b();\n"):
            await begin_below(_cursor(drawn), model, SETTINGS, nullcontext)
        assert not model.in_flight
        assert (await model.host.totals()).requests == 0


def test_the_line_below_has_the_same_indent_and_line_end() -> None:
    found = line_below(_cursor("f() {\r\n\ta();│\r\n}\r\n"))
    assert found.document.text == "f() {\r\n\ta();\r\n\t\r\n}\r\n"
    assert found.line_prefix == "\t"
