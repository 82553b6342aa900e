"""A question about code: the action's prompt, filled in and put in the model's own words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from herdmate.assist.companion import Companion
from herdmate.assist.withheld import reason_to_withhold, without_keys
from herdmate.context.window import Surroundings, around
from herdmate.errors import SelectionError
from herdmate.generation import Priority, Request, Sampling
from herdmate.prompting.families import Turn, instruct_prompt
from herdmate.prompting.library import Action
from herdmate.prompting.template import render
from herdmate.text import Document, Selection

_SURROUNDING_TOKENS = 512
_TEMPLATE_TOKENS = 256  # what a prompt file says itself, rather too many
_CHARACTERS_PER_TOKEN = 8  # rather more than any tokenizer reaches on code


@dataclass(frozen=True, slots=True)
class Question:
    """A generation, and the text that its answer was made to begin with."""

    request: Request
    reply_start: str


async def question_for(
    action: Action, subject: Selection, companion: Companion, instruction: str = ""
) -> Question:
    """The generation that carries the action out on the subject.

    Raises ``SelectionError`` where the model may not see the document, and another
    ``HerdmateError`` when there is no model.
    """
    if reason := reason_to_withhold(subject.document, companion.ignored):
        raise SelectionError(f"Nothing was asked: {reason}.")
    subject = replace(subject, document=without_keys(subject.document))
    info, family = await companion.model()
    await companion.counts.learn([*_lines_near(subject), subject.text])
    subject_tokens = companion.counts.cost(subject.text)
    max_tokens = _room(action, subject_tokens)
    left = info.context - max_tokens - subject_tokens - _TEMPLATE_TOKENS
    budget = max(min(_SURROUNDING_TOKENS, left), 0)
    surroundings = around(subject, budget, companion.counts.cost)
    values = _values(subject, surroundings, instruction)
    system, user, reply_start = render(action, values)
    request = Request(
        prompt=instruct_prompt(family, system, (Turn("user", user),), reply_start),
        lane=f"ask {subject.document.uri}",
        max_tokens=max_tokens,
        sampling=Sampling(temperature=action.temperature),
        priority=Priority.ASKED,
        drafting=action.kind == "rewrite",
    )
    return Question(request, reply_start)


def _lines_near(subject: Selection) -> list[str]:
    """The lines that may become surroundings, as ``around`` asks for them: ended by ``\\n``."""
    text, reach = subject.document.text, _SURROUNDING_TOKENS * _CHARACTERS_PER_TOKEN
    near = text[max(subject.span.start - reach, 0) : subject.span.end + reach]
    return near.replace("\r\n", "\n").splitlines(keepends=True)


def _room(action: Action, subject_tokens: int) -> int:
    """A rewrite may need as much as its subject again, and half more."""
    return max(action.max_tokens, subject_tokens * 3 // 2 if action.kind == "rewrite" else 0)


def _values(subject: Selection, surroundings: Surroundings, instruction: str) -> dict[str, str]:
    return {
        "language": subject.document.language,
        "path": _file_name(subject.document),
        "before": surroundings.before,
        "code": surroundings.selected,
        "after": surroundings.after,
        "instruction": instruction,
    }


def _file_name(document: Document) -> str:
    return PurePosixPath(unquote(urlsplit(document.uri).path)).name
