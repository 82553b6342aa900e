"""Text that reads like a control token of a model's format, but is the user's and stays data.

Where a format or a server looks for its control tokens in the text itself, a word joiner goes after
the first character of anything that looks like one. The joiner has no width, and is removed from
the answer again.
"""

from __future__ import annotations

import re
from functools import cache

_JOINER = "\N{WORD JOINER}"

INSTRUCT_TAGS = ("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<step>")
"""The tags of Llama 2's formats, which are text even to the engine."""

_ANGLED = (
    r"<(?=\|[^<>|\n]{1,40}\|>|｜[^<>｜\n]{1,40}｜>|\[(?:fim-\w{1,16}|\w{1,16}▁[\w▁]{1,24})\]>"
    r"|(?:/?s|bos|eos|pad|unk|PRE|SUF|MID|EOT|step|fim_\w{1,16}|\w{1,8}_of_\w{1,9}|file_sep|"
    r"reponame|repo_name|filename|endoftext|sop|eop|AI|用户|/?role|/?think|/?seed:\w{1,24})>)"
)
_BRACKETED = (
    r"\[(?=\|\w{1,40}\|\]|(?:/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_RESULTS|TOOL_CONTENT|"
    r"THINK)|TOOL_CALLS|PREFIX|SUFFIX|MIDDLE|[gs]MASK|unused\d{1,4})\])"
)

SERVERS_TAG = re.compile(f"{_ANGLED}|{_BRACKETED}")
"""The first character of what a server may take for a control token, of any family in use."""

OUR_TAG = re.compile(_ANGLED)
"""The same for a prompt in a format that we write; its texts have some tags of that format."""


def neutralised(text: str, tag: re.Pattern[str]) -> str:
    """The text with a joiner in each tag: ``SERVERS_TAG``, ``OUR_TAG`` or a ``beginning_of``."""
    return tag.sub(rf"\g<0>{_JOINER}", text)


@cache
def beginning_of(tags: tuple[str, ...]) -> re.Pattern[str]:
    """The first character of a tag; tags that begin with a letter count only where a line begins.

    Such a tag is a word (``User:``), which code may contain anywhere else.
    """
    return re.compile("|".join(map(_begins, tags)) or r"(?!)")


def _begins(tag: str) -> str:
    line = r"(?:\A|(?<=[\r\n]))" if tag[0].isalpha() else ""
    return rf"{line}{re.escape(tag[0])}(?={re.escape(tag[1:])})"


def restored(reply: str, tags: tuple[str, ...] = ()) -> str:
    """A reply, or part of one, without the joiners in ``INSTRUCT_TAGS`` and its format's ``tags``.

    A word joiner anywhere else is the user's own and stays.
    """
    return _broken((*INSTRUCT_TAGS, *tags)).sub("", reply)


@cache
def _broken(tags: tuple[str, ...]) -> re.Pattern[str]:
    """A joiner in a tag; at an edge of the text, the rest of the tag may be in another part."""
    rests = "|".join(re.escape(tag[1:]) for tag in tags)
    begun = "|".join(sorted({re.escape(tag[1:end]) for tag in tags for end in range(1, len(tag))}))
    first = "".join(sorted({re.escape(tag[0]) for tag in tags}))
    return re.compile(rf"(?:^|(?<=[{first}])){_JOINER}(?={rests}|(?:{begun})\Z)")


class ServersAnswer:
    """An answer without the joiners in tags of ``SERVERS_TAG``, part by part.

    What servers take for a tag is not a closed list, so any joiner after ``<`` or ``[`` goes.
    """

    def __init__(self) -> None:
        self._is_after_open = False

    def push(self, text: str) -> str:
        """The next part, restored; a joiner can come in a later part than what is before it."""
        if self._is_after_open:
            text = text.removeprefix(_JOINER)
        if text:
            self._is_after_open = text.endswith(("<", "["))
        return text.replace(f"<{_JOINER}", "<").replace(f"[{_JOINER}", "[")
