"""Thousands of messages, most of them broken: each request is answered once, nothing is shown.

They are made by ``lsp_generator`` from a fixed seed. ``HERDMATE_LONG=1`` makes ten times as many.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest
from lsprotocol import types

from tests.e2e import lsp_generator
from tests.e2e.lsp_generator import MISSING, ODD
from tests.e2e.raw_client import NOTHING, RawClient, raw_client

pytestmark = pytest.mark.e2e

SEED = int(os.environ.get("HERDMATE_SEED", "1911"))
_TIMES = 10 if os.environ.get("HERDMATE_LONG") else 1
MESSAGES, _LIMIT = 5000 * _TIMES, 300 * _TIMES
_AT_ONCE = 200  # requests without an answer yet
_MOST_GROWTH = 150 << 20

URI = "file:///project/shop.py"
CODE = "def total(items):\n    \n"
RANGE = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 4}}

_COMMANDS = (
    "herdmate.explain", "herdmate.rewrite", "herdmate.pause", "herdmate.resume",
    "herdmate.chooseModel", "herdmate.status", "herdmate.accepted", "herdmate.fetchModel",
)  # fmt: skip
_OWN = ("herdmate/models", "herdmate/menu", "herdmate/pullModel", "herdmate/cursor")
_OURS = {*_OWN, types.TEXT_DOCUMENT_INLINE_COMPLETION, types.TEXT_DOCUMENT_COMPLETION,
         types.TEXT_DOCUMENT_CODE_ACTION, types.CODE_ACTION_RESOLVE, types.INITIALIZE,
         types.WORKSPACE_EXECUTE_COMMAND, types.WORKSPACE_TEXT_DOCUMENT_CONTENT}  # fmt: skip


@pytest.mark.timeout(_LIMIT)
async def test_malformed_messages(tmp_path: Path) -> None:
    random = Random(SEED)
    answers = _odd_answers(random)
    capabilities = {
        "workspace": {"configuration": True, "applyEdit": True,
                      "didChangeConfiguration": {"dynamicRegistration": True},
                      "didChangeWatchedFiles": {"dynamicRegistration": True},
                      "textDocumentContent": {"dynamicRegistration": True}},
        "window": {"workDoneProgress": True, "showMessage": {}, "showDocument": {"support": True}},
        "textDocument": {"inlineCompletion": {}},
        "experimental": {"herdmate": {"status": True, "diagnostics": True, "explanation": True}},
    }  # fmt: skip
    async with raw_client(tmp_path, lambda _request: next(answers), level="error") as client:
        await client.begin(capabilities)
        await _do_the_main_job(client)
        server = psutil.Process(client.process.pid)
        before = server.memory_info().rss
        expected = await _send_all(client, random)
        print(f"seed {SEED}: {len(expected)} requests of {MESSAGES} messages")  # noqa: T201
        await _until_answered(client, expected, 0)
        wrong = {key: found for key in expected if len(found := client.answers.get(key, [])) != 1}
        assert not wrong
        assert client.shown == []
        errors = [item[0]["error"] for item in client.answers.values() if "error" in item[0]]
        codes = {error["code"] for error in errors}
        assert -32603 not in codes, client.log[-3000:]
        assert {-32600, -32601, -32602} <= codes
        assert await client.request("workspace/executeCommand", {"command": "herdmate.resume"})
        client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
        await _do_the_main_job(client)
        assert server.memory_info().rss - before < _MOST_GROWTH
        assert await client.end() == 0
        assert "Traceback" not in client.log


async def _send_all(client: RawClient, random: Random) -> list[str]:
    """The ids of all requests, as JSON writes them."""
    expected: list[str] = []
    for number, (method, params) in enumerate(_all(random)):
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if params is not MISSING:
            message["params"] = params
        # Now and then a request without an id, and a notification with one.
        if _is_request(method) != (random.random() < 0.02):
            message["id"] = number if random.random() < 0.8 else f"text {number}"
            expected.append(json.dumps(message["id"]))
        client.send(message)
        if number % 50 == 0:
            await client.drain()
            await _until_answered(client, expected, _AT_ONCE)
    return expected


async def _until_answered(client: RawClient, expected: list[str], most: int) -> None:
    """Not more than so many requests are without an answer."""
    try:
        await client.until(lambda: sum(key not in client.answers for key in expected) <= most)
    except asyncio.TimeoutError:
        missing = [key for key in expected if key not in client.answers]
        pytest.fail(f"{len(missing)} requests were not answered, the first is {missing[0]}")


def _is_request(method: str) -> bool:
    return method in _OWN[:3] if method in _OWN else lsp_generator.is_request(method)


def _all(random: Random) -> Iterator[tuple[str, Any]]:
    made = 0
    while made < MESSAGES:
        for message in (*lsp_generator.generated(random, _OURS), *_own(random)):
            made += 1
            yield message


def _own(random: Random) -> Iterator[tuple[str, Any]]:
    """Herdmate's own methods and commands, each with every odd value in every place.

    What fetches a model, or shows why there was nothing, is left out where it is well formed.
    """
    hint = {"uri": URI, "position": {"line": 1, "character": 4}}
    for method, valid in (("herdmate/cursor", hint), ("herdmate/models", {}),
                          ("herdmate/menu", {"menu": "status", "uri": URI}),
                          ("herdmate/pullModel", {"name": "no such"})):  # fmt: skip
        yield method, valid
        for path in lsp_generator.paths(valid):
            yield method, lsp_generator.broken(valid, path, random.choice(ODD))
    one = {"uri": URI, "range": RANGE, "action": "explain", "version": 1, "instruction": "",
           "diagnostics": [{"range": RANGE, "message": "odd", "relatedInformation": []}],
           "symbol": "total", "turns": [{"role": "user", "text": "why?"}]}  # fmt: skip
    for command in _COMMANDS:
        is_action = command in _COMMANDS[:2]
        given = [one] if is_action else ["no such model or language", "python"]
        for path in list(lsp_generator.paths(given)):
            arguments = lsp_generator.broken(given, path, random.choice(ODD))
            if command == "herdmate.rewrite" and _is_well_formed(arguments):
                continue  # what comes of it is told to who asked for it
            if command == "herdmate.fetchModel" and _names_nothing(arguments):
                continue
            params = {"command": command, "arguments": arguments}
            yield (
                types.WORKSPACE_EXECUTE_COMMAND,
                {name: value for name, value in params.items() if value is not MISSING},
            )


def _is_well_formed(arguments: Any) -> bool:
    return isinstance(arguments, list) and bool(arguments) and isinstance(arguments[0], dict)


def _names_nothing(arguments: Any) -> bool:
    return not isinstance(arguments, list) or arguments[:1] in ([], [""], [None], [MISSING])


def _odd_answers(random: Random) -> Iterator[Any]:
    """What the client answers to the server's own requests: anything but settings."""
    while True:
        odd = random.choice(ODD[1:])
        yield random.choice(
            (NOTHING, {}, {"error": odd}, {"result": odd}, {"result": None, "error": None})
        )


