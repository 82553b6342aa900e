"""``herdmate doctor --fix`` asks first, and does what was chosen."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from herdmate.cli import doctor, doctor_fix
from herdmate.cli.doctor_facts import Facts
from herdmate.cli.doctor_fix import fix
from herdmate.cli.main import main
from herdmate.engine.build_report import Build
from herdmate.errors import InstallError
from herdmate.llama_install.install import Offer, Request
from herdmate.llama_install.machine import Machine

_INDEX = "https://example.org/whl"
_OFFER = Offer(
    True, "How should it be installed?", "Ready-made: 25 MB from example.org.", True, True
)


class _Done:
    """What was asked of the machine."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, can: Offer, wrong: str = "") -> None:
        self.requests = list[Request]()
        self.reached = list[str]()
        self.wrong = wrong
        monkeypatch.setattr(doctor_fix, "this_machine", lambda: Machine("linux", "x86_64"))
        monkeypatch.setattr(doctor_fix, "offer", lambda _machine, _index: can)
        monkeypatch.setattr(doctor_fix, "install", self._install)
        monkeypatch.setattr(
            doctor_fix, "check_reachable", lambda _, index: self.reached.append(index)
        )

    def _install(self, request: Request, machine: Machine, tell: object) -> None:
        self.requests.append(request)
        if self.wrong:
            raise InstallError(self.wrong)


@pytest.mark.parametrize(
    ("typed", "how"),
    [
        ("fetch\n", "ready-made"),
        ("build\n", "build"),
        ("nothing\n", None),
        ("\n", None),
        ("", None),
    ],
)
def test_only_what_was_chosen_is_done(
    typed: str, how: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = _Done(monkeypatch, _OFFER)
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert fix(_INDEX) == (how is not None)
    assert [request.how for request in done.requests] == ([how] if how else [])
    assert all(request.is_again and request.index == _INDEX for request in done.requests)
    assert done.reached == ([_INDEX] if how == "ready-made" else [])
    said = capsys.readouterr().out
    assert "Ready-made: 25 MB from example.org." in said
    assert ("llama.cpp works now." in said) == (how is not None)
    assert ("Nothing was done." in said) == (how is None)


def test_what_is_not_possible_is_not_offered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = _Done(monkeypatch, Offer(True, "How?", "Detail.", False, True))
    monkeypatch.setattr("sys.stdin", io.StringIO("fetch\nnothing\n"))
    assert not fix(_INDEX)
    assert done.requests == []
    assert "[build/nothing]" in capsys.readouterr().out


def test_what_works_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = _Done(monkeypatch, Offer(False, "How?", "Detail.", True, True))
    assert fix(_INDEX)
    assert done.requests == []
    assert "nothing to fix about llama.cpp" in capsys.readouterr().out


def test_what_goes_wrong_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _Done(monkeypatch, _OFFER, "example.org answers with HTTP status 500.")
    monkeypatch.setattr("sys.stdin", io.StringIO("fetch\n"))
    assert not fix(_INDEX)
    assert "example.org answers with HTTP status 500." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "error", "disk", "code"),
    [
        ("build\n", "it crashed", 9, 0),
        ("nothing\n", "it crashed", 9, 1),
        ("", "", 9, 0),  # nothing had to be done
        ("build\n", "it crashed", 0, 1),  # the disk is still full
        ("", "", 0, 1),
    ],
)
def test_the_exit_code_says_whether_something_is_left_to_do(
    typed: str, error: str, disk: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = Build(version="1", error=error)
    facts = Facts("1", "linux", "3.12", "/python", build, compiler="c++", chosen="/m.gguf",
                  name="m", free_disk=disk << 30)  # fmt: skip
    done = _Done(monkeypatch, replace(_OFFER, needed=bool(error)))
    monkeypatch.setattr(doctor, "_facts", lambda _: facts)
    monkeypatch.setattr(doctor, "build", lambda: Build("1", error="" if done.requests else error))
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert main(["doctor", "--fix"]) == code


@pytest.mark.parametrize("index", ["nonsense", "http://example.org/whl", "https://", "ftp://x/y"])
def test_a_wrong_index_is_told_as_the_option_that_it_is(
    index: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["doctor", "--fix", "--wheel-index", index])
    said = capsys.readouterr().err
    assert f"--wheel-index: must be the https address of a folder, not {index!r}" in said
