"""A child process that fetches one file: ``python -m herdmate.models.hugging_face``.

Arguments: repository, revision, file, size in bytes, and the file to write, which is resumed where
it ends. The last line on standard error says why it failed. It ends when its parent does, because
its standard input is then closed.

``hf_hub_download`` is not used: newer versions (such as 2.4) start over each time and leave the
partial file behind, and all of them follow any redirect.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from herdmate.child_process import end_with_parent, from_parent
from herdmate.models.http_download import DownloadError, download

_LONGEST_REASON = 300


def main(arguments: list[str]) -> int:
    """Fetch the file; the exit code is 0 if it is complete."""
    end_with_parent(from_parent(), code=1)
    repository, revision, file, size, target = arguments
    try:
        asyncio.run(download(_url(repository, revision, file), int(size), Path(target)))
    except Exception as error:
        sys.stderr.write(f"\n{reason(error)}\n")
        return 1
    return 0


def reason(error: Exception) -> str:
    """Our own message, or else that of the innermost cause, usually the network's; one line."""
    cause: BaseException = error
    while not isinstance(cause, DownloadError) and (inner := _inner(cause)) is not None:
        cause = inner
    lines = str(cause).strip().splitlines()
    return lines[0][:_LONGEST_REASON] if lines else type(cause).__name__


def _inner(error: BaseException) -> BaseException | None:
    """What led to an error; of several at once, the first."""
    if grouped := getattr(error, "exceptions", ()):
        first: BaseException = grouped[0]
        return first
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _url(repository: str, revision: str, file: str) -> str:
    from huggingface_hub import hf_hub_url

    return hf_hub_url(repository, file, revision=revision)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
