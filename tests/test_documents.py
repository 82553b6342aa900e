"""The pages for people: they tell the settings as they are, and their links lead somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from herdmate.settings import default_of, keys

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "extension/README.md", *sorted((ROOT / "server").glob("*.md")))

_ROW = re.compile(r"^\| `([\w.]+)` \| `(.+?)` \| .+ \|$", re.M)
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.M)


def test_the_page_of_settings_has_each_with_its_default() -> None:
    told = dict(_ROW.findall((ROOT / "server/SETTINGS.md").read_text("utf-8")))
    assert told == {key: json.dumps(default_of(key)) for key in keys()}


def test_readme_tells_of_settings_what_their_page_tells() -> None:
    rows = set((ROOT / "server/SETTINGS.md").read_text("utf-8").splitlines())
    told = [row for row in (ROOT / "README.md").read_text("utf-8").splitlines() if _ROW.match(row)]
    assert told
    assert rows.issuperset(told)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, heading in _LINK.findall(page.read_text("utf-8")):
        if target.startswith(("https://", "http://")):
            continue
        there = page.parent / target if target else page
        assert there.exists(), target
        assert not heading or heading in map(_anchor, _HEADING.findall(there.read_text("utf-8")))


def _anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
