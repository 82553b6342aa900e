"""The ``herdmate`` command, also as ``python -m herdmate``.

Imports nothing until the working directory is off the import path: editors start the server in the
workspace, which may contain its own ``logging.py``.
"""

import os
import sys


def main() -> int:
    """Run one command and return its exit code, 0 on success."""
    distrust_working_directory()

    from herdmate.cli import main as run

    return run()


def distrust_working_directory() -> None:
    """Keep this process and its children from importing out of the folder it was started in."""
    asked_for = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    as_python_has_them = {*asked_for, *map(_absolute, asked_for)}
    trusted = [entry for entry in asked_for if not _lies_in_working_directory(entry)]
    if trusted != asked_for:
        os.environ["PYTHONPATH"] = os.pathsep.join(trusted)
    sys.path[:] = [
        entry
        for index, entry in enumerate(sys.path)
        if os.path.isabs(entry)
        and not (
            ((index == 0 and os.path.isdir(entry)) or entry in as_python_has_them)
            and _lies_in_working_directory(entry)
        )
    ]


def _absolute(entry: str) -> str:
    try:
        return os.path.normcase(os.path.abspath(entry))
    except OSError:  # the working directory is gone
        return entry


def _lies_in_working_directory(entry: str) -> bool:
    if not os.path.isabs(entry):
        return True
    if os.path.basename(entry).endswith("-packages"):
        return False  # installed packages, which run anyway
    try:
        here = os.path.realpath(os.getcwd())
    except OSError:  # it is gone
        return False
    real = os.path.realpath(entry)
    return real == here or real.startswith(here.rstrip(os.sep) + os.sep)


if __name__ == "__main__":
    raise SystemExit(main())
