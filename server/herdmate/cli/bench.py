"""``herdmate bench``: measure how fast Herdmate is on this machine."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

import psutil

from herdmate.bench.conditions import Conditions, Tell
from herdmate.bench.rivals import LLAMA_CPP_PYTHON
from herdmate.bench.run import NAMES, run
from herdmate.bench.scene import scene_of
from herdmate.bench.table import table
from herdmate.bench.trace import recorded_gaps, synthetic_gaps
from herdmate.cli.console import Console, waiting
from herdmate.cli.parser import examples
from herdmate.cli.settings_options import settings_of
from herdmate.cli.terminal import write
from herdmate.errors import UsageError
from herdmate.models.start import first_message
from herdmate.prompting.families import CONTROL_PIECES

_ABOUT = """\
Retypes code in the middle of FILE through a real server and measures what comes back. Without FILE,
one of Herdmate's own modules is used. FILE is never written to.

To compare with a llama-server, start one with the same model and thread count, and pass its URL:
  llama-server -m MODEL.gguf --cache-reuse 256 -np 1 -c 4096 -t THREADS --port 8012
  herdmate bench --against http://127.0.0.1:8012
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate bench [FILE]``."""
    parser.description = _ABOUT
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the code to retype")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--model", metavar="MODEL", default=argparse.SUPPRESS, help="a name, a path, or auto"
    )
    which.add_argument(
        "--shape", choices=("codellama-7b", "codellama-13b"),
        help="a model of that shape with random weights (made once, about 4 or 8 GB)",
    )  # fmt: skip
    parser.add_argument("--only", metavar="NAMES", help=f"some of {','.join(NAMES)}")
    parser.add_argument(
        "--against", action="append", default=[], metavar="RIVAL",
        help=f"{LLAMA_CPP_PYTHON}, or the URL of a llama-server; may be given twice",
    )  # fmt: skip
    parser.add_argument(
        "--trace", type=Path, metavar="FILE", help="times between keys: milliseconds, one per line"
    )
    _add_amounts(parser)
    parser.add_argument("--json", action="store_true", help="all figures, as JSON")
    parser.add_argument("--fake-engine", type=Path, metavar="SCRIPT", help=argparse.SUPPRESS)
    parser.epilog = examples("herdmate bench src/app.py", "herdmate bench --only looks")
    parser.set_defaults(run=_run)


def _add_amounts(parser: argparse.ArgumentParser) -> None:
    """How much is typed and asked for."""
    parser.add_argument(
        "--keystrokes", type=int, default=80, metavar="N", help="how many are typed; 80 by default"
    )
    parser.add_argument("--cancels", type=int, default=50, metavar="N", help="cancels of each kind")
    parser.add_argument(
        "--threads", type=int, default=0, metavar="N", help="threads for Herdmate and every rival"
    )
    parser.add_argument(
        "--prefix-tokens", type=int, default=1280, metavar="N", help="before the cursor; 1280"
    )
    parser.add_argument(
        "--suffix-tokens", type=int, default=128, metavar="N", help="after the cursor; 128"
    )
    parser.add_argument("--max-tokens", type=int, default=64, metavar="N", help="per answer")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="another one types elsewhere"
    )


def _run(arguments: argparse.Namespace) -> int:
    names = arguments.only.split(",") if arguments.only else NAMES
    for name in names:
        if name not in NAMES:
            raise UsageError(f"There is no measurement {name!r}; choose from {', '.join(NAMES)}.")
    with waiting("Measuring…") as shown:
        given = _conditions(arguments, shown.tell)
        found = asyncio.run(run(given, names, arguments.against))
    if arguments.json:
        write(json.dumps(found, indent=1) + "\n")
    else:
        Console(highlight=False).print(table(found))
    return 0


def _conditions(arguments: argparse.Namespace, tell: Tell) -> Conditions:
    scene = scene_of(arguments.file, arguments.keystrokes)
    trace = arguments.trace
    gaps = recorded_gaps(trace) if trace else synthetic_gaps(scene.keys, arguments.seed)
    fake = arguments.fake_engine
    return Conditions(
        model=_model(arguments, tell),
        scene=scene,
        gaps=tuple(gaps),
        threads=arguments.threads or psutil.cpu_count(logical=False) or 1,
        prefix_tokens=arguments.prefix_tokens,
        suffix_tokens=arguments.suffix_tokens,
        max_tokens=arguments.max_tokens,
        one_line=bool(arguments.against),
        cancels=arguments.cancels,
        seed=arguments.seed,
        serve=("--fake-engine", str(fake.absolute())) if fake else (),
        tell=tell,
    )


def _model(arguments: argparse.Namespace, tell: Tell) -> Path:
    """The model that the settings choose, or the generated one for ``--shape``."""
    if arguments.fake_engine:
        return Path(settings_of(arguments).model)
    if arguments.shape:
        from herdmate.bench.model_shapes import cached  # needed only here

        return cached(arguments.shape, lambda part: tell(f"making {arguments.shape}: {part:.0%}"))
    return first_message(settings_of(arguments), CONTROL_PIECES)[1].path
