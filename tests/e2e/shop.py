"""The small file that most tests of the protocol open, and what the fake model says to it."""

from __future__ import annotations

URI = "file:///project/shop.py"
CODE = 'def total(items):\n    """Sum."""\n    \n\n\ndef other():\n    return 1\n'
HOLE = (2, 4)
GHOST = {"fim_middle": "return sum(items)"}

A_QUESTION = ["thinking", "ready"]  # the states of one request to the model


def code_reply(code: str) -> dict[str, str]:
    """The fake model's answer to whatever it is asked: this code, fenced."""
    return {"": f"```python\n{code}\n```\n"}
