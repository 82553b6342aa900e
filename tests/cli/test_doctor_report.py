"""The report for a bug tracker names nothing of the user's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from herdmate.cli.doctor_checks import findings
from herdmate.cli.doctor_report import anonymous, report
from herdmate.cli.main import main
from herdmate.engine.build_report import Build
from tests.cli.test_doctor import MACHINES

_KEY = "sk-proj-" + "a1B2c3D4" * 6
_PRIVATE = (
    "/home/jane.roe", "jane", "roe-laptop", "secret-plans", "acme", "192.168.7.9", "big-machine",
    _KEY, ".gguf", "C:\\", "@",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _jane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "roe-laptop.acme.example")
    monkeypatch.setattr(Path, "home", lambda: Path("/home/jane.roe"))
    monkeypatch.setenv("USER", "jane")
    monkeypatch.setenv("LOGNAME", "jane")


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_is_reported_without_its_names(name: str) -> None:
    home = "/home/jane.roe"
    plan = f"{home}/acme/secret-plans-Q4.gguf"
    facts = replace(
        MACHINES[name],
        executable=f"{home}/.venv/bin/python",
        compiler=f"{home}/bin/c++",
        others=(f"{home}/bin/herdmate",),
        models=(*MACHINES[name].models, ("secret-plans-Q4.gguf", 4_000_000_000)),
        setting=plan,
        chosen=plan if MACHINES[name].chosen else "",
        config=f"{home}/.config/herdmate/config.toml",
        faults=(f"remote.key = {_KEY} in {plan}",),
        remote="http://jane:pw@192.168.7.9:8000",
        is_down=True,
        answer="No server answers at http://192.168.7.9:8000; jane@acme.example started it.",
        ghost=(plan, f"secret-plans-Q4.gguf at {plan} has no tensors", "trouble"),
        adapters=("secret-plans.gguf (1)",),
        misfits=(f"The adapter {plan} is cut off.",),
    )
    said = report(facts, findings(facts))
    assert not [private for private in _PRIVATE if private in said.lower()], said
    assert said.startswith("### Herdmate 1.0\n")
    assert "- Python: 3.12.1\n" in said
    assert "- Settings: 1 mistakes\n" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("OSError: libcudart.so.12: cannot open shared object file", None),
        ("it crashes on this processor (signal 4)", None),
        ("No module named 'llama_cpp'", None),
        ("llama.cpp 0.3.36 cannot be used.", None),
        ("no such file: '/home/jane.roe/x/libllama.so'", "no such file: '<path>'"),
        (r"cannot open C:\Users\jane\x.dll", "cannot open <path>"),
        (r"cannot open \\server\share\x", "cannot open <path>"),
        ("cannot open '/opt/My Secret Plans/x/libllama.so': gone", "cannot open '<path>': gone"),
        ("/opt/My Secret Plans/x.gguf is cut off", "<path> is cut off"),
        (r"D:\My Secret Plans\x.dll is cut off", "<path> is cut off"),
        ("secret.plans.Q4_K_M.gguf, libsecret.so.1 are gone", "<name>, <name> are gone"),
        ("version `GLIBCXX_3.4.32' not found (required by libggml.so)", None),
        ("~/models/a.gguf is cut off; see secret-plans.gguf.", "<path> is cut off; see <name>."),
        ("Jane started it on ROE-LAPTOP for janet", "<name> started it on <name> for janet"),
        ("no answer from 10.1.2.3:80 or box:8000", "no answer from <address> or <name>"),
        ("no answer from [fe80::1]", "no answer from [<address>]"),
        ("https://acme.example/v1?key=x refused me@acme.example", "<address> refused <address>"),
        ("tests.secret_module failed in .env", "<name> failed in <name>"),
        (f"Bearer {_KEY} is wrong", f"Bearer {'*' * len(_KEY)} is wrong"),
        ("two\nlines", "two lines"),
    ],
)  # fmt: skip
def test_sentences_keep_what_is_public(text: str, said: str | None) -> None:
    names = ["jane", "roe-laptop", "/home/jane.roe", "a"]
    assert anonymous(text, names) == (text if said is None else said)


@pytest.mark.parametrize(
    "more",
    [
        {"setting": "hush-7b", "unusable": "There is no model 'hush-7b'; did you mean hush-8b "
                                           "or hush? See `herdmate models list`."},
        {"setting": "/home/jane.roe/Hush Hush Hush/a b.gguf",
         "unusable": "There is no model file at ~/Hush Hush Hush/a b.gguf; set another."},
        {"setting": r"D:\Hush Hush Hush\a.gguf",
         "unusable": r"D:\Hush Hush Hush\a.gguf is cut off."},
        {"name": "hush:7b", "unusable": "hush:7b cannot be read."},
        {"ghost": ("hush", "There is no model 'hush'.", "trouble")},
        {"ghost": ("https://hush", "The name hush cannot be found; check it.", "trouble")},
        {"remote": "https://hush", "is_down": True, "is_unreachable": True,
         "answer": "The name hush cannot be found; check the setting remote.url and the network."},
        {"remote": "https://big", "is_down": True, "status": 404, "remote_model": "x",
         "answer": "big has no model x (it has hush-a, hush-b); change the setting remote.model."},
    ],
)  # fmt: skip
def test_names_that_are_plain_words_are_left_out(more: dict[str, Any]) -> None:
    said = report(replace(MACHINES["all well"], **more), [])
    assert "hush" not in said.lower(), said


def test_a_public_model_and_a_status_are_told() -> None:
    facts = replace(MACHINES["all well"], setting="starter", unusable="starter is cut off.",
                    remote="https://big", is_down=True, status=404)  # fmt: skip
    said = report(facts, [])
    assert "starter is cut off.\n" in said
    assert "- Remote: does not answer as it should, HTTP status 404\n" in said


def test_a_library_that_is_missing_is_told() -> None:
    facts = replace(MACHINES["all well"], build=Build(error="OSError: libcudart.so.12: not found"))
    assert "- llama.cpp: OSError: libcudart.so.12: not found\n" in report(facts, [])


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--report"])
    said = capsys.readouterr().out
    assert said.startswith("### Herdmate ")
    assert str(Path.cwd()) not in said
    with pytest.raises(SystemExit):
        main(["doctor", "--report", "--json"])
    with pytest.raises(json.JSONDecodeError):
        json.loads(said)
