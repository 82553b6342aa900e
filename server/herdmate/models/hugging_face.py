"""A child process that fetches one file: ``python -m herdmate.models.hugging_face``.

Arguments: repository, revision, file, folder. It resumes what lies in the folder, and says in one
line on standard error why it failed.
"""

from __future__ import annotations

import os
import socket
import sys
from urllib.parse import urlsplit
from urllib.request import getproxies

_CONNECT_SECONDS = 5.0


def main(arguments: list[str]) -> int:
    """Fetch; the exit code is 0 when the file is whole."""
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", "10")
    os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", "10")
    from huggingface_hub import constants, hf_hub_download  # read the environment when imported

    repository, revision, file, folder = arguments
    try:
        _knock(constants.ENDPOINT)
        hf_hub_download(repository, file, revision=revision, local_dir=folder)
    except Exception as error:
        sys.stderr.write(f"{_reason(error)}\n")
        return 1
    return 0


def _knock(endpoint: str) -> None:
    """Fail at once where nobody is there: the library would try for half a minute."""
    if not getproxies():
        host = urlsplit(endpoint)
        address = (host.hostname or "", host.port or 443)
        socket.create_connection(address, timeout=_CONNECT_SECONDS).close()


def _reason(error: Exception) -> str:
    """The innermost cause, which is the network's own word."""
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__ or cause
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
