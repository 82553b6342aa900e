"""A child process that asks about a file on the web, or fetches it.

``python -m herdmate.models.web_file about hf OWNER/REPO FILE ANSWER`` and ``about web URL ANSWER``
write what the host says about a file to the file ANSWER, as JSON: ``size`` in bytes, ``mark`` (it
changes when the file does), ``sha256`` and ``revision`` if the host gives them.
``get URL SIZE TARGET`` fetches it, resuming where TARGET ends.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

from herdmate.child_process import end_with_parent, from_parent
from herdmate.models.http_download import CONNECT_SECONDS, download, headers_of, length_of
from herdmate.models.hugging_face import reason


def main(arguments: list[str]) -> int:
    """Run the command; if it fails, the last line on standard error says why."""
    end_with_parent(from_parent(), code=1)
    what, *rest = arguments
    try:
        if what == "get":
            url, size, target = rest
            asyncio.run(download(url, int(size), Path(target)))
        else:
            *place, target = rest
            told = _of_the_hub(*place[1:]) if place[0] == "hf" else _of_the_web(place[1])
            Path(target).write_text(json.dumps(told), encoding="utf-8")
    except Exception as error:
        sys.stderr.write(f"\n{reason(error)}\n")
        return 1
    return 0


def _of_the_hub(repository: str, file: str) -> dict[str, Any]:
    """What the hub says about a file; its etag for a large file is the SHA-256.

    No token is sent: the files are public, and the hub need not know who asks.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    url = hf_hub_url(repository, file)
    found = get_hf_file_metadata(url, token=False, timeout=CONNECT_SECONDS)
    mark = found.etag or ""
    sha256 = mark if re.fullmatch(r"[0-9a-f]{64}", mark) else ""
    revision = found.commit_hash or "main"
    return {"size": found.size, "mark": mark, "sha256": sha256, "revision": revision}


def _of_the_web(url: str) -> dict[str, Any]:
    headers = asyncio.run(headers_of(url))
    mark = headers.get("ETag") or headers.get("Last-Modified") or ""
    return {"size": length_of(headers), "mark": mark, "sha256": "", "revision": ""}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
