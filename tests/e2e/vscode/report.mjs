// A file of the shop that is changed in two places, and what a scripted model says of it.

import path from 'node:path';
import { home } from './machine.mjs';

export const REPORT_FILE = path.join(home, 'shop/report.py');
export const REPORT = `"""What the shop tells its owner."""

from stock import Item, total_value


def report(items: list[Item]) -> str:
    """A line for each item, and the sum."""
    lines = []
    for item in items:
        lines.append(f"{item.name}: {item.count}")
    lines.sort()
    total = total_value(items)
    text = "\\n".join(lines)
    text = text + "\\n" + f"in all {total:.2f}"
    return text
`;
export const REPLY = `\`\`\`python
def report(items: list[Item]) -> str:
    """A line for each item, and the sum."""
    lines = [f"{item.name}: {item.count}" for item in items]
    lines.sort()
    total = total_value(items)
    return "\\n".join([*lines, f"in all {total:.2f}"])
\`\`\``;
export const [, FIRST] = /( {4}lines = \[\]\n[^]*?)( {4}lines\.sort)/.exec(REPORT);
export const [LAST] = / {4}text = [^]*return text\n/.exec(REPORT);
export const [NEW_FIRST] = / {4}lines = .*\n/.exec(REPLY);
export const [NEW_LAST] = / {4}return .*\n/.exec(REPLY);
/** The code in the reply. */
export const CODE = REPLY.split('\n').slice(1, -1).join('\n');

/** The file with all that is suggested. */
export const CHANGED_REPORT = REPORT.replace(FIRST, () => NEW_FIRST).replace(LAST, () => NEW_LAST);
