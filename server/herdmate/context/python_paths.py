"""Which names can have a value where Python code uses them, and which statements can be reached."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

_State = frozenset[str] | None
"""The local variables that may have a value at a place; ``None`` where nothing can get to."""

_MOST_WORK = 5_000_000
"""Statements followed, times the variables known there and ``_LEAST_WORK`` more: half a second.

Loops inside one another multiply them, as each is followed until nothing is new.
"""

_LEAST_WORK = 200


class _TooMuchWorkError(Exception):
    """A function takes too long to follow."""


@dataclass(slots=True)
class Found:
    """What is wrong on every path: uses of a variable without a value, statements out of reach."""

    unset: list[ast.Name] = field(default_factory=list)
    unreachable: list[ast.stmt] = field(default_factory=list)

    def counts(self) -> tuple[int, int]:
        """How much was found so far."""
        return len(self.unset), len(self.unreachable)

    def forget_after(self, counts: tuple[int, int]) -> None:
        """Forget what was found since."""
        del self.unset[counts[0] :], self.unreachable[counts[1] :]


def wrong_paths(function: Function) -> Found:
    """Uses of local variables that never have a value there, and statements never reached.

    A use counts if it fails whenever it is reached. Inner functions are not looked into, nor is one
    that takes too long or nests too deeply.
    """
    found = Found()
    rivals = {
        name
        for node in ast.walk(function)
        if isinstance(node, ast.Global | ast.Nonlocal)
        for name in node.names
    }
    parameters = {item.arg for item in parameters_of(function.args)}
    own = {name for statement in function.body for name in bound_in(statement)}
    walk = _Walk(found, frozenset(own - parameters - rivals))
    try:
        walk.block(function.body, frozenset())
    except (_TooMuchWorkError, RecursionError):
        return Found()
    if found.unset:  # the first one makes what follows it unreachable
        found.unreachable.clear()
    return found


def parameters_of(arguments: ast.arguments) -> list[ast.arg]:
    """All parameters, with ``*args`` and ``**kwargs``."""
    stars = [item for item in (arguments.vararg, arguments.kwarg) if item is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *stars]


def bound_in(node: ast.AST) -> Iterator[str]:
    """The names that a node binds in the scope it stands in, in no order."""
    waiting = [node]
    while waiting:
        at = waiting.pop()
        yield from names_bound_by(at)
        if isinstance(at, COMPREHENSIONS):
            inner = (item for item in ast.walk(at) if isinstance(item, ast.NamedExpr))
            yield from (item.target.id for item in inner)
        elif isinstance(at, SCOPES):
            outside = [*getattr(at, "decorator_list", []), *getattr(at, "bases", [])]
            arguments = getattr(at, "args", None)
            waiting += outside + (_defaults(arguments) if arguments else [])
        else:
            waiting += ast.iter_child_nodes(at)


def names_bound_by(node: ast.AST) -> tuple[str, ...]:
    """The names that this very node binds."""
    if isinstance(node, ast.Name):
        return () if isinstance(node.ctx, ast.Load) else (node.id,)
    if isinstance(node, Definition):
        return (node.name,)
    if isinstance(node, ast.Import | ast.ImportFrom):
        return tuple((item.asname or item.name).partition(".")[0] for item in node.names)
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        return (node.name,) if node.name else ()
    if isinstance(node, ast.MatchMapping):
        return (node.rest,) if node.rest else ()
    return ()


@dataclass(slots=True)
class _Loop:
    at_break: list[_State] = field(default_factory=list)
    at_continue: list[_State] = field(default_factory=list)


@dataclass(slots=True)
class _Walk:
    """Follows the paths through one function whose local variables are ``local``."""

    found: Found
    local: frozenset[str]
    loops: list[_Loop] = field(default_factory=list)
    work: int = 0

    def block(self, body: Iterable[ast.stmt], state: _State) -> _State:
        for statement in body:
            if state is None:
                self.found.unreachable.append(statement)
                break
            state = self.statement(statement, state)
        return state

    def statement(self, node: ast.stmt, state: frozenset[str]) -> _State:
        if isinstance(node, ast.If):
            test = self.expressions([node.test], state)
            if test is None:
                return None
            return _either(self.block(node.body, test), self.block(node.orelse, test))
        if isinstance(node, ast.For | ast.AsyncFor | ast.While):
            return self.loop(node, state)
        if isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
            return self.attempt(node, state)  # type: ignore[arg-type]
        if isinstance(node, ast.With | ast.AsyncWith):
            within: _State = state
            for item in node.items:
                if within is None or (within := self.expressions([item], within)) is None:
                    return None
            done = self.block(node.body, within)
            # A context manager may swallow an exception anywhere in the body.
            return _either(done, state.union(*map(bound_in, (*node.body, *node.items))))
        if isinstance(node, ast.Match):
            return self.cases(node, state)
        if isinstance(node, ast.Break | ast.Continue):
            if self.loops:
                loop = self.loops[-1]
                (loop.at_break if isinstance(node, ast.Break) else loop.at_continue).append(state)
            return None
        if isinstance(node, ast.Assign):
            value = self.expressions([node.value], state)
            return self.bound(node.targets, value) if value is not None else None
        after = self.expressions([node], state)
        return None if isinstance(node, ast.Return | ast.Raise) else after

    def loop(self, node: ast.For | ast.AsyncFor | ast.While, state: frozenset[str]) -> _State:
        if not isinstance(node, ast.While):
            if (begun := self.expressions([node.iter], state)) is None:
                return None
            state = begun
        seen = self.found.counts()
        while True:
            if isinstance(node, ast.While):
                head = self.expressions([node.test], state)
            else:
                head = self.bound([node.target], state)
            if head is None:
                return None
            loop = _Loop()
            self.loops.append(loop)
            done = self.block(node.body, head)
            self.loops.pop()
            again = state.union(*filter(None, (done, *loop.at_continue)))
            if again == state:
                break
            state = again
            self.found.forget_after(seen)
        is_endless = isinstance(node, ast.While) and _is_true(node.test)
        left = None if is_endless else _either(state, head)
        return _either(self.block(node.orelse, left) if left is not None else None, *loop.at_break)

    def attempt(self, node: ast.Try, state: frozenset[str]) -> _State:
        seen = self.found.counts()
        done = self.block(node.body, state)
        if node.handlers and len(self.found.unset) > seen[0]:
            self.found.forget_after(seen)  # what fails may be there for just that
        failed = state.union(*map(bound_in, node.body))
        ways = [self.block(node.orelse, done) if done is not None else None]
        for handler in node.handlers:
            named = failed | {handler.name} if handler.name else failed
            caught = self.expressions([handler.type] if handler.type else [], named)
            ways.append(self.block(handler.body, caught) if caught is not None else None)
        after = _either(*ways)
        if not node.finalbody:
            return after
        parts = (*node.body, *node.handlers, *node.orelse)
        ended = self.block(node.finalbody, state.union(*map(bound_in, parts)))
        return None if after is None or ended is None else ended

    def cases(self, node: ast.Match, state: frozenset[str]) -> _State:
        if self.expressions([node.subject], state) is None:
            return None
        ways: list[_State] = []
        is_complete = False
        for case in node.cases:
            state = state.union(bound_in(case.pattern))
            guards = [case.guard] if case.guard else []
            matched = self.expressions(guards, state)
            ways.append(self.block(case.body, matched) if matched is not None else None)
            is_any = isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None
            is_complete = is_complete or (is_any and not guards)
        return _either(*ways, None if is_complete else state)

    def bound(self, targets: list[ast.expr], state: frozenset[str]) -> _State:
        """The state after targets got their values, from left to right: ``i, a[i] = 1, 2``."""
        return self.expressions(targets, state.union(*map(bound_in, targets)))

    def expressions(self, nodes: Iterable[ast.AST], state: frozenset[str]) -> _State:
        """The state after nodes were evaluated: ``None`` if that always fails."""
        nodes = list(nodes)
        self.work += _LEAST_WORK + len(state)
        if self.work > _MOST_WORK:
            raise _TooMuchWorkError
        # What stands first may be evaluated last, so a name that is bound anywhere counts.
        walrus = {
            item.target.id
            for node in nodes
            for item in ast.walk(node)
            if isinstance(item, ast.NamedExpr)
        }
        known = state | walrus
        is_alive = True
        for node in nodes:
            for use, is_sure in _uses(node):
                if use.id in self.local and use.id not in known:
                    self.found.unset.append(use)
                    is_alive = is_alive and not is_sure
        return known.union(*map(bound_in, nodes)) if is_alive else None


def _uses(root: ast.AST) -> Iterator[tuple[ast.Name, bool]]:
    """The names read when a statement or expression is evaluated, and whether each surely is."""
    waiting = [(root, True)]
    while waiting:
        node, is_sure = waiting.pop()
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load | ast.Del):
                yield node, is_sure
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            yield node.target, is_sure
            waiting.append((node.value, is_sure))
        elif isinstance(node, COMPREHENSIONS):
            waiting.append((node.generators[0].iter, is_sure))
        elif isinstance(node, SCOPES):
            arguments = getattr(node, "args", None)
            waiting += [(item, is_sure) for item in getattr(node, "decorator_list", [])]
            waiting += [(item, is_sure) for item in _defaults(arguments) if arguments]
        elif isinstance(node, ast.BoolOp):
            waiting += [(node.values[0], is_sure), *((item, False) for item in node.values[1:])]
        elif isinstance(node, ast.IfExp):
            waiting += [(node.test, is_sure), (node.body, False), (node.orelse, False)]
        elif isinstance(node, ast.Compare):
            first, *others = node.comparators
            waiting += [(node.left, is_sure), (first, is_sure), *((item, False) for item in others)]
        elif isinstance(node, ast.Assert):
            waiting += [(node.test, is_sure), *([(node.msg, False)] if node.msg else [])]
        elif isinstance(node, ast.AnnAssign):
            # The annotation of a local variable is never evaluated.
            waiting += [(item, is_sure) for item in (node.target, node.value) if item is not None]
        else:
            waiting += [(item, is_sure) for item in ast.iter_child_nodes(node)]


def _defaults(arguments: ast.arguments | None) -> list[ast.AST]:
    if arguments is None:
        return []
    return [*arguments.defaults, *(item for item in arguments.kw_defaults if item is not None)]


def _either(*states: _State) -> _State:
    """The state where several paths meet."""
    alive = [state for state in states if state is not None]
    return frozenset[str]().union(*alive) if alive else None


def _is_true(test: ast.expr) -> bool:
    return isinstance(test, ast.Constant) and bool(test.value)
