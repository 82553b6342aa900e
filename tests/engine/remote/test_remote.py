"""The engine on another machine, beside a server that behaves, and one that does not."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from herdmate.engine.interface import EngineState
from herdmate.engine.remote.connection import _no_connection
from herdmate.engine.remote.endpoint import endpoint_of
from herdmate.engine.remote.engine import Patience, RemoteEngine, RemoteStart
from herdmate.engine.remote.probe import probe
from herdmate.errors import (
    ContextFullError,
    EngineError,
    EngineStoppedError,
    HerdmateError,
    ServerError,
    SettingsError,
    UnreachableError,
)
from herdmate.generation import SERVER_HOLE, Finished, Piece, Request, Sampling
from herdmate.prompting.families import Turn, family_of, infill_prompt, instruct_prompt
from herdmate.prompting.family_from_name import pieces_by_name
from tests.engine.remote.server import (
    CHUNKED,
    MODELS,
    PROBES,
    STREAM,
    Answer,
    Asked,
    Server,
    chunk,
    event,
    reply,
    serving,
    words,
)
from tests.waiting import until

HASTY = Patience(
    first=1.0, next=0.3, last=0.2, pauses=(0.01, 0.01), loading=5.0, meeting=(0.02, 0.05)
)
DONE = event("[DONE]")
GOOD = STREAM + words("return ", "a + b", reason="stop") + DONE
COMPLETIONS = "/v1/completions"


@asynccontextmanager
async def remote(
    answers: Mapping[str, bytes | Answer], patience: Patience = HASTY, **inputs: Any
) -> AsyncIterator[tuple[RemoteEngine, Server, list[EngineState]]]:
    """An engine and its server, which has one model unless ``answers`` say otherwise."""
    async with serving({"/v1/models": reply(200, MODELS), **answers}) as server:
        states: list[EngineState] = []
        place = endpoint_of(server.url + inputs.get("base", ""), inputs.get("key", ""))
        start = RemoteStart(
            place,
            inputs.get("api", "auto"),
            inputs.get("model", ""),
            inputs.get("context", 4096),
            patience,
        )
        engine = RemoteEngine(start, pieces_by_name, states.append)
        engine.start()
        try:
            yield engine, server, states
        finally:
            await engine.stop()


async def ask(engine: RemoteEngine, **changes: Any) -> tuple[str, Finished]:
    """What is said at a cursor, or to a question where ``system`` says so."""
    family = family_of(await engine.ready())
    prompt = infill_prompt(family, changes.pop("prefix", "def f():\n    "), "\n\nx = 1\n")
    text, finished = "", None
    async with aclosing(engine.generate(Request(prompt, "lane", 32, **changes))) as events:
        async for said in events:
            if isinstance(said, Piece):
                text += said.text
            else:
                finished = said
    assert finished is not None
    return text, finished


async def test_an_answer_its_figures_and_what_was_asked() -> None:
    usage = {"prompt_tokens": 20, "completion_tokens": 5, "prompt_tokens_details": None}
    said = STREAM + words("a", " + b\n", reason="stop") + event({"choices": [], "usage": usage})
    async with remote({COMPLETIONS: said + DONE}, key="secret") as (engine, server, states):
        info = await engine.ready()
        assert (info.name, info.context) == ("qwen2.5-coder-0.5b-instruct", 8192)
        text, finished = await ask(engine, stop=("\n\n",))
        assert (text, finished.reason) == ("a + b\n", "end")
        assert (finished.usage.prompt_tokens, finished.usage.generated_tokens) == (20, 5)
        assert (await engine.totals()).generated_tokens == 5
    asked = server.asked[-1]
    assert asked.headers["authorization"] == "Bearer secret"
    assert asked.body["prompt"] == (
        "<|fim_prefix|>def f():\n    <|fim_suffix|>\n\nx = 1\n<|fim_middle|>"
    )
    assert asked.body["stop"][0] == "\n\n"
    assert len(asked.body["stop"]) <= 4
    assert [state.state for state in states] == ["loading", "ready", "ready", "stopped"]


@pytest.mark.parametrize("figure", ["1e999", "-1e999", "NaN", "1" + "0" * 400, "-7", "[[1]]"])
async def test_figures_that_count_nothing_spoil_no_answer(figure: str) -> None:
    usage = f'data: {{"choices": [], "usage": {{"prompt_tokens": {figure}}}}}\n\n'.encode()
    answer = words("a", " + b\n", reason="stop") + usage + DONE
    async with remote({COMPLETIONS: STREAM + answer}) as (engine, _, _):
        assert (await ask(engine))[0] == "a + b\n"


async def test_an_answer_in_chunks_that_cut_its_lines_and_characters() -> None:
    data = words("wörld €", reason="length") + DONE
    parts = b"".join(chunk(data[at : at + 3]) for at in range(0, len(data), 3)) + chunk(b"")
    async with remote({COMPLETIONS: CHUNKED + parts}) as (engine, _, _):
        text, finished = await ask(engine)
    assert (text, finished.reason) == ("wörld €", "length")


async def test_a_server_that_does_not_stream() -> None:
    whole = reply(200, {"choices": [{"text": "a + b", "finish_reason": "stop"}]})
    async with remote({COMPLETIONS: whole}) as (engine, _, _):
        assert (await ask(engine))[0] == "a + b"


async def test_a_stop_string_ends_it_here_and_there() -> None:
    async def endless(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM)
        while True:
            writer.write(words("ab;", "c"))
            await writer.drain()
            await asyncio.sleep(0)

    async with remote({COMPLETIONS: endless}) as (engine, server, _):
        text, finished = await ask(engine, stop=(";c",))
        assert (text, finished.reason) == ("ab", "stop")
        await asyncio.wait_for(server.hung_up.wait(), 60)
        text, finished = await ask(engine)  # no stop string: it ends all the same
        assert finished.reason == "length"
        assert len(text) < 300


async def test_closing_the_answer_hangs_up() -> None:
    async def slow(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM + words("a"))
        await asyncio.Event().wait()

    ends: list[Finished] = []
    async with remote({COMPLETIONS: slow}, Patience()) as (engine, server, _):
        prompt = infill_prompt(family_of(await engine.ready()), "x", "y")
        answer = engine.generate(Request(prompt, "lane", 9), ends.append)
        assert await anext(answer) == Piece("a")
        await answer.aclose()
        await asyncio.wait_for(server.hung_up.wait(), 60)
        server.hung_up.clear()
        task = asyncio.ensure_future(ask(engine))
        await until(lambda: server.paths().count(COMPLETIONS) >= 2)
        task.cancel()
        await asyncio.wait_for(server.hung_up.wait(), 60)
    assert [end.reason for end in ends] == ["cancelled"]
    assert ends[0].usage.generated_tokens == 1


async def test_stopping_the_engine_ends_what_is_in_flight() -> None:
    began = asyncio.Event()

    async def silent(_asked: Asked, _writer: asyncio.StreamWriter) -> None:
        began.set()
        await asyncio.Event().wait()

    async with remote({COMPLETIONS: silent}, Patience()) as (engine, _, _):
        task = asyncio.ensure_future(ask(engine))
        await asyncio.wait_for(began.wait(), 10)
        await engine.stop()
        with pytest.raises(EngineStoppedError):
            await asyncio.wait_for(task, 60)


async def _silent(_asked: Asked, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _falls_silent(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(STREAM + words("a"))
    await asyncio.Event().wait()


async def _only_pings(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(STREAM)
    while True:
        writer.write(b": ping\n\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def _one_endless_line(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(STREAM + b"data: ")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def _says_nothing_for_ever(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(STREAM)
    while True:
        writer.write(words("") * 100)
        await writer.drain()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (_silent, "sent nothing for"),
        (_falls_silent, "sent nothing for"),
        (_only_pings, "sent nothing for"),
        (_one_endless_line, "valid HTTP response"),
        (_says_nothing_for_ever, "but no answer"),
        (STREAM + words("a"), "closed the connection before"),
        (CHUNKED + chunk(words("a")), "closed the connection before"),
        (CHUNKED + b"zz\r\nabc", "valid HTTP response"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "valid HTTP response"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ndata: {", "closed the connection before"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "valid HTTP response"),
        (STREAM + b"data: {not json}\n\n", "is not a model server"),
        (STREAM + b"data: [1, 2]\n\n", "is not a model server"),
        (STREAM + b"data: " + b"[" * 100_000 + b"\n\n", "is not a model server"),
        (reply(200, b"<html>sign in</html>"), "is not a model server"),
        (reply(200, {"error": "Unexpected endpoint"}), "Unexpected endpoint"),
        (STREAM + words("a") + event({"error": {"message": "out of memory"}}), "out of memory"),
        (reply(200, {"object": "error", "message": "odd"}), "odd"),
        (reply(401, {"detail": "who?"}), "HERDMATE_API_KEY"),
        (reply(302, b"", Location="http://127.0.0.1:9/"), "redirects to another address"),
        (reply(307, b"", Location="https://example.org/"), "redirects to another address"),
        (reply(500, b"Traceback (most recent call last)"), "returned error 500"),
        (reply(500, b"[" * 100_000), "returned error 500"),
        (reply(429, {"error": {"message": "slow down"}}), "overloaded"),
    ],
)
async def test_misbehaviour_ends_in_a_sentence(answer: bytes | Answer, sentence: str) -> None:
    async with remote({COMPLETIONS: answer}) as (engine, server, _):
        with pytest.raises(EngineError, match=sentence) as caught:
            await asyncio.wait_for(ask(engine), 30)
        assert "127.0.0.1" in str(caught.value) or "The remote server" in str(caught.value)
        before = len(server.asked)
        assert (await engine.ready()).name  # the server is still known
        assert len(server.asked) == before


@pytest.mark.parametrize("rest", ["", "\n" + "Please reduce the length of the prompt. " * 8])
async def test_a_prompt_that_does_not_fit(rest: str) -> None:
    """What a server says of it is understood even if it is too long to be quoted, as vLLM's is."""
    limit = f"This model's maximum context length is 512 tokens.{rest}"
    said = {"object": "error", "message": limit}
    async with remote({COMPLETIONS: reply(400, said)}) as (engine, _, _):
        with pytest.raises(ContextFullError, match="contextTokens"):
            await ask(engine)