async def _do_the_main_job(client: RawClient) -> None:
    """Ghost text, an explanation, and what can be done with the code."""
    item = {"uri": URI, "languageId": "python", "version": 1, "text": CODE}
    client.notify("textDocument/didOpen", {"textDocument": item})
    document = {"textDocument": {"uri": URI}}
    inline = {**document, "position": RANGE["end"], "context": {"triggerKind": 1}}
    answer = await client.request("textDocument/inlineCompletion", inline)
    assert [item["insertText"] for item in answer["result"]["items"]] == ["return sum(items)"]
    listing = {**document, "range": RANGE, "context": {"diagnostics": []}}
    answer = await client.request("textDocument/codeAction", listing)
    explain = next(item for item in answer["result"] if item["data"]["action"] == "explain")
    before = len(client.told)
    assert (await client.request("workspace/executeCommand", explain["command"]))["result"] is None
    await client.until(lambda: "It sums." in _explained(client.told[before:]))


def _explained(told: list[dict[str, Any]]) -> str:
    """Explanations that are done; one that an earlier message asked for may be among them."""
    parts = [message["params"] for message in told if message["method"] == "herdmate/explanation"]
    done = {part["id"] for part in parts if part["done"]}
    return "\n".join(
        "".join(part["text"] for part in parts if part["id"] == found) for found in done
    )
