"""Types that TypeScript code uses although nothing declares or imports them."""

from __future__ import annotations

import re
from typing import Any

from herdmate.context.syntax import SyntaxTree
from herdmate.text import Span

_WORDS = re.compile(r"[\w$]+")
_LIBRARY = """
    AbortController AbortSignal AggregateError AnimationEvent Array ArrayBuffer ArrayLike
    AsyncGenerator AsyncIterable AsyncIterableIterator AsyncIterator Atomics Attr Audio
    AudioContext Awaited BigInt BigInt64Array BigUint64Array Blob BlobPart BodyInit Boolean
    BroadcastChannel BufferSource Buffer CSSRule CSSStyleDeclaration CSSStyleSheet Cache
    CacheStorage Capitalize CanvasRenderingContext2D ClassDecorator Clipboard ClipboardItem Comment
    ConcatArray ConstructorParameters Crypto CryptoKey CustomElementRegistry DOMException
    DOMMatrix DOMParser DOMPoint DOMRect DOMRectReadOnly DOMStringMap DOMTokenList DataTransfer
    DataView Date Document DocumentFragment Element Error ErrorConstructor EvalError Event
    EventListener EventListenerOrEventListenerObject EventSource EventTarget Exclude Extract File
    FileList FileReader FinalizationRegistry Float32Array Float64Array FormData FormDataEntryValue
    Function Generator Geolocation Headers HeadersInit History IDBDatabase IDBRequest Image
    ImageBitmap ImageData ImportMeta InstanceType Int16Array Int32Array Int8Array
    IntersectionObserver Intl Iterable IterableIterator Iterator IteratorResult IteratorYieldResult
    IteratorReturnResult JSON JSX Location Lowercase Map MapConstructor Math MediaQueryList
    MediaRecorder MediaStream MessageChannel MessagePort MethodDecorator MutationObserver
    MutationRecord Navigator Node NodeJS NodeList NodeListOf NoInfer NonNullable Notification Number
    Object ObjectConstructor Omit OmitThisParameter ParameterDecorator Parameters Partial
    Performance PerformanceEntry PerformanceObserver Pick Promise PromiseConstructor
    PromiseFulfilledResult PromiseLike PromiseRejectedResult PromiseSettledResult PropertyDecorator
    PropertyDescriptor PropertyKey Proxy ProxyHandler Range RangeError Readonly ReadonlyArray
    ReadonlyMap ReadonlySet ReadableStream ReadableStreamDefaultReader Record ReferenceError RegExp
    RegExpExecArray RegExpMatchArray Request RequestInfo RequestInit Required ResizeObserver
    ResizeObserverEntry Response ResponseInit ReturnType Screen Selection ServiceWorker Set
    ShadowRoot SharedArrayBuffer SharedWorker Storage String StructuredSerializeOptions Symbol
    SyntaxError TemplateStringsArray Text TextDecoder TextEncoder ThisParameterType ThisType Touch
    TransformStream TypeError TypedPropertyDescriptor URIError URL URLSearchParams Uint16Array
    Uint32Array Uint8Array Uint8ClampedArray Uncapitalize Uppercase WeakKey WeakMap WeakRef WeakSet
    WebAssembly WebSocket Window Worker WritableStream XMLHttpRequest globalThis
"""
_GIVEN = frozenset(_LIBRARY.split())
_OF_BROWSERS = re.compile(r"(?:HTML|SVG|IDB|RTC|WebGL|GPU|Audio|CSS)\w+|\w+(?:Event|EventMap)\Z")


def unknown_types(tree: SyntaxTree, span: Span, known: str) -> frozenset[str]:
    """Names of types in a span that neither ``known`` text, nor the span, nor the language has."""
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    words = _GIVEN.union(_WORDS.findall(known))
    used: set[str] = set()
    declared: set[str] = set()
    waiting: list[tuple[Any, Any | None]] = [(tree.tree.root_node, None)]
    while waiting:
        node, parent = waiting.pop()
        if node.start_byte >= end or node.end_byte <= start:
            continue
        if node.type == "type_identifier" and not _is_member(node, parent):
            name = tree.source.data[node.start_byte : node.end_byte].decode("utf-8", "replace")
            (declared if _is_declared(node, parent) else used).add(name)
        elif node.type == "nested_type_identifier":
            name = tree.source.data[node.start_byte : node.end_byte].decode("utf-8", "replace")
            used.add(name.partition(".")[0].strip())
        waiting += [(child, node) for child in node.children]
    found = used - declared - words
    return frozenset(name for name in found if not _OF_BROWSERS.match(name))


def _is_member(node: Any, parent: Any | None) -> bool:
    return parent is not None and parent.type == "nested_type_identifier"


def _is_declared(node: Any, parent: Any | None) -> bool:
    if parent is None:
        return False
    name = parent.child_by_field_name("name")
    is_declaration = parent.type.endswith("_declaration") or parent.type == "type_parameter"
    return is_declaration and name is not None and name.start_byte == node.start_byte
