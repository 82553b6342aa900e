"""How a worker's process ended, and what the user is told about it."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from importlib.metadata import version

from herdmate.child_process import isolated_command


@dataclass(frozen=True, slots=True)
class Ending:
    """How a process ended: words to put in brackets, and its exit code, if it had one."""

    words: str
    code: int | None = None


def crashed(ending: Ending) -> str:
    """The message when the worker is restarted."""
    return f"The engine stopped unexpectedly ({_how(ending)}) and is starting again."


def gave_up(ending: Ending, times: int) -> str:
    """The message when the worker is not restarted, including what to do."""
    if ending.code in _ILLEGAL_INSTRUCTION:
        python, *flags = isolated_command("pip")
        return (
            "The engine's llama.cpp was built for another processor; rebuild it on this machine: "
            f'"{python}" {" ".join(flags)} install --force-reinstall --no-deps --no-cache-dir '
            f"--no-binary=llama-cpp-python llama-cpp-python=={version('llama-cpp-python')}"
        )
    return (
        f"The engine stopped {times} times in a row ({_how(ending)}); choose a smaller model in "
        "herdmate.model, or run the command herdmate.restartEngine to try again."
    )


def _how(ending: Ending) -> str:
    code = ending.code
    if code is None:
        return ending.words or "it could not be stopped"
    if code == -9:
        return "it was killed, perhaps because memory ran out"
    if code in _ILLEGAL_INSTRUCTION:
        return "an instruction that this processor does not support"
    return f"signal {-code}" if code < 0 else f"exit code {code}"


_ILLEGAL_INSTRUCTION = (-signal.SIGILL, 0xC000001D)
"""Exit codes; the second is from Windows."""
