"""Small bugs of the kinds that people make, put into Python functions: one change to one place."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from herdmate.text import Edit, Span, apply_edits

_FLIPPED: Mapping[type[ast.AST], str] = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.In: "not in", ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is",
    ast.Add: "-", ast.Sub: "+", ast.Mult: "+", ast.Div: "*", ast.FloorDiv: "%", ast.Mod: "//",
    ast.Pow: "*", ast.BitAnd: "|", ast.BitOr: "&", ast.LShift: ">>", ast.RShift: "<<",
    ast.And: "or", ast.Or: "and",
}  # fmt: skip
_MISTAKEN = {
    "min": "max", "any": "all", "append": "extend", "startswith": "endswith", "lstrip": "rstrip",
    "upper": "lower", "add": "discard", "index": "count", "keys": "values", "sorted": "reversed",
    "split": "rsplit", "takewhile": "dropwhile", "find": "rfind", "floor": "ceil", "list": "set",
}  # fmt: skip
_MISTAKEN |= {other: name for name, other in _MISTAKEN.items()}

_Place = Callable[[ast.AST], Span]
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Mutation:
    """``operator`` names the kind of bug; ``code`` is the whole text with it."""

    operator: str
    code: str


def mutations(code: str, name: str) -> list[Mutation]:
    """All the bugs that can be put into the body of a top-level function, in a fixed order.

    The code must be ASCII and valid. The function's head and docstring stay as they are.
    """
    tree = ast.parse(code)
    function = next(node for node in tree.body if isinstance(node, _Function) and node.name == name)
    starts = [0]
    for line in code.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def place(node: ast.AST) -> Span:
        at: ast.expr = node  # type: ignore[assignment]
        assert at.end_lineno is not None
        assert at.end_col_offset is not None
        return Span(
            starts[at.lineno - 1] + at.col_offset, starts[at.end_lineno - 1] + at.end_col_offset
        )

    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    found = []
    for operator, find in _OPERATORS.items():
        for statement in body:
            for node in ast.walk(statement):
                found += [
                    Mutation(operator, apply_edits(code, (edit,)))
                    for edit in find(node, _Source(code, function, place))
                ]
    return [item for item in found if item.code != code and _parses(item.code)]


@dataclass(frozen=True, slots=True)
class _Source:
    code: str
    function: _Function
    place: _Place

    def text(self, node: ast.AST) -> str:
        span = self.place(node)
        return self.code[span.start : span.end]

    def swapped(self, one: ast.AST, other: ast.AST) -> Edit:
        first, second = self.place(one), self.place(other)
        between = self.code[first.end : second.start]
        return Edit(Span(first.start, second.end), f"{self.text(other)}{between}{self.text(one)}")


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


def _sign(source: _Source, left: ast.AST, right: ast.AST, sign: ast.AST) -> Iterator[Edit]:
    """The sign between two operands, replaced by another; not if a bracket is in between."""
    between = Span(source.place(left).end, source.place(right).start)
    text = source.code[between.start : between.end]
    if (other := _FLIPPED.get(type(sign))) is not None and not set(text) & set("()#\\\n"):
        yield Edit(between, f" {other} ")


def _comparison(node: ast.AST, source: _Source) -> Iterator[Edit]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield from _sign(source, node.left, node.comparators[0], node.ops[0])


def _arithmetic(node: ast.AST, source: _Source) -> Iterator[Edit]:
    if isinstance(node, ast.BinOp):
        yield from _sign(source, node.left, node.right, node.op)


def _boolean(node: ast.AST, source: _Source) -> Iterator[Edit]:
    if isinstance(node, ast.BoolOp) and len(node.values) == 2:
        yield from _sign(source, node.values[0], node.values[1], node.op)


def _negated_condition(node: ast.AST, source: _Source) -> Iterator[Edit]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield Edit(source.place(node), source.text(node.operand))
    elif isinstance(node, ast.If | ast.While | ast.IfExp) and not isinstance(
        node.test, ast.UnaryOp | ast.Compare | ast.Constant
    ):
        text = source.text(node.test)
        yield Edit(source.place(node.test), f"not ({text})" if " " in text else f"not {text}")


def _off_by_one(node: ast.AST, source: _Source) -> Iterator[Edit]:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield Edit(source.place(node), str(node.value + 1))
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("len", "range")
        and len(node.args) == 1
    ):
        last = node.args[0]
        place = source.place(last if node.func.id == "range" else node)
        yield Edit(Span(place.end, place.end), " - 1")


def _wrong_constant(node: ast.AST, source: _Source) -> Iterator[Edit]:
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield Edit(source.place(node), str(not node.value))
    elif isinstance(node, ast.Constant) and type(node.value) is int and node.value in (0, 1):
        yield Edit(source.place(node), str(1 - node.value))
    elif isinstance(node, ast.Constant) and node.value == "":
        yield Edit(source.place(node), "' '")


def _swapped_arguments(node: ast.AST, source: _Source) -> Iterator[Edit]:
    if isinstance(node, ast.Call):
        plain = [item for item in node.args if not isinstance(item, ast.Starred)]
        if len(plain) > 1 and plain[:2] == node.args[:2]:
            yield source.swapped(plain[0], plain[1])
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub | ast.Div | ast.FloorDiv):
        yield source.swapped(node.left, node.right)


def _wrong_index(node: ast.AST, source: _Source) -> Iterator[Edit]:
    if not isinstance(node, ast.Subscript):
        return
    index = node.slice
    if isinstance(index, ast.Slice):
        if index.lower is not None and index.upper is None and index.step is None:
            yield Edit(source.place(index), f":{source.text(index.lower)}")
        elif index.upper is not None and index.lower is None and index.step is None:
            yield Edit(source.place(index), f"{source.text(index.upper)}:")
    elif (text := source.text(index)) in ("0", "-1", "1"):
        yield Edit(source.place(index), "-1" if text == "0" else "0")


def _wrong_variable(node: ast.AST, source: _Source) -> Iterator[Edit]:
    if not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)):
        return
    own = [item.arg for item in ast.walk(source.function) if isinstance(item, ast.arg)]
    own += [
        item.id
        for item in ast.walk(source.function)
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)
    ]
    if node.id in own:
        for other in dict.fromkeys(own):
            if other != node.id:
                yield Edit(source.place(node), other)


def _missing_keyword(node: ast.AST, source: _Source) -> Iterator[Edit]:
    """A value that is computed and not returned; a generator that is not awaited or handed on."""
    if isinstance(node, ast.Return) and node.value is not None:
        start = source.place(node).start
        yield Edit(Span(start, source.place(node.value).start), "")
    elif isinstance(node, ast.Await | ast.YieldFrom):
        yield Edit(source.place(node), source.text(node.value))


def _lost_statement(node: ast.AST, source: _Source) -> Iterator[Edit]:
    if isinstance(node, ast.AugAssign) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ):
        yield Edit(source.place(node), "pass")


def _lost_else(node: ast.AST, source: _Source) -> Iterator[Edit]:
    if isinstance(node, ast.If) and node.orelse and not isinstance(node.orelse[0], ast.If):
        yield Edit(Span(source.place(node.body[-1]).end, source.place(node.orelse[-1]).end), "")
    elif isinstance(node, ast.IfExp):
        yield Edit(source.place(node), source.text(node.body))


def _wrong_function(node: ast.AST, source: _Source) -> Iterator[Edit]:
    if not isinstance(node, ast.Call):
        return
    place = source.place(node.func)
    if isinstance(node.func, ast.Name) and (other := _MISTAKEN.get(node.func.id)):
        yield Edit(place, other)
    elif isinstance(node.func, ast.Attribute) and (other := _MISTAKEN.get(node.func.attr)):
        yield Edit(Span(place.end - len(node.func.attr), place.end), other)


def _wrong_jump(node: ast.AST, source: _Source) -> Iterator[Edit]:
    if isinstance(node, ast.Break | ast.Continue):
        yield Edit(source.place(node), "continue" if isinstance(node, ast.Break) else "break")


_OPERATORS: Mapping[str, Callable[[ast.AST, _Source], Iterator[Edit]]] = {
    "comparison": _comparison,
    "arithmetic": _arithmetic,
    "boolean operator": _boolean,
    "negated condition": _negated_condition,
    "off by one": _off_by_one,
    "wrong constant": _wrong_constant,
    "swapped arguments": _swapped_arguments,
    "wrong index": _wrong_index,
    "wrong variable": _wrong_variable,
    "missing keyword": _missing_keyword,
    "lost statement": _lost_statement,
    "lost else": _lost_else,
    "wrong function": _wrong_function,
    "wrong jump": _wrong_jump,
}
