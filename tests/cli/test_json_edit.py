"""Settings added to JSON with comments: what else is in the file stays as it is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from herdmate.cli.json_edit import JsonError, parsed, with_settings

WANTED = {"a": {"b": [1]}, "c": True}


def _merged(text: str, wanted: dict[str, Any], listed: str = "") -> str:
    return with_settings(text, wanted, lambda value: "ours" in str(value), listed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", '{"a": { "b": [1] }, "c": true}'),
        ("{\n}", '{\n  "a": {\n    "b": [1]\n  },\n  "c": true\n}'),
        ("{\n}\n", '{"a": { "b": [1] },\n  "c": true\n}\n'),
        ('{"x": 1}', '{"x": 1, "a": { "b": [1] }, "c": true}'),
        (
            '{\n    // mine\n    "x": 1, // last\n    /* end */\n}\n',
            '{\n    // mine\n    "x": 1, // last\n    "a": {\n        "b": [1]\n    },\n'
            '    "c": true,\n    /* end */\n}\n',
        ),
        (
            '{\n\t"x": 1 // last\n}',
            '{\n\t"x": 1, // last\n\t"a": {\n\t\t"b": [1]\n\t},\n\t"c": true\n}',
        ),
        (
            '{\r\n  "a": {\r\n    "z": 0,\r\n  },\r\n  "c": true\r\n}\r\n',
            '{\r\n  "a": {\r\n    "z": 0,\r\n    "b": [1],\r\n  },\r\n  "c": true\r\n}\r\n',
        ),
        ('{"a": {}, "c": true}', '{"a": {"b": [1]}, "c": true}'),
        ('{"a": {"b": ["ours"]}, "c": "ours"}', '{"a": {"b": [1]}, "c": true}'),
        ('\ufeff// only\n{ /* in */ "c": true, "a": {"b": [1]} }', None),
        ('{"a": {"b": [1]}, "c": true} // end', None),
    ],
)
def test_what_is_added(text: str, expected: str | None) -> None:
    after = _merged(text, WANTED)
    assert after == (text if expected is None else expected)
    assert parsed(after).plain == {**parsed(text).plain, **_deep(parsed(text).plain, WANTED)}
    assert _merged(after, WANTED) == after


def _deep(group: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    found = dict(group)
    for key, value in wanted.items():
        inner = found.get(key)
        found[key] = _deep(inner, value) if isinstance(inner, dict) and value != inner else value
    return found


def test_lists_of_servers_keep_what_is_in_them() -> None:
    wanted = {"servers": ["one", "ours", "..."]}
    for text, expected in (
        ('{"servers": ["mine"]}', '{"servers": ["mine", "ours" /* herdmate setup */]}'),
        ('{"servers": []}', '{"servers": ["ours" /* herdmate setup */]}'),
        (
            '{"servers": [\n  "mine", // yes\n]}',
            '{"servers": [\n  "mine", // yes\n  "ours" /* herdmate setup */,\n]}',
        ),
        ('{"servers": ["ours", "mine"]}', '{"servers": ["ours", "mine"]}'),
    ):
        assert _merged(text, wanted, "ours") == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"c": false}', "it sets c already"), ('{"a": {"b": [2]}}', "it sets a.b already"),
        ('{"a": 1}', "a is no group of settings"), ("[]", "the whole is no group"),
        ('{"x": 1', "line 1 is not JSON"), ('{\n  "x" 1}', "line 2 is not JSON"),
        ('{"x": 1} 2', "line 1 is beyond its end"), ("", "line 1 is not JSON"),
        ('{"x": "a\nb"}', "line 1 is not JSON"), ('{"x": tru}', "line 1 is not JSON"),
        ('{\n  "\\q": 1}', "line 2 is not JSON"),
        ('{"x": /* 1}', "line 1 is not JSON"), ("[" * 100_000, "nested too deeply"),
        ("/* " * 30_000, "not JSON"), ('{"x": "' + "\\" * 60_001, "not JSON"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, told: str) -> None:
    with pytest.raises(JsonError, match=told):
        _merged(text, WANTED)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
GROUPS = st.dictionaries(st.text(max_size=3), VALUES, max_size=4)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(GROUPS, GROUPS, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_any_json_is_read_and_merged(
    present: dict[str, Any], wanted: dict[str, Any], indent: Any, escapes: bool
) -> None:
    text = json.dumps(present, indent=indent, ensure_ascii=escapes)
    assert parsed(text).plain == present
    if not _can_merge(present, wanted):
        with pytest.raises(JsonError, match="is no group"):
            with_settings(text, wanted, lambda _: True)
        return
    assert json.loads(with_settings(text, wanted, lambda _: True)) == _expected(present, wanted)


def _expected(present: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Groups are merged; one without settings is not asked for."""
    found = dict(present)
    for key, value in wanted.items():
        if not isinstance(value, dict):
            found[key] = value
        elif _has_settings(value):
            found[key] = _expected(found.get(key, {}), value)
    return found


def _can_merge(present: Any, wanted: dict[str, Any]) -> bool:
    """Is each group that gets settings a group already, if there is anything?"""
    return isinstance(present, dict) and all(
        _can_merge(present.get(key, {}), value)
        for key, value in wanted.items() if isinstance(value, dict) and _has_settings(value)
    )  # fmt: skip


def _has_settings(group: dict[str, Any]) -> bool:
    return any(not isinstance(item, dict) or _has_settings(item) for item in group.values())
