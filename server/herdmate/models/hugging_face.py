"""A child process that fetches one file: ``python -m herdmate.models.hugging_face``.

Arguments: repository, revision, file, size in bytes, and the file to write, which is gone on with
where it ends. It says in the last line on standard error why it failed, and ends when its parent
does: its standard input is then closed.

``hf_hub_download`` would do, but newer versions of it (2.4 for one) start anew each time and leave
behind what they had; the ``http_get`` beneath it goes on, in 0.30 as in 2.4.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from pathlib import Path

from herdmate.child_process import end_with_parent, from_parent

ANSWER_SECONDS = 10.0
# No token goes along: the files are public, and nobody has to know who asks. An answer must not be
# compressed, so that an offset in it is one in the file.
HEADERS = {"Accept-Encoding": "identity"}
_CHUNK = 1 << 20  # what a kill loses at most; the library's own 10 MB are minutes on a slow line


def main(arguments: list[str]) -> int:
    """Fetch; the exit code is 0 when the file is whole."""
    end_with_parent(from_parent(), code=1)
    os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", "10")  # read when the library is imported
    repository, revision, file, size, target = arguments
    try:
        _fetch(repository, revision, file, int(size), Path(target))
    except Exception as error:
        sys.stderr.write(f"\n{reason(error)}\n")
        return 1
    return 0


def _fetch(repository: str, revision: str, file: str, size: int, target: Path) -> None:
    from huggingface_hub import hf_hub_url

    get(hf_hub_url(repository, file, revision=revision), size, target)


def get(url: str, size: int, target: Path) -> None:
    """Fetch a file of so many bytes, and go on where ``target`` ends."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import http_get

    constants.DOWNLOAD_CHUNK_SIZE = _CHUNK
    _knock(url)
    with target.open("ab") as part:
        if part.tell() > size:
            part.truncate(0)
            part.seek(0)
        http_get(url, part, resume_size=part.tell(), headers=HEADERS, expected_size=size)


def _knock(url: str) -> None:
    """Fail soon where nobody answers, or refuses: the library would try for minutes."""
    answers: queue.Queue[Exception | None] = queue.Queue()
    threading.Thread(target=lambda: answers.put(_head(url)), daemon=True).start()
    try:
        error = answers.get(timeout=ANSWER_SECONDS)
    except queue.Empty:
        raise TimeoutError(f"no answer within {ANSWER_SECONDS:.0f} seconds") from None
    if error is not None:
        raise error


def _head(url: str) -> Exception | None:
    """Ask for the file's headers, once. Answers the error, since it runs in a thread."""
    from huggingface_hub import get_session

    try:
        answer = get_session().head(url, headers=HEADERS, timeout=ANSWER_SECONDS)
        answer.raise_for_status()
    except Exception as error:
        return error
    return None


def reason(error: Exception) -> str:
    """The innermost cause, which is the network's own word."""
    cause: BaseException = error
    while inner := cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__):
        cause = inner
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
