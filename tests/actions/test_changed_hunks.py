"""A diff of several hunks is explained hunk by hunk where the model is small."""

from __future__ import annotations

from dataclasses import replace

import pytest

from herdmate.actions.changed_files import file_sections
from herdmate.actions.changed_hunks import by_hunk
from herdmate.actions.explain import explanation_of
from herdmate.actions.long_code import Section
from herdmate.prompting.library import load_library
from herdmate.text import Document, Selection, Span
from tests.fake_model import fake_actions

_HEAD = "diff --git a/{0} b/{0}\nindex 111..222 100644\n"
_NAMES = "--- a/{0}\n+++ b/{0}\n"
_FIRST = "@@ -2,3 +2,3 @@ class Cart:\n     def total(self):\n-        old\n+        new\n"
_SECOND = """\
@@ -29,4 +29,5 @@ def discount(total):

 def shipping(total):
-    old
+    new
+    more
"""
_RIGHT = _SECOND.replace("@@ def discount", "@@ def shipping")
_FILE = _HEAD + _NAMES + _FIRST + _SECOND


def _sections(text: str, language: str = "diff") -> tuple[Section, ...]:
    target = Selection(Document("untitled:x", language, text), Span(0, len(text)))
    return by_hunk(file_sections(target), target)


def test_each_hunk_of_a_file_has_a_section() -> None:
    first, second = _sections(_FILE.format("a.py"))
    assert (first.heading, second.heading) == (
        "### Lines 2 to 4\n\n", "\n\n### Lines 29 to 33\n\n",
    )  # fmt: skip
    assert first.code.text == (_HEAD + _NAMES + _FIRST).format("a.py").rstrip("\n")
    assert second.code.text == (_NAMES + _RIGHT).format("a.py").rstrip("\n")


def test_the_hunks_of_several_files_stand_below_their_names() -> None:
    one = (_HEAD + _NAMES + "@@ -1 +1 @@\n-old\n+new\n").format("b.py")
    found = [item.heading for item in _sections(_FILE.format("a.py") + one + _FILE.format("c.py"))]
    assert found == [
        "### `a.py`\n\n#### Lines 2 to 4\n\n", "\n\n#### Lines 29 to 33\n\n", "\n\n### `b.py`\n\n",
        "\n\n### `c.py`\n\n#### Lines 2 to 4\n\n", "\n\n#### Lines 29 to 33\n\n",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (_HEAD + _NAMES + _FIRST, "diff"), (_FILE, "markdown"), ("no diff\n", "diff"),
        (_HEAD + _NAMES + _FIRST * 13, "diff"), (_FILE.replace("@@", "@@@"), "diff"),
    ],
)  # fmt: skip
def test_one_hunk_too_many_or_none_are_explained_together(text: str, language: str) -> None:
    assert _sections(text.format("a.py"), language) == ()


def test_files_come_before_hunks_where_there_is_room_for_few() -> None:
    many = "".join(_FILE.format(f"{at}.py") for at in range(11))
    found = _sections(many)
    assert len(found) == 12
    assert ["####" in section.heading for section in found] == [True, True] + [False] * 10


@pytest.mark.parametrize(("parameters", "parts"), [(500_000_000, 2), (7_000_000_000, 1), (0, 1)])
async def test_a_small_model_is_asked_about_each_hunk(parameters: int, parts: int) -> None:
    action, text = load_library()[0].get("explain_diff"), _FILE.format("a.py")
    target = Selection(Document("untitled:x", "diff", text), Span(0, len(text)))
    async with fake_actions({"": "It changes."}) as context:
        info = replace(await context.host.ready(), parameters=parameters)

        async def ready() -> object:
            return info

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(context.host), "ready", lambda _: ready())
            explanation = await explanation_of(target, action, context)
        assert len(explanation.sections) == parts
        assert "@@ -2,3 +2,3 @@" in explanation.turns[0].text
        assert "@@ -29,4 +29,5 @@" in explanation.turns[0].text  # a further question is about all
