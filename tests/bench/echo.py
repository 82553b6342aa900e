"""A child process for tests: says what it is told to, beside what it prints."""

from __future__ import annotations

import os
from typing import Any

from herdmate.bench.child import Answerer, serve


def _start(_first: dict[str, Any]) -> Answerer:
    def answer(question: dict[str, Any]) -> dict[str, Any]:
        if "end" in question:
            os._exit(question["end"])
        os.write(1, b"native code prints this\n")
        return {"said": question["say"]}

    return answer


if __name__ == "__main__":
    serve(_start)
