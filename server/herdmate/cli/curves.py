"""Measurements along each setting, as lines of text and as a picture (SVG)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

from herdmate.models.choices import Axis, Choice, Point

TITLES = {
    "gpu_layers": "layers on the GPU",
    "weights": "weights",
    "flash_attention": "flash attention",
    "batch_threads": "threads for a prompt",
    "micro_batch": "prompt tokens per batch",
    "threads": "threads for an answer",
    "kv_type": "cache precision",
}

_BAR = 24
_WIDTH, _HEIGHT, _MARGIN = 340, 190, 46
_COLUMNS = 2
_FIRST, _RATE, _INK = "#c2410c", "#1d4ed8", "#57534e"


def value_text(name: str, choice: Choice, layers: int) -> str:
    """A choice's value of a setting as text; layers as N of the model's total."""
    value = getattr(choice, name)
    if name == "gpu_layers":
        return f"{layers if value < 0 else value} of {layers}"
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def as_text(curves: Mapping[str, Sequence[Point]], chosen: Point, layers: int) -> str:
    """One paragraph per setting, one line per value; bars show the time of an answer."""
    return "\n\n".join(
        "\n".join(_paragraph(name, points, chosen.choice, layers))
        for name, points in curves.items()
        if points
    )


def as_svg(
    curves: Mapping[str, Sequence[Point]], along: Sequence[Axis], chosen: Point, layers: int,
    title: str,
) -> str:  # fmt: skip
    """The same as an SVG: seconds to the first token and tokens per second, a panel per setting."""
    shown = [axis for axis in along if len(curves.get(axis.name, ())) > 1]
    rows = -(-len(shown) // _COLUMNS)
    width, height = _COLUMNS * _WIDTH, rows * _HEIGHT + _MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="11" '
        f'fill="{_INK}">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="12" y="18" font-size="13">{escape(title)}</text>',
        f'<text x="12" y="34" fill="{_FIRST}">● seconds to the first token</text>',
        f'<text x="190" y="34" fill="{_RATE}">■ tokens per second</text>',
    ]
    for at, axis in enumerate(shown):
        x, y = at % _COLUMNS * _WIDTH, at // _COLUMNS * _HEIGHT + _MARGIN
        lines.append(f'<g transform="translate({x} {y})">')
        lines += _panel(axis, curves[axis.name], chosen.choice, layers)
        lines.append("</g>")
    return "\n".join([*lines, "</svg>", ""])


def _paragraph(name: str, points: Sequence[Point], chosen: Choice, layers: int) -> Iterator[str]:
    yield TITLES[name]
    longest = max(point.answer_seconds for point in points)
    for point in points:
        value = value_text(name, point.choice, layers)
        mark = "→" if getattr(point.choice, name) == getattr(chosen, name) else " "
        bar = "█" * max(round(_BAR * point.answer_seconds / longest), 1)
        yield (
            f"{mark} {value:>9}  first token {point.first:7.2f} s  {point.rate:7.2f} tokens/s"
            f"  answer {point.answer_seconds:7.1f} s  {bar}"
        )


def _panel(axis: Axis, points: Sequence[Point], chosen: Choice, layers: int) -> Iterator[str]:
    left, right = _MARGIN, _WIDTH - _MARGIN
    top, bottom = 34, _HEIGHT - 34
    yield f'<text x="{left}" y="20" font-weight="bold">{TITLES[axis.name]}</text>'
    yield f'<path d="M{left} {top}V{bottom}H{right}V{top}" fill="none" stroke="{_INK}"/>'
    places = _spread(range(len(points)), left + 20, right - 20)
    for place, point in zip(places, points, strict=True):
        is_chosen = axis.of(point.choice) == axis.of(chosen)
        weight = ' font-weight="bold"' if is_chosen else ""
        value = escape(value_text(axis.name, point.choice, layers))
        yield f'<text x="{place:.0f}" y="{bottom + 16}" text-anchor="middle"{weight}>{value}</text>'
        if is_chosen:
            yield (
                f'<path d="M{place:.0f} {top}V{bottom}" stroke="{_INK}" stroke-dasharray="2 3"/>'
            )
    firsts, rates = [point.first for point in points], [point.rate for point in points]
    yield from _line(places, firsts, _FIRST, (left - 6, "end"), "circle")
    yield from _line(places, rates, _RATE, (right + 6, "start"), "square")


def _line(
    places: Sequence[float], values: Sequence[float], colour: str, label: tuple[int, str],
    mark: str,
) -> Iterator[str]:  # fmt: skip
    """A curve scaled from 0 to its maximum, with both labels beside the axis."""
    top, bottom = 44, _HEIGHT - 34
    most = max(values) or 1.0
    heights = [bottom - (bottom - top) * value / most for value in values]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(places, heights, strict=True))
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for x, y in zip(places, heights, strict=True):
        if mark == "circle":
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
        else:
            yield (
                f'<rect x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7" fill="{colour}"/>'
            )
    beside = f'x="{label[0]}" text-anchor="{label[1]}" fill="{colour}"'
    yield f'<text {beside} y="{top + 4}">{most:.3g}</text>'
    yield f'<text {beside} y="{bottom + 4}">0</text>'


def _spread(numbers: range, low: float, high: float) -> list[float]:
    last = max(len(numbers) - 1, 1)
    return [low + (high - low) * at / last for at in numbers]
