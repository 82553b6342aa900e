"""Text that reads like a control token of a model's format, but is the user's and stays data.

Where a format or a server looks for its control tokens in the text itself, a word joiner goes after
the first character of anything that looks like one. The joiner has no width, and is removed from
the answer again.
"""

from __future__ import annotations

import re

_JOINER = "\N{WORD JOINER}"

_INSTRUCT_TAGS = ("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<step>")

INSTRUCT_TAG = re.compile(
    "|".join(rf"{re.escape(tag[0])}(?={re.escape(tag[1:])})" for tag in _INSTRUCT_TAGS)
)
"""The first character of a tag of Llama 2's formats, which are text even to the engine."""

SERVERS_TAG = re.compile(
    r"<(?=\|[^<>|\n]{1,40}\|>|｜[^<>｜\n]{1,40}｜>"
    r"|(?:/?s|bos|eos|pad|unk|PRE|SUF|MID|EOT|step|fim_\w{1,16}|\w{1,8}_of_\w{1,8}|file_sep|"
    r"reponame|repo_name|filename|endoftext)>)"
)
"""The first character of what a server may take for a control token, of any family in use."""


def neutralised(text: str, tag: re.Pattern[str]) -> str:
    """The text with a joiner in each tag: ``INSTRUCT_TAG`` or ``SERVERS_TAG``."""
    return tag.sub(rf"\g<0>{_JOINER}", text)


_RESTS = [re.escape(tag[1:]) for tag in _INSTRUCT_TAGS]
_BEGUN = {re.escape(tag[1:end]) for tag in _INSTRUCT_TAGS for end in range(1, len(tag))}
_BROKEN_TAG = re.compile(
    # At an edge of the text, the rest of the tag may be in the part before or after it.
    rf"(?:^|(?<=[\[<])){_JOINER}(?={'|'.join(_RESTS)}|(?:{'|'.join(sorted(_BEGUN))})\Z)"
)


def restored(reply: str) -> str:
    """A reply, or part of one, without the joiners in tags of ``INSTRUCT_TAG``.

    A word joiner anywhere else is the user's own and stays.
    """
    return _BROKEN_TAG.sub("", reply)


class ServersAnswer:
    """An answer without the joiners in tags of ``SERVERS_TAG``, part by part.

    What servers take for a tag is not a closed list, so any joiner after a ``<`` goes.
    """

    def __init__(self) -> None:
        self._is_after_open = False

    def push(self, text: str) -> str:
        """The next part, restored; a joiner can come in a later part than its ``<``."""
        if self._is_after_open:
            text = text.removeprefix(_JOINER)
        if text:
            self._is_after_open = text.endswith("<")
        return text.replace(f"<{_JOINER}", "<")
