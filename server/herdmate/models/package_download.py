"""A child process that runs the user's own pip, and ends when its parent does.

Arguments: pip's. pip by itself would outlive its parent.
"""

from __future__ import annotations

import runpy
import sys

from herdmate.child_process import end_with_parent, from_parent


def main(arguments: list[str]) -> None:
    """Run pip, which ends this process."""
    end_with_parent(from_parent(), code=1)
    sys.argv = ["pip", *arguments]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
