// The workspace: a file of a small shop, and a notebook.

export const SOURCE = `"""The stock of a small shop."""

from dataclasses import dataclass


@dataclass
class Item:
    name: str
    price: float
    count: int


def total_value(items: list[Item]) -> float:
    """The value of all items in stock."""
    total = 0.0
    for item in items:
        total = total + item.price * item.count
    return total


def is_sold_out(item: Item) -> bool:
    if item.count == 0:
        return True
    else:
        return False


def names(items: list[Item]) -> list[str]:
    return [item.name for item in items]
`;

const CELLS = ['def sum_of_sales(months):\n    return sum(month.sales for month in months)', ''];
export const NOTEBOOK = {
  cells: CELLS.map((source) => ({
    cell_type: 'code',
    execution_count: null,
    metadata: {},
    outputs: [],
    source,
  })),
  metadata: { language_info: { name: 'python' } },
  nbformat: 4,
  nbformat_minor: 5,
};

export const EXPLAINED = linesOf('def total_value', 'return total');
export const SIMPLIFIED = linesOf('def is_sold_out', 'return False');

// Lines are counted from 1.

export function linesUpTo(text, line) {
  return text
    .split('\n')
    .slice(0, line - 1)
    .join('\n');
}

export function linesFrom(text, line) {
  return text.split('\n').slice(line).join('\n');
}

function linesOf(start, end) {
  const lines = SOURCE.split('\n');
  const first = lines.findIndex((line) => line.startsWith(start));
  const last = lines.findIndex((line, at) => at > first && line.trim() === end);
  return { first: first + 1, last: last + 1 };
}
