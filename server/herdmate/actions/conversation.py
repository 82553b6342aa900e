"""A conversation about code: its turns, what the user adds to them, and what fits the model.

There is no terminal and no editor in it. What was once sent stays as it was, so that a further
question costs the model only its own tokens. Secrets in it are stars, because it is kept in files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from herdmate.actions.question import Question
from herdmate.engine.host import EngineHost
from herdmate.errors import SelectionError
from herdmate.generation import Priority, Request
from herdmate.printable import counted
from herdmate.prompting.families import Turn, family_of, instruct_prompt
from herdmate.prompting.template import fence_around
from herdmate.prompting.words import say, words
from herdmate.redaction.requests import texts_without_secrets

MOST_TOKENS = 800
"""The longest answer, unless another is asked for."""

_SPARE = 96  # tokens: the system's words are counted; the format around the turns is guessed
_WRAPPING = 16  # around each turn
_MOST_CHARACTERS = 400_000
_MOST_KEPT = 1_000_000  # characters of a conversation that is kept
_LANE = "chat"


@dataclass(frozen=True, slots=True)
class Attachment:
    """Text that goes with the next question: its name for people, and its language id."""

    name: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question as the user said it and as it was sent, and the answer as far as it came."""

    said: str
    sent: str
    answer: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """The exchanges so far, and what goes with the next question.

    ``earlier``: those before, which no longer fit and are only kept.
    """

    exchanges: tuple[Exchange, ...] = ()
    attached: tuple[Attachment, ...] = ()
    earlier: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question that fits, and what became of the rest.

    ``taken``: name, lines sent and lines in all of each attachment. ``dropped``: how many of the
    oldest exchanges no longer fit. ``tokens`` are those of the prompt, of ``context``.
    """

    conversation: Conversation
    said: str
    sent: str
    question: Question
    taken: tuple[tuple[str, int, int], ...]
    dropped: int
    tokens: int
    context: int


async def prepared(
    conversation: Conversation, said: str, host: EngineHost, max_tokens: int = MOST_TOKENS
) -> Prepared:
    """The next question, with as much of what is attached as fits.

    Raises ``SelectionError`` if not even the question fits, ``HerdmateError`` without a model.
    """
    info = await host.ready()
    system = words("chat")["system"].strip()
    max_tokens = min(max_tokens, max(info.context // 2, 1))
    room = info.context - max_tokens - _SPARE - sum(await host.count_tokens([system]))
    (said,) = await texts_without_secrets([said])
    (own,) = await host.count_tokens([said])
    if own + _WRAPPING > room:
        raise SelectionError(
            f"The question has {counted(own, 'token')}, but only {max(room, 0)} fit; ask "
            "a shorter one or increase herdmate.engine.contextTokens."
        )
    sizes = await _sizes(conversation.exchanges, host)
    needed = own + _WRAPPING + (room // 4 if conversation.attached else 0)
    kept, used = len(sizes), sum(sizes)
    while kept and used + needed > room:
        used -= sizes[len(sizes) - kept]
        kept -= 1
    shown, taken = await _attached(conversation.attached, room - used - own - _WRAPPING, host)
    (sent,) = await texts_without_secrets(["\n\n".join([*shown, said])])
    dropped = len(sizes) - kept
    earlier = (*conversation.earlier, *conversation.exchanges[:dropped])
    exchanges = conversation.exchanges[dropped:]
    turns = (*_turns(exchanges), Turn("user", sent))
    request = Request(
        prompt=instruct_prompt(family_of(info), system, turns), lane=_LANE, max_tokens=max_tokens,
        priority=Priority.ASKED,
    )  # fmt: skip
    (total,) = await host.count_tokens([sent])
    question = Question(request, "", system, turns)
    return Prepared(
        replace(conversation, exchanges=exchanges, earlier=earlier), said, sent, question, taken,
        dropped, used + total, info.context,
    )  # fmt: skip


def answered(question: Prepared, answer: str) -> Conversation:
    """The conversation with an answer, whole or as far as it came."""
    exchange = Exchange(question.said, question.sent, answer)
    before = question.conversation
    return Conversation((*before.exchanges, exchange), earlier=before.earlier)


def to_json(conversation: Conversation) -> dict[str, Any]:
    """A conversation to keep; of a very long one, the end."""
    kept: list[dict[str, str]] = []
    room = _MOST_KEPT
    for item in reversed((*conversation.earlier, *conversation.exchanges)):
        room -= len(item.said) + len(item.sent) + len(item.answer)
        if kept and room < 0:
            break
        kept.append({"said": item.said, "sent": item.sent, "answer": item.answer})
    return {"version": 1, "exchanges": kept[::-1]}


def from_json(value: Any) -> Conversation:
    """A conversation that was kept. Raises ``ValueError`` if it is none."""
    if not isinstance(value, Mapping) or value.get("version") != 1:
        raise ValueError("this version of Herdmate does not know its format")
    found = []
    entries = value.get("exchanges")
    for item in entries if isinstance(entries, list) else ():
        parts = [item.get(key) if isinstance(item, Mapping) else None
                 for key in ("said", "sent", "answer")]  # fmt: skip
        if not all(isinstance(part, str) for part in parts):
            raise ValueError("an exchange in it is damaged")
        found.append(Exchange(*map(str, parts)))
    return Conversation(tuple(found))


def _turns(exchanges: Sequence[Exchange]) -> tuple[Turn, ...]:
    return tuple(
        turn
        for item in exchanges
        for turn in (Turn("user", item.sent), Turn("assistant", item.answer))
    )


async def _sizes(exchanges: Sequence[Exchange], host: EngineHost) -> list[int]:
    texts = [text for item in exchanges for text in (item.sent, item.answer)]
    counts = await host.count_tokens(texts) if texts else []
    return [sum(counts[at : at + 2]) + 2 * _WRAPPING for at in range(0, len(counts), 2)]


async def _attached(
    attached: Sequence[Attachment], room: int, host: EngineHost
) -> tuple[list[str], tuple[tuple[str, int, int], ...]]:
    """What is attached in words for the model; all get an equal share of the room at least."""
    shown: list[str] = []
    taken: list[tuple[str, int, int]] = []
    for at, item in enumerate(attached):
        share = max(room // (len(attached) - at), 0)
        text, lines = await _beginning(item.text, share - 2 * _WRAPPING, host)
        whole = len(item.text.splitlines())
        taken.append((item.name, lines, whole))
        if not lines:
            continue
        part = _described(item, text, lines, whole)
        (size,) = await host.count_tokens([part])
        room -= size
        shown.append(part)
    return shown, tuple(taken)


async def _beginning(text: str, room: int, host: EngineHost) -> tuple[str, int]:
    """As many of the first lines as fit, and their number."""
    lines = text[:_MOST_CHARACTERS].splitlines()
    counts = await host.count_tokens([f"{line}\n" for line in lines]) if lines else []
    used = kept = 0
    for count in counts:
        if used + count > room:
            break
        used, kept = used + count, kept + 1
    return "\n".join(lines[:kept]), kept


def _described(item: Attachment, text: str, lines: int, whole: int) -> str:
    fence = fence_around([text])
    values = {"name": item.name, "language": item.language, "text": text, "fence": fence,
              "taken": str(lines), "lines": str(whole)}  # fmt: skip
    kind = "_diff" if item.language == "diff" else ""
    return say("chat", ("attached" if lines >= whole else "cut") + kind, values)
