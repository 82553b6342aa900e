"""A diff of several files is explained file by file."""

from __future__ import annotations

import pytest

from herdmate.actions.changed_files import file_sections
from herdmate.actions.explain import explanation_of
from herdmate.prompting.library import load_library
from herdmate.text import Document, Selection, Span
from tests.fake_model import fake_actions

_GIT = """\
diff --git a/{0} b/{0}
index 111..222 100644
--- a/{0}
+++ b/{0}
@@ -1,2 +1,2 @@
--- what SQL says
+++ more
-old
+new {0}
"""
_NEW = _GIT.replace("--- a/{0}", "--- /dev/null")
_GONE = _GIT.replace("+++ b/{0}", "+++ /dev/null")
_MOVED = "diff --git a/old.py b/{0}\nsimilarity index 100%\nrename from old.py\nrename to {0}\n"
_PLAIN = "--- {0}\t2026-11-30\n+++ {0}\t2026-11-30\n@@ -1 +1 @@\n-old\n+new {0}\n"
_SVN = f"Index: {{0}}\n{'=' * 67}\n{_PLAIN}"
_TREE = f"diff -ru old/{{0}} new/{{0}}\n{_PLAIN}"
_LOG = "commit 0123456789\nAuthor: Someone\n\n    Change things\n\n"


def _diff(text: str, language: str = "diff") -> Selection:
    return Selection(Document("untitled:x", language, text), Span(0, len(text)))


@pytest.mark.parametrize(
    "text",
    [
        _GIT.format("a.py") + _GIT.format("b.py"), _LOG + _GIT.format("a.py") + _NEW.format("b.py"),
        _GIT.format("a.py") + _GONE.format("b.py"), _MOVED.format("a.py") + _GIT.format("b.py"),
        _PLAIN.format("a.py") + _PLAIN.format("b.py"),
        _SVN.format("a.py") + _SVN.format("b.py"), _TREE.format("a.py") + _TREE.format("b.py"),
        (_GIT.format("a.py") + _GIT.format("b.py")).replace("\n", "\r\n"),
        (_SVN.format("a.py") + _SVN.format("b.py")).replace("\n", "\r\n"),
    ],
)  # fmt: skip
def test_each_file_has_a_section(text: str) -> None:
    first, second = file_sections(_diff(text))
    assert (first.heading, second.heading) == ("### `a.py`\n\n", "\n\n### `b.py`\n\n")
    assert text.rstrip() == f"{first.code.text.rstrip()}{_break(text)}{second.code.text.rstrip()}"
    assert "b.py" not in first.code.text
    assert "a.py" not in second.code.text


def test_a_commits_message_goes_with_its_own_files() -> None:
    merge = _LOG.replace("0123456789", "1" * 40)
    mail = f"From {'2' * 40} Mon Sep 17 00:00:00 2001\nSubject: Change c\n\n---\n c.py | 2 +-\n\n"
    parts = [_LOG + _GIT.format("a.py"), merge + _LOG + _GIT.format("b.py"),
             mail + _GIT.format("c.py")]  # fmt: skip
    sections = file_sections(_diff("".join(parts)))
    assert [section.code.text for section in sections] == [part.rstrip("\n") for part in parts]
    assert [section.heading.strip() for section in sections] == [
        "### `a.py`", "### `b.py`", "### `c.py`",
    ]  # fmt: skip


def _break(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


@pytest.mark.parametrize(
    "target",
    [_diff(_GIT.format("a.py")), _diff(_PLAIN.format("a.py")), _diff(_LOG), _diff("no diff\n"),
     _diff(_GIT.format("a.py") + _GIT.format("b.py"), "markdown")],
)  # fmt: skip
def test_other_text_has_none(target: Selection) -> None:
    assert file_sections(target) == ()


def test_many_files_share_sections() -> None:
    text = "".join(_GIT.format(f"{at:03}.py") for at in range(100))
    sections = file_sections(_diff(text))
    assert len(sections) == 12
    assert sections[0].heading == "### `000.py`, `001.py`, `002.py`, `003.py` and 5 more\n\n"
    assert "\n".join(section.code.text.rstrip() for section in sections) == text.rstrip()


def test_a_name_cannot_leave_its_heading() -> None:
    text = _GIT.format("a`b.py") + _GIT.format("b.py")
    assert file_sections(_diff(text))[0].heading == "### Another file\n\n"


@pytest.mark.parametrize(
    ("quoted", "shown"),
    [
        ('"b/\\303\\274bersicht.py"', "`übersicht.py`"),
        ('"b/\\012# no"', '`"b/\\012# no"`'),
        ('"', '`"`'),
    ],
)
def test_a_name_is_shown_as_it_is(quoted: str, shown: str) -> None:
    text = _GIT.format("a.py").replace("b/a.py", quoted) + _GIT.format("b.py")
    assert file_sections(_diff(text))[0].heading == f"### {shown}\n\n"


async def test_the_model_is_asked_about_each_file_that_it_can_read() -> None:
    action = load_library()[0].get("explain_diff")
    text = _GIT.format("a.py") + _GIT.format("b.py")
    async with fake_actions({"": "It changes."}) as context:
        explanation = await explanation_of(_diff(text), action, context)
        said = "".join([part async for part in explanation.text()])
        assert said == "### `a.py`\n\nIt changes.\n\n### `b.py`\n\nIt changes."
        assert "b.py" not in str(explanation.sections[0][1].request.prompt.segments)
        assert all(f"+new {name}" in explanation.turns[0].text for name in ("a.py", "b.py"))
        large = _GIT.format("a.py") + "+line\n" * 2000 + _GIT.format("b.py")
        sections = (await explanation_of(_diff(large), action, context)).sections
        assert "### Lines" in sections[1][0]
