"""What the model never sees, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from herdmate.assist.withheld import reason_to_withhold, reason_to_withhold_file
from herdmate.text import Document


@pytest.mark.parametrize(
    "uri",
    ["file:///project/.env", "untitled:.env.local", "file:///project/%2Eenv",
     "git:/project/.env?%7B%7D",
     "vscode-notebook-cell:/project/.env#W0s", "file:///a?b/.env", "file:///c#/server.key"],
)  # fmt: skip
def test_the_name_in_a_uri_tells(uri: str) -> None:
    assert "secrets" in str(reason_to_withhold(Document(uri, "plaintext", ""), {}))


def test_a_reason_that_is_known_is_given() -> None:
    document = Document("file:///project/a.py", "python", "")
    assert reason_to_withhold(document, {}) is None
    assert reason_to_withhold(document, {document.uri: "so it is"}) == "so it is"


def test_a_link_is_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("private/\n", "utf-8")
    for name in ("private/a.py", ".env", "b.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", "utf-8")
    for name, target in {
        "c.py": "private/a.py",
        "d.py": ".env",
        "e": "private",
        "f": "b.py",
    }.items():
        (tmp_path / name).symlink_to(tmp_path / target)
    why = {name: reason_to_withhold_file(tmp_path / name, ()) for name in ("c.py", "d.py", "f")}
    assert "git ignores" in str(why["c.py"])
    assert "secrets" in str(why["d.py"])
    assert why["f"] is None
    assert "git ignores" in str(reason_to_withhold_file(tmp_path / "e" / "a.py", (tmp_path,)))


def test_rules_that_cannot_be_read_withhold_and_say_which_they_are(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("a" * 300_000, "utf-8")
    reason = str(reason_to_withhold_file(tmp_path / "a.py", (tmp_path,)))
    assert f"the rules in {tmp_path / '.gitignore'} cannot be read" in reason
    (tmp_path / ".gitignore").write_text("a.py\n", "utf-8")
    reason = str(reason_to_withhold_file(tmp_path / "a.py", (tmp_path,)))
    assert "git ignores this file" in reason
    (tmp_path / ".gitignore").unlink()
    assert reason_to_withhold_file(tmp_path / "a.py", (tmp_path,)) is None
