"""Installs llama-cpp-python: ready-made from an index of wheels, or built on this machine.

VS Code's Set Up runs this package from inside Herdmate's wheel, before anything is installed, and
``herdmate doctor --fix`` runs it later. Only llama-cpp-python ever comes from the index, in the one
version that is pinned here, and each wheel is checked before pip sees it.

**Invariant:** the standard library only, and pip, mostly as a program.
"""

VERSION = "0.3.36"
"""The version of llama-cpp-python that is installed: that of ``extension/locked/llama.txt``."""

INDEX = "https://abetlen.github.io/llama-cpp-python/whl"
"""Where the project itself publishes its wheels, in a folder for each variant."""
