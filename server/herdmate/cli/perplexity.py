"""``herdmate models perplexity``: what quantising a model costs, side by side."""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from herdmate.cli.console import Console
from herdmate.cli.measuring import tell
from herdmate.cli.parser import examples
from herdmate.context.languages import LANGUAGES
from herdmate.errors import SelectionError
from herdmate.eval.sources import code_files
from herdmate.models.choose import choose
from herdmate.models.discovery import in_place
from herdmate.models.folder import model_folder
from herdmate.models.perplexity import WINDOW, Perplexity, measured, windows
from herdmate.models.recommend import PUBLISHED_PERPLEXITY
from herdmate.models.report import report

_WIKITEXT = (Path("wiki.test.raw"), Path("wikitext-2-raw/wiki.test.raw"))
"""Where to look for wikitext-2, the text behind the published figures."""

_ABOUT = f"""\
Computes the perplexity of models on a text, as llama.cpp does: in windows of {WINDOW} tokens, whose
second half is scored. Lower is better. Models are compared on the same text, and only if they share
a vocabulary. The default text is wikitext-2 (wiki.test.raw) if it is in this folder, otherwise the
code in this folder. For CodeLlama, the published figure for its quant is shown too.
"""


@dataclass(frozen=True, slots=True)
class _Row:
    """``published`` is what the quant adds to LLaMA-7B's perplexity; ``None`` if unknown."""

    model: str
    size: int
    found: Perplexity
    published: float | None


def add_parser(actions: Any) -> None:
    """``herdmate models perplexity MODEL...``."""
    parser = actions.add_parser(
        "perplexity", help="measure how well models predict a text", description=_ABOUT
    )
    parser.add_argument("models", nargs="+", metavar="MODEL", help="a name, a path, or auto")
    parser.add_argument("--text", type=Path, metavar="PATH", help="a file, or a folder of code")
    parser.add_argument(
        "--windows",
        type=int,
        default=0,
        metavar="N",
        help="use only the first N tokens of the text; 0 uses all",
    )
    parser.add_argument("--threads", type=int, default=0, metavar="N")
    parser.add_argument("--json", action="store_true", help="all figures, as JSON")
    parser.epilog = examples(
        "herdmate models perplexity a-Q4_K_M.gguf a-Q8_0.gguf --text wiki.test.raw"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    free = psutil.virtual_memory().available
    paths = [
        choose(name, model_folder(), free, WINDOW, in_place()).path for name in arguments.models
    ]
    source = arguments.text or next((path for path in _WIKITEXT if path.exists()), Path())
    text = _text(source)
    console = Console(stderr=True)
    console.print(f"Text: {source.absolute()}", highlight=False)
    rows = _rows(paths, text, arguments, console)
    tell(arguments.json, {"text": str(source.absolute()), "window": WINDOW}, rows, _table)
    return 0


def _rows(
    paths: Sequence[Path], text: str, arguments: argparse.Namespace, console: Console
) -> list[_Row]:
    from herdmate.engine.scoring import scorer
    from herdmate.engine.start import LlamaStart

    rows: list[_Row] = []
    vocabulary = ""
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as progress:
        for path in paths:
            with scorer(LlamaStart(str(path), threads=arguments.threads), WINDOW) as model:
                own = model.vocabulary
                if vocabulary not in ("", own):
                    raise SelectionError(
                        f"{path.name} has a different vocabulary from {paths[0].name}, so their "
                        "perplexities cannot be compared; measure it separately."
                    )
                vocabulary = own
                cut = windows(model.tokenize(text), arguments.windows)
                task = progress.add_task(path.name, total=len(cut))
                for found in measured(cut, model.surprises):
                    description = f"{path.name}: {found.value:.4f} ± {found.error:.4f}"
                    progress.update(task, advance=1, description=description)
            rows.append(_Row(path.name, path.stat().st_size, found, _published(path)))
    return rows


def _published(path: Path) -> float | None:
    found = report(path, WINDOW)
    return PUBLISHED_PERPLEXITY.get(found.quant) if found.architecture == "llama" else None


def _text(source: Path) -> str:
    """A file's text, or the code in a folder, in the same order on every run."""
    if source.is_dir():
        files = sorted(code_files(source.absolute(), LANGUAGES, random.Random(0)))
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in files]
        return "\n".join(texts)
    try:
        return source.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SelectionError(
            f"{source} cannot be read ({error.strerror}); use a text file."
        ) from error


_TITLES = ("model", "size", "perplexity", "±", "vs. the first", "published", "tokens scored")
_PUBLISHED = "published: how much the quant adds to the perplexity of LLaMA-7B on wikitext-2"


def _table(rows: Sequence[_Row]) -> Table:
    table = Table(caption=_PUBLISHED)
    for title in _TITLES:
        table.add_column(title, justify="left" if title == "model" else "right", overflow="fold")
    for row in rows:
        more = row.found.value / rows[0].found.value - 1
        published = "" if row.published is None else f"{row.published:+.4f}"
        table.add_row(
            row.model, f"{row.size / 1e9:.2f} GB", f"{row.found.value:.4f}",
            f"{row.found.error:.4f}", f"{more:+.2%}", published,
            str(row.found.tokens),
        )  # fmt: skip
    return table