@pytest.mark.parametrize(
    "refusal", [b"", *(reply(status, {"error": "busy"}) for status in (429, 502, 503, 504))]
)
async def test_what_passes_is_asked_again(refusal: bytes) -> None:
    refusals = 2

    async def busy_first(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal refusals
        refusals -= 1
        writer.write(refusal if refusals >= 0 else GOOD)

    async with remote({COMPLETIONS: busy_first}) as (engine, server, _):
        assert (await ask(engine))[0] == "return a + b"
    assert server.paths().count(COMPLETIONS) == 3


async def _resets(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


PAGE = b"<html>Service Unavailable</html>"
no_server_behind = pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        pytest.param(_resets, "closes them at once", id="reset"),
        pytest.param(b"", "closes them at once", id="closed"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-", "closes them at once", id="half a head"),
        pytest.param(reply(502, PAGE), "no server is running behind it", id="502"),
        pytest.param(reply(503, PAGE), "no server is running behind it", id="503"),
        pytest.param(reply(504, {"error": "timeout"}), "no server is running behind it", id="504"),
    ],
)


@no_server_behind
async def test_what_only_takes_connections_counts_as_not_there(
    answer: bytes | Answer, sentence: str
) -> None:
    """Of an answer: it is asked for again, and then given up and told of."""
    async with remote({COMPLETIONS: answer}) as (engine, server, states):
        with pytest.raises(UnreachableError, match=sentence):
            await asyncio.wait_for(ask(engine), 10)
        assert server.paths().count(COMPLETIONS) == 3
        (failed,) = [state for state in states if state.state == "failed"]
        assert isinstance(failed.error, UnreachableError)


@no_server_behind
async def test_what_only_takes_connections_is_not_met(
    answer: bytes | Answer, sentence: str
) -> None:
    async with remote(dict.fromkeys(PROBES, answer)) as (engine, server, states):
        with pytest.raises(UnreachableError, match=sentence):
            await asyncio.wait_for(engine.ready(), 10)
        told_by_one = "no server" in sentence
        assert set(server.paths()) == set(PROBES[:1] if told_by_one else PROBES)
        assert [state.state for state in states] == ["loading", "failed"]


@pytest.mark.parametrize("answer", [_resets, b""], ids=["reset", "closed"])
async def test_a_server_may_hang_up_on_what_it_does_not_know(answer: bytes | Answer) -> None:
    async with remote(dict.fromkeys(PROBES[:-1], answer)) as (engine, server, states):
        assert (await engine.ready()).name == "qwen2.5-coder-0.5b-instruct"
        assert server.paths() == PROBES
        assert [state.state for state in states] == ["loading", "ready"]
    about = {"default_generation_settings": {"n_ctx": 2048}, "model_alias": "its-name"}
    async with remote({"/props": reply(200, about), "/infill": answer}) as (engine, _, states):
        info = await engine.ready()
        assert (info.name, SERVER_HOLE[0] in info.pieces) == ("its-name", False)
        assert [state.state for state in states] == ["loading", "ready"]


async def test_what_was_begun_is_not_asked_again() -> None:
    async with remote({COMPLETIONS: STREAM + words("a")}) as (engine, server, _):
        with pytest.raises(ServerError, match="closed the connection before"):
            await ask(engine)
    assert server.paths().count(COMPLETIONS) == 1


async def test_a_model_that_loads_is_waited_for_and_told_of() -> None:
    loading = reply(503, {"error": {"code": 503, "message": "Loading model"}})
    left = 5

    async def props(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal left
        left -= 1
        about = {
            "default_generation_settings": {"n_ctx": 2048},
            "model_path": "/m/CodeLlama-7B.gguf",
        }
        writer.write(loading if left >= 0 else reply(200, about))

    async with remote({"/props": props}) as (engine, server, states):
        info = await asyncio.wait_for(engine.ready(), 10)
        assert (info.name, info.context) == ("CodeLlama-7B.gguf", 2048)
        assert family_of(info).name == "CodeLlama"
    assert server.paths().count("/props") > 5
    assert {state.state for state in states} == {"loading", "ready", "stopped"}
    assert any("loading its model" in state.message for state in states)


async def test_nobody_answers_until_somebody_does() -> None:
    async with serving({}) as gone:
        url = gone.url
    states: list[EngineState] = []
    engine = RemoteEngine(
        RemoteStart(endpoint_of(url), "openai", "", 4096, HASTY), pieces_by_name, states.append
    )
    engine.start()
    try:
        for _ in range(2):  # each question tries again, and waits for nothing else
            with pytest.raises(UnreachableError, match="No server answers at 127"):
                await asyncio.wait_for(engine.ready(), 10)
        assert [state.state for state in states] == ["loading", "failed"]  # told once
        port = int(url.rpartition(":")[2])

        def handle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(reply(200, MODELS))

        listening = await asyncio.start_server(handle, "127.0.0.1", port)
        await until(lambda: states[-1].info)
        assert (await engine.ready()).name
        listening.close()
    finally:
        await engine.stop()


async def test_a_server_that_goes_is_told_of_and_found_again() -> None:
    async with serving({"/v1/models": reply(200, MODELS), COMPLETIONS: GOOD}) as server:
        states: list[EngineState] = []
        start = RemoteStart(endpoint_of(server.url), "openai", "", 4096, HASTY)
        engine = RemoteEngine(start, pieces_by_name, states.append)
        engine.start()
        assert (await ask(engine))[0] == "return a + b"
    try:
        with pytest.raises(UnreachableError):
            await asyncio.wait_for(ask(engine), 10)
        assert states[-1].state == "failed"
        assert isinstance(states[-1].error, UnreachableError)
    finally:
        await engine.stop()


@pytest.mark.parametrize("name", ["gpt-9", "starter", "codellama-7b", "/models/a.gguf"])
async def test_a_model_that_is_not_there_is_named_with_those_that_are(name: str) -> None:
    """A name of this machine's models is none there."""
    async with remote({}, model=name) as (engine, _, states):
        with pytest.raises(ServerError, match=rf"has no model {name} \(it has qwen"):
            await engine.ready()
        assert [state.state for state in states] == ["loading", "failed"]


@pytest.mark.parametrize(
    ("listed", "expected"), [(["embedder", "qwen", "other"], "qwen"), (["qwen", "auto"], "auto")]
)
async def test_auto_is_the_first_model_that_writes_or_one_of_that_name(
    listed: list[str], expected: str
) -> None:
    models = {"data": [{"id": name} for name in listed]}
    async with remote({"/v1/models": reply(200, models)}, model="auto") as (engine, _, _):
        assert (await engine.ready()).name == expected


@pytest.mark.parametrize("owner", ["vllm", "library", None])
async def test_only_vllm_is_told_what_it_would_decide_itself(owner: str | None) -> None:
    """Elsewhere these options may be refused; a control piece that ends an answer must be seen."""
    models = {"data": [{**MODELS["data"][0], "owned_by": owner}]}
    answers = {"/v1/models": reply(200, models), COMPLETIONS: GOOD}
    async with remote(answers) as (engine, server, _):
        await ask(engine)
    penalties = {"repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}
    options = {"top_k": 40, "min_p": 0.05, "skip_special_tokens": False, **penalties}
    told = {name: value for name, value in server.asked[-1].body.items() if name in options}
    assert told == (options if owner == "vllm" else {})


async def test_an_address_with_v1_and_something_before_it() -> None:
    answers = {"/team/v1/models": reply(200, MODELS), "/team/v1/completions": GOOD}
    async with remote(answers, base="/team/v1/") as (engine, _, _):
        assert (await ask(engine))[0] == "return a + b"


async def test_nothing_is_asked_only_to_read_ahead() -> None:
    async with remote({COMPLETIONS: GOOD}) as (engine, server, _):
        prompt = infill_prompt(family_of(await engine.ready()), "x", "y")
        said = [event async for event in engine.generate(Request(prompt, "lane", 0))]
        assert [type(event) for event in said] == [Finished]
        assert COMPLETIONS not in server.paths()


async def test_the_key_and_the_code_stand_in_no_log_and_no_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with remote({COMPLETIONS: reply(401, {})}, key="sk-very-secret") as (engine, _, states):
        with pytest.raises(ServerError) as caught:
            await ask(engine)
        told = f"{caught.value} {caplog.text} {states} {engine._start}"
    assert "sk-very-secret" not in told
    assert "def f" not in told


async def test_llama_server_is_spoken_to_in_its_own_words() -> None:
    about = {
        "default_generation_settings": {"n_ctx": 2048},
        "model_path": "/m/qwen2.5-coder-7b-instruct-q4_k_m.gguf",
    }
    end = {
        "content": "", "stop": True, "stop_type": "eos", "tokens_evaluated": 30,
        "timings": {"prompt_n": 10, "prompt_ms": 500.0, "predicted_n": 2, "predicted_ms": 100.0},
    }  # fmt: skip
    said = STREAM + event({"content": "a", "stop": False}) + event(end)
    pieces = [{"id": 1, "piece": "def"}, {"id": 2, "piece": " f"}, {"id": 3, "piece": [195]},
              {"id": 4, "piece": [182]}, {"id": 5, "piece": "()\n"}]  # fmt: skip
    answers = {
        "/props": reply(200, about),
        "/completion": said,
        "/tokenize": reply(200, {"tokens": pieces}),
    }
    async with remote(answers) as (engine, server, _):
        text, finished = await ask(engine)
        assert (text, finished.reason) == ("a", "end")
        usage = finished.usage
        assert (usage.prompt_tokens, usage.reused_tokens, usage.evaluated_tokens) == (30, 20, 10)
        assert (usage.prompt_seconds, usage.generation_seconds) == (0.5, 0.1)
        assert await engine.count_tokens(["def f", "ö()\n", ""]) == [2, 3, 0]
    asked = next(asked for asked in server.asked if asked.path == "/completion")
    assert asked.body["cache_prompt"] is True


async def test_ollama_is_spoken_to_in_its_own_words() -> None:
    tags = {"models": [{"name": "nomic-embed-text:latest"}, {"name": "qwen2.5-coder:1.5b"}]}
    show = {"model_info": {"qwen2.context_length": 32768}, "capabilities": ["completion", "insert"]}
    lines = (
        b'{"response": "a", "done": false}\n{"response": " + b", "done": false}\n'
        b'{"response": "", "done": true, "done_reason": "length", "prompt_eval_count": 12,'
        b' "prompt_eval_duration": 500000000, "eval_count": 4, "eval_duration": 250000000}\n'
    )
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n"
    answers = {
        "/api/version": reply(200, {"version": "0.12.0"}),
        "/api/tags": reply(200, tags),
        "/api/show": reply(200, show),
        "/api/generate": head + lines,
    }
    async with remote(answers, context=0) as (engine, _, _):
        assert (await engine.ready()).context == 32768  # the model's own
    async with remote(answers) as (engine, server, _):
        info = await engine.ready()
        assert (info.name, info.context) == ("qwen2.5-coder:1.5b", 4096)
        assert family_of(info).note is None  # it follows instructions, as its tag says
        text, finished = await ask(engine, sampling=Sampling(0.5))
        assert (text, finished.reason) == ("a + b", "length")
        assert finished.usage.prompt_seconds == 0.5
    asked = server.asked[-1].body
    assert (asked["raw"], asked["options"]["num_ctx"]) == (True, 4096)
    assert asked["options"]["temperature"] == 0.5


async def test_an_unknown_model_fills_in_and_talks_as_its_server_knows() -> None:
    tags = {"models": [{"name": "starcoder2:3b"}]}
    hole = b'HTTP/1.1 200 OK\r\n\r\n{"response": "x", "done": true, "done_reason": "stop"}\n'
    said = "Sure, here:\n```python\ndef g(): ...\n```"
    turns = [{"message": {"content": character}, "done": False} for character in said]
    lines = [json.dumps(line) + "\n" for line in (*turns, {"done": True, "done_reason": "stop"})]
    talk = b"HTTP/1.1 200 OK\r\n\r\n" + "".join(lines).encode()
    answers = {
        "/api/tags": reply(200, tags),
        "/api/show": reply(200, {"capabilities": ["insert"]}),
        "/api/generate": hole,
        "/api/chat": talk,
    }
    async with remote(answers, api="ollama") as (engine, server, _):
        assert (await ask(engine, prefix="a <|im_end|> b"))[0] == "x"
        asked = server.asked[-1].body
        assert asked["suffix"] == "\n\nx = 1\n"
        assert "<|im_end|>" not in asked["prompt"]
        assert "raw" not in asked
        family = family_of(await engine.ready())
        prompt = instruct_prompt(family, "Be brief.", (Turn("user", "Mend it."),), "```python\n")
        request = Request(prompt, "lane", 100)
        events = [event async for event in engine.generate(request)]
        text = "".join(event.text for event in events if isinstance(event, Piece))
    assert text == "def g(): ...\n```"
    assert server.asked[-1].body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Mend it."},
    ]


async def _pieces(engine: RemoteEngine) -> list[tuple[str, float | None]]:
    family = family_of(await engine.ready())
    request = Request(infill_prompt(family, "x = ", "\n"), "lane", 32, logprobs=True)
    async with aclosing(engine.generate(request)) as events:
        return [(said.text, said.logprob) async for said in events if isinstance(said, Piece)]


def _choice(text: str, found: object) -> bytes:
    return event({"choices": [{"text": text, "logprobs": found, "finish_reason": None}]})


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"token_logprobs": [-0.25, -0.5]}, {"token_logprobs": [-1]}),
        ({"content": [{"logprob": -0.75}]}, {"content": [{"logprob": -0.5}, {"logprob": -0.5}]}),
    ],
)
async def test_the_probability_of_what_is_said(one: object, two: object) -> None:
    said = STREAM + _choice("a +", one) + _choice(" b", two) + DONE
    async with remote({COMPLETIONS: said}) as (engine, server, _):
        assert await _pieces(engine) == [("a +", -0.75), (" b", -1.0)]
    assert server.asked[-1].body["logprobs"] == 1


