"""Names that Go, Java, JavaScript and TypeScript code uses although nothing declares them.

Only what is sure without a compiler: a name counts if all its places in the code are uses, so that
none can be a declaration, and if what the language, the file or the caller knows has no such word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from herdmate.context.languages import ECMASCRIPT
from herdmate.context.syntax import SyntaxTree
from herdmate.context.type_names import LIBRARY_TYPES, is_of_browsers
from herdmate.text import Span

_WORDS = re.compile(r"[\w$]+")

_USES: Mapping[str, frozenset[tuple[str, str]]] = {
    "go": frozenset(
        {("call_expression", "function"), ("selector_expression", "operand"),
         ("composite_literal", "type"), ("argument_list", ""), ("variadic_argument", "")}
    ),
    "java": frozenset(
        {("object_creation_expression", "type"), ("method_invocation", "object"),
         ("field_access", "object"), ("generic_type", ""), ("local_variable_declaration", "type"),
         ("type_arguments", ""), ("cast_expression", "type")}
    ),
    **dict.fromkeys(
        ECMASCRIPT,
        frozenset(
            {("call_expression", "function"), ("new_expression", "constructor"),
             ("member_expression", "object"), ("arguments", "")}
        ),
    ),
}  # fmt: skip
"""By language, the kinds of nodes with the field, if any, in which a plain name is only used."""

_GO = """
    any append bool byte cap clear close comparable complex complex128 complex64 copy delete error
    false float32 float64 imag int int16 int32 int64 int8 iota len make max min new nil panic print
    println real recover rune string true uint uint16 uint32 uint64 uint8 uintptr
"""
_JAVA = """
    AbstractMethodError Appendable ArithmeticException ArrayIndexOutOfBoundsException
    ArrayStoreException AssertionError AutoCloseable Boolean BootstrapMethodError Byte CharSequence
    Character Class ClassCastException ClassCircularityError ClassFormatError ClassLoader
    ClassNotFoundException ClassValue CloneNotSupportedException Cloneable Comparable Deprecated
    Double Enum EnumConstantNotPresentException Error Exception ExceptionInInitializerError Float
    FunctionalInterface IO IllegalAccessError IllegalAccessException IllegalArgumentException
    IllegalCallerException IllegalMonitorStateException IllegalStateException
    IllegalThreadStateException IncompatibleClassChangeError IndexOutOfBoundsException
    InheritableThreadLocal InstantiationError InstantiationException Integer InternalError
    InterruptedException Iterable LayerInstantiationException LinkageError Long MatchException Math
    Module ModuleLayer NegativeArraySizeException NoClassDefFoundError NoSuchFieldError
    NoSuchFieldException NoSuchMethodError NoSuchMethodException NullPointerException Number
    NumberFormatException Object OutOfMemoryError Override Package Process ProcessBuilder
    ProcessHandle Readable Record ReflectiveOperationException Runnable Runtime RuntimeException
    RuntimePermission SafeVarargs ScopedValue SecurityException SecurityManager Short
    StackOverflowError StackTraceElement StackWalker StrictMath String StringBuffer StringBuilder
    StringIndexOutOfBoundsException StringTemplate SuppressWarnings System Thread ThreadDeath
    ThreadGroup ThreadLocal Throwable TypeNotPresentException UnknownError UnsatisfiedLinkError
    UnsupportedClassVersionError UnsupportedOperationException VerifyError VirtualMachineError Void
    WrongThreadException
"""
_JAVASCRIPT = """
    $ Bun Deno Infinity NaN __dirname __filename addEventListener after afterAll afterEach alert
    arguments assert atob before beforeAll beforeEach browser btoa caches cancelAnimationFrame
    cancelIdleCallback chai chrome clearImmediate clearInterval clearTimeout close confirm console
    context crypto customElements cy decodeURI decodeURIComponent define describe dispatchEvent
    document encodeURI encodeURIComponent escape eval expect exports fetch frames getComputedStyle
    getSelection global goog history importScripts indexedDB isFinite isNaN it jQuery jest
    localStorage location matchMedia module name navigator open parent parseFloat parseInt
    performance postMessage print process prompt queueMicrotask removeEventListener reportError
    requestAnimationFrame requestIdleCallback require screen scroll scrollBy scrollTo self
    sessionStorage setImmediate setInterval setTimeout sinon spec specify stop structuredClone
    suite super test this top undefined unescape vi window
"""
_GIVEN = {"go": frozenset(_GO.split()), "java": frozenset(_JAVA.split())}
_GIVEN_TO_JAVASCRIPT = LIBRARY_TYPES.union(_JAVASCRIPT.split())
"""What the languages have without an import, and what their usual surroundings have."""

_OPEN = {
    "go": re.compile(r'^[ \t]*(?:import[ \t]+)?\.[ \t]*"', re.MULTILINE),
    "java": re.compile(r"^[ \t]*import\b[^;\n]*\*[ \t]*;", re.MULTILINE),
}
"""Imports of everything that a package has, whose names we cannot know."""
_MODULE = re.compile(r"^[ \t]*(?:import|export)\b|\brequire[ \t]*\(", re.MULTILINE)
"""What JavaScript has in a module; other scripts see each other's names."""
_JAVA_TYPE = re.compile(r"[A-Z]\w*[a-z]\w*\Z")
"""Not a constant or a lower-case word, which a class may inherit."""


def unknown_uses(tree: SyntaxTree, span: Span, known: str) -> frozenset[str]:
    """The names in a span that neither ``known`` text, nor the span, nor the language has.

    ``known`` is the file without the span, and all else whose names may be used. Empty for other
    languages, and where names can come from anywhere.
    """
    language = tree.language
    if (uses := _USES.get(language)) is None:
        return frozenset()
    if (everything := _OPEN.get(language)) is not None:
        if everything.search(known):
            return frozenset()
    elif not _MODULE.search(known):
        return frozenset()
    used, others = _places(tree, span, uses)
    if found := used - others - _GIVEN.get(language, _GIVEN_TO_JAVASCRIPT):
        found -= set(_WORDS.findall(known))
    if language == "java":
        return frozenset(name for name in found if _JAVA_TYPE.match(name))
    return frozenset(name for name in found if language == "go" or not is_of_browsers(name))


def _places(
    tree: SyntaxTree, span: Span, uses: frozenset[tuple[str, str]]
) -> tuple[set[str], set[str]]:
    """The plain names in a span that are only used, and the words in any other place."""
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    used: set[str] = set()
    others: set[str] = set()
    waiting: list[tuple[Any, str, str]] = [(tree.tree.root_node, "", "")]
    while waiting:
        node, parent, field = waiting.pop()
        if node.start_byte >= end or node.end_byte <= start:
            continue
        if node.children:
            cursor = node.walk()
            cursor.goto_first_child()
            while True:
                waiting.append((cursor.node, node.type, cursor.field_name or ""))
                if not cursor.goto_next_sibling():
                    break
        else:
            name = tree.source.text_of(node)
            is_name = node.type in ("identifier", "type_identifier")
            (used if is_name and (parent, field) in uses else others).add(name)
    return used, others
