"""Types that TypeScript code uses although nothing declares or imports them."""

from __future__ import annotations

import re
from typing import Any

from herdmate.context.syntax import SyntaxTree
from herdmate.text import Span

_WORDS = re.compile(r"[\w$]+")
_LIBRARY = """
    AbortController AbortSignal AddEventListenerOptions AggregateError AnimationEvent Array
    ArrayBuffer ArrayLike AsyncDisposable AsyncGenerator AsyncIterable AsyncIterableIterator
    AsyncIterator Atomics Attr Audio AudioContext Awaited BigInt BigInt64Array BigUint64Array
    Blob BlobPart BodyInit Boolean BroadcastChannel Buffer BufferSource CSSRule
    CSSStyleDeclaration CSSStyleSheet Cache CacheStorage CanvasGradient CanvasPattern
    CanvasRenderingContext2D Capitalize ClassDecorator Clipboard ClipboardItem Comment
    ConcatArray ConstructorParameters Crypto CryptoKey CustomElementRegistry DOMException
    DOMMatrix DOMParser DOMPoint DOMRect DOMRectReadOnly DOMStringMap DOMTokenList DataTransfer
    DataView Date Disposable Document DocumentFragment Element Error ErrorConstructor EvalError
    Event EventListener EventListenerOptions EventListenerOrEventListenerObject EventSource
    EventTarget Exclude Extract File FileList FileReader FinalizationRegistry Float32Array
    Float64Array FormData FormDataEntryValue FrameRequestCallback Function Generator Geolocation
    GeolocationCoordinates GeolocationPosition Headers HeadersInit History IArguments
    IDBDatabase IDBRequest Image ImageBitmap ImageBitmapRenderingContext ImageData ImportMeta
    InstanceType Int16Array Int32Array Int8Array IntersectionObserver
    IntersectionObserverCallback IntersectionObserverEntry IntersectionObserverInit Intl
    Iterable IterableIterator Iterator IteratorResult IteratorReturnResult IteratorYieldResult
    JSON JSX JsonWebKey Location Lowercase Map MapConstructor Math MediaQueryList MediaRecorder
    MediaStream MediaStreamTrack MessageChannel MessagePort MethodDecorator MutationCallback
    MutationObserver MutationObserverInit MutationRecord NamedNodeMap Navigator NoInfer Node
    NodeJS NodeList NodeListOf NonNullable Notification Number Object ObjectConstructor
    OffscreenCanvas OffscreenCanvasRenderingContext2D Omit OmitThisParameter ParameterDecorator
    Parameters Partial Path2D Performance PerformanceEntry PerformanceObserver Pick
    PositionOptions Promise PromiseConstructor PromiseFulfilledResult PromiseLike
    PromiseRejectedResult PromiseSettledResult PropertyDecorator PropertyDescriptor PropertyKey
    Proxy ProxyHandler Range RangeError React ReadableStream ReadableStreamDefaultController
    ReadableStreamDefaultReader Readonly ReadonlyArray ReadonlyMap ReadonlySet Record
    ReferenceError RegExp RegExpExecArray RegExpMatchArray Request RequestCredentials
    RequestInfo RequestInit RequestMode Required ResizeObserver ResizeObserverCallback
    ResizeObserverEntry Response ResponseInit ReturnType Screen ScrollBehavior ScrollToOptions
    Selection ServiceWorker ServiceWorkerRegistration Set ShadowRoot SharedArrayBuffer
    SharedWorker Storage String StructuredSerializeOptions SubtleCrypto Symbol SyntaxError
    TemplateStringsArray Text TextDecoder TextEncoder TextMetrics ThisParameterType ThisType
    TimerHandler Touch TransformStream TreeWalker TypeError TypedPropertyDescriptor URIError URL
    URLSearchParams Uint16Array Uint32Array Uint8Array Uint8ClampedArray Uncapitalize Uppercase
    ValidityState VoidFunction WeakKey WeakMap WeakRef WeakSet WebAssembly WebSocket Window
    Worker WritableStream WritableStreamDefaultWriter XMLHttpRequest XMLSerializer globalThis
"""
LIBRARY_TYPES = frozenset(_LIBRARY.split())
"""The types and classes that JavaScript, browsers and Node give."""
_OF_BROWSERS = re.compile(r"(?:HTML|SVG|IDB|RTC|WebGL|GPU|Audio|CSS)\w+|\w+(?:Event|EventMap)\Z")


def unknown_types(tree: SyntaxTree, span: Span, known: str) -> frozenset[str]:
    """Names of types in a span that neither ``known`` text, nor the span, nor the language has."""
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    words = LIBRARY_TYPES.union(_WORDS.findall(known))
    used: set[str] = set()
    declared: set[str] = set()
    waiting: list[tuple[Any, Any | None]] = [(tree.tree.root_node, None)]
    while waiting:
        node, parent = waiting.pop()
        if node.start_byte >= end or node.end_byte <= start:
            continue
        if node.type == "type_identifier" and not _is_member(node, parent):
            name = tree.source.text_of(node)
            (declared if _is_declared(node, parent) else used).add(name)
        elif node.type == "nested_type_identifier":
            name = tree.source.text_of(node)
            used.add(name.partition(".")[0].strip())
        waiting += [(child, node) for child in node.children]
    found = used - declared - words
    return frozenset(name for name in found if not is_of_browsers(name))


def is_of_browsers(name: str) -> bool:
    """Does a name look like one of the many types that only browsers have?"""
    return _OF_BROWSERS.match(name) is not None


def _is_member(node: Any, parent: Any | None) -> bool:
    return parent is not None and parent.type == "nested_type_identifier"


def _is_declared(node: Any, parent: Any | None) -> bool:
    if parent is None:
        return False
    name = parent.child_by_field_name("name")
    is_declaration = parent.type.endswith("_declaration") or parent.type == "type_parameter"
    return is_declaration and name is not None and name.start_byte == node.start_byte
