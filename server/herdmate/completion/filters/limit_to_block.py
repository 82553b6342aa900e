"""Keep the block that the cursor is in or that its line opens, judged by indentation."""

from __future__ import annotations

import re

from herdmate.completion.cursor_context import GOES_ON, CursorContext, indentation, kinds_of_lines

_CLOSES = re.compile(r"\s*(?:[)\]}]+[;,]*|end|fi|done|esac|</[\w.:-]*>)\s*$")


def limit_to_block(text: str, context: CursorContext) -> str:
    """Keep the block that the cursor is in or that its line opens, judged by indentation.

    The block ends before a line indented less than it. At its own level it ends after its body,
    except before ``else`` and the like; at the top level, also after a blank line. A line that only
    closes the block is its last line. Lines that begin inside a string do not count.
    """
    lines = text.split("\n")
    head = next((at for at, line in enumerate(lines) if line.strip()), 0)
    base = indentation(context.line_prefix + ("" if context.line_prefix.strip() else lines[0]))
    has_body = bool(context.line_prefix.strip()) and (head == 0 or indentation(lines[head]) > base)
    if head and not has_body:
        base = min(base, indentation(lines[head]))
    kinds = kinds_of_lines(text, context)
    for at, line in enumerate(lines[head + 1 :], start=head + 1):
        level = indentation(line)
        if (
            not line.strip()
            or kinds[at] == "string"
            or level > base
            or (level == base and GOES_ON.match(line))
        ):
            continue
        if level < base or has_body:
            return "\n".join(lines[: at + bool(_CLOSES.match(line))])
        if base == 0 and not lines[at - 1].strip():
            return "\n".join(lines[:at])
    return text