@pytest.mark.parametrize(
    "found",
    [None, {}, [], "no", {"token_logprobs": [None]}, {"token_logprobs": []},
     {"token_logprobs": ["-1"]}, {"content": [{}]}, {"content": [3]}, {"content": 7},
     {"token_logprobs": [3.5]}, {"token_logprobs": [True]}, {"token_logprobs": [float("nan")]}],
)  # fmt: skip
async def test_a_probability_that_is_not_told_is_not_known(found: object) -> None:
    said = STREAM + _choice("a +", {"token_logprobs": [-1]}) + _choice(" b", found) + DONE
    async with remote({COMPLETIONS: said}) as (engine, _, _):
        assert await _pieces(engine) == [("a +", -1.0), (" b", None)]


async def test_absurd_probabilities_are_bounded() -> None:
    said = STREAM + _choice("a", {"token_logprobs": [-(10**400), float("-inf")]}) + DONE
    async with remote({COMPLETIONS: said}) as (engine, _, _):
        assert await _pieces(engine) == [("a", -20_000.0)]


async def test_a_server_that_cannot_tell_probabilities_is_asked_without_from_then_on() -> None:
    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        refusal = reply(500, {"error": "logits_all=False"})
        writer.write(refusal if "logprobs" in asked.body else GOOD)

    async with remote({COMPLETIONS: answer}) as (engine, server, _):
        assert await _pieces(engine) == [("return ", None), ("a + b", None)]
        assert await _pieces(engine) == [("return ", None), ("a + b", None)]
    tries = [asked for asked in server.asked if asked.path == COMPLETIONS]
    assert ["logprobs" in asked.body for asked in tries] == [True, False, False]


