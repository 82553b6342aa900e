"""The figures of a run as a table for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table

Row = tuple[str, str, str]


def table(found: dict[str, Any]) -> Table:
    """A run as a table: what was measured, its median and a remark."""
    said = found["conditions"]
    drawn = Table(
        title=f"{said['model']}: {said['keystrokes']} keystrokes in {said['file']}, "
        f"{said['threads']} threads",
        title_justify="left",
    )
    for heading in ("measured", "median", "and"):
        drawn.add_column(heading, justify="right" if heading == "median" else "left")
    for name, rows in _ROWS.items():
        if name in found:
            drawn.add_section()
            for row in rows(found[name]):
                drawn.add_row(*row)
    for name, of in (("typing", "a keystroke"), ("token", "a first token")):
        if (ratio := found.get(f"{name}_by_floor")) is not None:
            drawn.add_row(f"{of}, relative to the floor", f"{ratio:.2f}", "1 is the floor")
    return drawn


def _first(value: Any) -> Iterator[Row]:
    yield _seconds("first answer in a file", value["seconds"],
                   f"{value['evaluated_prompt']:.0f} prompt tokens evaluated")  # fmt: skip


def _typing(value: Any) -> Iterator[Row]:
    yield _seconds("a keystroke's answer", value["seconds"])
    yield _seconds("where the model was asked", value["seconds_asked"])
    yield _tokens("prompt tokens evaluated, where asked", value["evaluated_prompt"],
                  f"of {value['prompt_tokens'] or 0:.0f}")  # fmt: skip
    yield _tokens("prompt tokens evaluated, all keystrokes", value["evaluated_prompt_of_all"])
    yield "prompt tokens reused", _percent(value["reuse"]), "of those asked"
    yield "answered from the cache", _percent(value["from_cache"]), "of keystrokes"
    yield "silent", _percent(value["silent"]), "of keystrokes"


def _token(value: Any) -> Iterator[Row]:
    yield _seconds("first token, where the model was asked", value["seconds_asked"])
    yield _tokens("prompt tokens evaluated for it", value["evaluated_prompt"],
                  f"of {value['prompt_tokens'] or 0:.0f}")  # fmt: skip


def _rhythm(value: Any) -> Iterator[Row]:
    yield "at typing speed: answered in time", _percent(value["answered"]), "of keystrokes"
    yield "with text to show", _percent(value["shown"]), "of keystrokes"
    missed = f"{value['missed_pauses']} of {value['pauses']} pauses were too short"
    yield _seconds("answer within a pause", value["seconds_after_pause"], missed)


def _looks(value: Any) -> Iterator[Row]:
    shown = f"in {_percent(value['shown'])} of {len(value['looks'])} looks"
    yield _seconds("from a key to new ghost text, eleven languages", value["seconds"], shown)
    yield _seconds("until it stopped growing", value["whole"], f"it grew {value['steps']} times")


def _speed(value: Any) -> Iterator[Row]:
    yield "tokens per second through the server", f"{value['by_clock']:.1f}", (
        f"{value['by_engine']:.1f} by the engine's clock")  # fmt: skip
    yield "tokens per second in a bare loop", f"{value['bare']:.1f}", (
        f"the server reaches {value['ratio']:.2f} of that")  # fmt: skip


def _cancel(value: Any) -> Iterator[Row]:
    yield _seconds("cancel to idle, in the prompt", value["prompt"])
    yield _seconds("cancel to idle, while decoding", value["decode"])
    yield "cancels within 80 ms", _percent(value["in_time"]), (
        f"read every {1000 * value['poll_seconds']:.1f} ms")  # fmt: skip


def _beside(value: Any) -> Iterator[Row]:
    ratio = "none asked" if value["ratio"] is None else f"{value['ratio']:.2f}"
    same = "the same text as alone"
    if not value["same_text"]:
        same = f"NOT the same text as alone after {value['same_characters']} characters"
    yield (
        "ghost text during an explanation, relative to alone",
        ratio,
        f"{value['keystrokes']} keystrokes",
    )
    yield "the explanation", "", f"{same}, {value['characters']} characters compared"


def _memory(value: Any) -> Iterator[Row]:
    yield "memory of the engine", _mega(value["resident"]), (
        f"file {_mega(value['file'])}, KV {_mega(value['kv'])}, other {_mega(value['beside'])}"
    )  # fmt: skip


def _keystroke(value: Any) -> Iterator[Row]:
    for count, parts in value["milliseconds"].items():
        yield f"the server's own work per keystroke, {count} lines", f"{parts['all']:.1f} ms", (
            f"text {parts['edit']:.1f}, syntax tree {parts['tree']:.1f}, "
            f"window {parts['window']:.1f}, rules {parts['rules']:.1f}; "
            f"in a pause {parts['pause']:.1f}"
        )  # fmt: skip


def _floor(value: Any) -> Iterator[Row]:
    step = value["step_seconds"][1]
    yield "one token evaluated", _milli(step), (
        f"{value['weights_bytes'] / step / 1e9:.1f} GB/s of weights, after {value['depth']} tokens"
    )  # fmt: skip


def _rivals(value: Any) -> Iterator[Row]:
    for name, of in value.items():
        figures, compared = of["figures"], of["compared"]
        yield _seconds(name, figures["seconds"],
                       f"first answer {figures['first_answer_seconds']:.1f} s")  # fmt: skip
        yield _seconds("its first token", figures["first_seconds"])
        yield _tokens("prompt tokens it evaluated", figures["evaluated_prompt"])
        yield "Herdmate's time relative to it", _number(compared["ratio"]), (
            f"where the model was asked {_number(compared['ratio_asked'])}")  # fmt: skip


_ROWS = {
    "first": _first, "typing": _typing, "token": _token, "rhythm": _rhythm, "looks": _looks,
    "rivals": _rivals, "speed": _speed, "cancel": _cancel, "beside": _beside, "memory": _memory,
    "keystroke": _keystroke, "floor": _floor,
}  # fmt: skip


def _seconds(name: str, value: Any, more: str = "") -> Row:
    if value is None:
        return name, "none", more
    worst = f"p95 {_milli(value['p95'])}, of {value['count']}"
    return name, _milli(value["median"]), f"{worst}; {more}" if more else worst


def _tokens(name: str, value: Any, more: str = "") -> Row:
    if value is None:
        return name, "none", more
    worst = f"p95 {value['p95']:.0f}"
    return name, f"{value['median']:.0f}", f"{worst}; {more}" if more else worst


def _milli(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"


def _mega(count: int) -> str:
    return f"{count / 2**20:.0f} MiB"


def _percent(part: float | None) -> str:
    return "none" if part is None else f"{100 * part:.0f}%"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"
