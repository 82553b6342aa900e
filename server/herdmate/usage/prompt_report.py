"""A request as the model saw it, for people: the prompt in its parts, tokens and times."""

from __future__ import annotations

from herdmate.engine.host import RequestRecord
from herdmate.generation import Special
from herdmate.printable import counted
from herdmate.prompting.template import fence_around


def prompt_report(record: RequestRecord | None) -> str:
    """A page of Markdown that shows what the model saw, with nothing left out."""
    if record is None:
        return "# What the Model Saw\n\nThere have been no requests yet.\n"
    parts = ["# What the Model Saw\n", *_figures(record), "## Prompt\n"]
    for segment in record.request.prompt.segments:
        if isinstance(segment, Special):
            parts.append(f"`{segment.piece}`\n")
        elif segment.text:
            parts.append(_fenced(segment.text))
    parts += ["## Answer\n", _fenced(record.answer) if record.answer else "Nothing.\n"]
    return "\n".join(parts)


def _figures(record: RequestRecord) -> list[str]:
    request, finished = record.request, record.finished
    rows = [f"| purpose | {request.priority.name.lower()} |",
            f"| maximum tokens | {request.max_tokens} |"]  # fmt: skip
    if finished is not None:
        usage = finished.usage
        rows += [
            f"| finish reason | {finished.reason} |",
            f"| prompt | {counted(usage.prompt_tokens, 'token')}: {usage.reused_tokens} reused, "
            f"{usage.evaluated_tokens} evaluated in {usage.prompt_seconds:.2f} s |",
            f"| answer | {counted(usage.generated_tokens, 'token')} in "
            f"{usage.generation_seconds:.2f} s |",
        ]
    return ["| | |\n|---|---|\n" + "\n".join(rows) + "\n"]


def _fenced(text: str) -> str:
    fence = fence_around([text])
    return f"{fence}\n{text}\n{fence}\n"
