"""The version of Herdmate, from the installed package's metadata."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as _installed

try:
    VERSION = _installed("herdmate")
except PackageNotFoundError:  # run from a source tree that was never installed
    VERSION = "0+source"