async def test_a_server_without_https_is_not_said_to_be_down() -> None:
    async with serving({"/v1/models": reply(200, MODELS)}) as server:
        url = server.url.replace("http://", "https://")
        with pytest.raises(UnreachableError, match="does not speak https"):
            await probe(endpoint_of(url), "openai", "", 4096, pieces_by_name)


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (socket.gaierror(-2, "Name or service not known"), "The name big-machine cannot be found"),
        (ConnectionRefusedError(), "No server answers at big-machine:8000"),
        (ssl.SSLEOFError(), "No server answers at big-machine:8000"),
    ],
)
def test_why_there_is_no_connection_is_told(cause: Exception, said: str) -> None:
    error = RuntimeError()
    error.__cause__ = cause
    assert said in str(_no_connection(endpoint_of("http://big-machine:8000"), error))


def test_a_port_that_no_server_can_have_is_no_address() -> None:
    with pytest.raises(SettingsError, match="must be an address"):
        endpoint_of("http://127.0.0.1:0")


@pytest.mark.parametrize("turns", range(5))
async def test_a_stop_counts_also_at_the_moment_of_a_request(
    turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request makes it ask the server again."""
    patience = Patience(meeting=(0.0, 90.0))
    start = RemoteStart(endpoint_of("http://127.0.0.1:9"), "auto", "", 4096, patience)
    engine = RemoteEngine(start, lambda _: {})
    met = asyncio.Event()

    async def nobody() -> HerdmateError:
        met.set()
        return UnreachableError("Nobody answers.")

    monkeypatch.setattr(engine, "_try_to_meet", nobody)
    engine.start()
    await met.wait()
    await asyncio.sleep(0.05)
    asking = asyncio.ensure_future(engine.ready())
    for _ in range(turns):
        await asyncio.sleep(0)
    await asyncio.wait_for(engine.stop(), 20)
    with pytest.raises(HerdmateError):
        await asking
