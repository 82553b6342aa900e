"""A child process that asks for a file of the web, or fetches it.

``python -m herdmate.models.web_file about hf OWNER/REPO FILE ANSWER`` and ``about web URL ANSWER``
write to the file ANSWER, as JSON, what the host says of a file: ``size`` in bytes, ``mark`` (it
changes when the file does), ``sha256`` and ``revision`` where the host tells them.
``get URL SIZE TARGET`` fetches it and goes on where TARGET ends.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from herdmate.child_process import end_with_parent, from_parent
from herdmate.models.given import is_allowed
from herdmate.models.hugging_face import ANSWER_SECONDS, HEADERS, get, reason

_MOST_HOPS = 8


def main(arguments: list[str]) -> int:
    """Do it; the reason why it failed is the last line on standard error."""
    end_with_parent(from_parent(), code=1)
    os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", "10")  # read when the library is imported
    what, *rest = arguments
    try:
        if what == "get":
            url, size, target = rest
            get(_at_the_end(url)[0], int(size), Path(target))
        else:
            *place, target = rest
            told = _of_the_hub(*place[1:]) if place[0] == "hf" else _of_the_web(place[1])
            Path(target).write_text(json.dumps(told), encoding="utf-8")
    except Exception as error:
        sys.stderr.write(f"\n{reason(error)}\n")
        return 1
    return 0


def _of_the_hub(repository: str, file: str) -> dict[str, Any]:
    """The hub's etag of a large file is its SHA-256."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    url = hf_hub_url(repository, file)
    found = get_hf_file_metadata(url, token=False, timeout=ANSWER_SECONDS)
    mark = found.etag or ""
    sha256 = mark if re.fullmatch(r"[0-9a-f]{64}", mark) else ""
    revision = found.commit_hash or "main"
    return {"size": found.size, "mark": mark, "sha256": sha256, "revision": revision}


def _of_the_web(url: str) -> dict[str, Any]:
    _, headers = _at_the_end(url)
    size = int(headers.get("Content-Length") or 0)
    mark = headers.get("ETag") or headers.get("Last-Modified") or ""
    return {"size": size, "mark": mark, "sha256": "", "revision": ""}


def _at_the_end(url: str) -> tuple[str, Mapping[str, str]]:
    """Where an address leads and what is said there; nobody is asked on a way that is not safe."""
    from huggingface_hub import get_session

    session = get_session()
    # The two libraries that huggingface_hub has used call it differently.
    is_httpx = type(session).__module__.startswith("httpx")
    stay: dict[str, Any] = {"follow_redirects" if is_httpx else "allow_redirects": False}
    for _ in range(_MOST_HOPS):
        if not is_allowed(url):
            raise ValueError("the host sends on to an address that is not https://")
        answer = session.head(url, headers=HEADERS, timeout=ANSWER_SECONDS, **stay)
        if 300 <= answer.status_code < 400 and (to := answer.headers.get("Location")):
            url = urljoin(url, to)
            continue
        answer.raise_for_status()
        return url, answer.headers
    raise ValueError("the host sends on without end")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
