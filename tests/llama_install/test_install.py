"""llama.cpp is installed into an environment from an index on loopback, or the reason is told.

The wheel is a stub: what is tested is what is fetched, checked, installed and left alone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import herdmate
from herdmate.llama_install import VERSION
from herdmate.llama_install.__main__ import main
from tests.llama_install.stub_wheel import NAME, PAGE, index_of, stub_wheel
from tests.models.file_server import Files, serving

_SOURCE = Path(herdmate.__file__).parent
_RUN = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from herdmate.llama_install.__main__ import main; sys.exit(main())"
)
"""What the extension runs."""


@dataclass(frozen=True)
class _Environment:
    """An environment of its own, and Herdmate as a file that it imports from."""

    python: Path
    wheel: Path
    work: Path

    def run(
        self, *words: str, more: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, "-I", "-c", _RUN, self.wheel, *words],
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, **(more or {})},
            timeout=200,
        )

    def install(
        self, files: Files, *words: str, more: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        index = ["--index", f"{files.url}/whl", "--work", str(self.work)]
        done = self.run("install", "--how", "ready-made", *index, *words, more=more)
        assert not self.work.exists()
        return done

    def installed(self) -> dict[str, str]:
        """Names and versions of all that is installed."""
        code = (
            "import json; from importlib.metadata import distributions as d; "
            "print(json.dumps({it.name: it.version for it in d()}))"
        )
        done = subprocess.run(
            [self.python, "-I", "-c", code], capture_output=True, check=True, encoding="utf-8"
        )
        told: dict[str, str] = json.loads(done.stdout)
        return {name: version for name, version in told.items() if name not in _FIRST}


_FIRST = {"pip", "setuptools"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> _Environment:
    folder = tmp_path_factory.mktemp("llama")
    venv.create(folder / "venv", with_pip=True)
    with zipfile.ZipFile(folder / "herdmate.whl", "w") as archive:
        for path in [*_SOURCE.glob("*.py"), *(_SOURCE / "llama_install").iterdir()]:
            if path.is_file():
                archive.write(path, Path("herdmate") / path.relative_to(_SOURCE))
    bin_folder = "Scripts" if os.name == "nt" else "bin"
    return _Environment(
        folder / "venv" / bin_folder / "python", folder / "herdmate.whl", folder / "work"
    )


@pytest.fixture
def environment(made: _Environment) -> Iterator[_Environment]:
    yield made
    for folder in made.python.parent.parent.rglob("site-packages/llama_cpp*"):
        shutil.rmtree(folder)


@pytest.fixture
def index() -> Iterator[Files]:
    with serving({**index_of(NAME), PAGE + NAME: stub_wheel()}) as files:
        yield files


def test_it_is_offered_from_inside_the_wheel_without_any_package(made: _Environment) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _RUN, made.wheel, "offer"],
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told) == {"needed", "question", "detail", "readyMade", "build"}
    assert told["needed"]
    assert f"llama-cpp-python {VERSION}" in told["detail"] or not told["readyMade"]


def test_a_wheel_is_fetched_and_installed_once(environment: _Environment, index: Files) -> None:
    with serving({}) as elsewhere:
        more = {"PIP_EXTRA_INDEX_URL": f"{elsewhere.url}/simple", "PIP_FIND_LINKS": elsewhere.url}
        done = environment.install(index, more=more)
        assert done.returncode == 0, done.stderr
        assert elsewhere.asked == []
    assert environment.installed() == {"llama_cpp_python": VERSION}
    assert [path for path, _ in index.gets()] == [PAGE, PAGE + NAME]
    assert "Looking for llama.cpp at 127.0.0.1\n" in done.stdout
    again = environment.install(index)
    assert (again.returncode, again.stdout) == (0, "")
    assert len(index.gets()) == 2
    told = json.loads(environment.run("offer").stdout)
    assert not told["needed"]


def test_what_it_depends_on_is_not_fetched(environment: _Environment, index: Files) -> None:
    metadata = f"Name: llama_cpp_python\nVersion: {VERSION}\nRequires-Dist: evil\n\n"
    path = f"llama_cpp_python-{VERSION}.dist-info/METADATA"
    index.data[PAGE + NAME] = stub_wheel(more={path: metadata})
    assert environment.install(index).returncode == 0
    assert environment.installed() == {"llama_cpp_python": VERSION}
    assert len(index.gets()) == 2


@pytest.mark.parametrize(
    ("links", "said"),
    [
        ((f"{NAME}#sha256={'a' * 64}",), f"{NAME} is not what it should be"),
        (("numpy-9.9-py3-none-any.whl",), f"has no llama-cpp-python {VERSION}"),
        ((), f"has no llama-cpp-python {VERSION}"),
    ],
)
def test_what_is_not_the_wheel_is_not_installed(
    environment: _Environment, index: Files, links: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    index.data |= index_of(*links)
    done = environment.install(index, more={"PATH": str(tmp_path)})  # there is no compiler
    assert done.returncode == 1
    assert said in done.stdout + done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert environment.installed() == {}


def test_where_there_is_no_wheel_it_is_built(
    environment: _Environment, index: Files, tmp_path: Path
) -> None:
    index.data.clear()
    done = environment.install(index, more={"PATH": str(tmp_path)})
    assert "; llama.cpp is built instead\n" in done.stdout
    needs = "error: llama.cpp has to be built here, which needs a C++ compiler.\n"
    assert done.stderr.endswith(needs)


def test_what_crashes_here_takes_the_place_of_nothing(
    environment: _Environment, index: Files, tmp_path: Path
) -> None:
    assert environment.install(index).returncode == 0
    site = next(environment.python.parent.parent.rglob("site-packages/llama_cpp"))
    (site / "__init__.py").write_text("kept = True")  # as if it were another, which is not fit
    index.data[PAGE + NAME] = stub_wheel("import os; os.abort()")
    done = environment.install(index, more={"PATH": str(tmp_path)})
    assert done.returncode == 1
    assert "The ready-made llama.cpp (cpu) does not run here" in done.stdout
    assert (site / "__init__.py").read_text() == "kept = True"


def test_an_index_that_cannot_be_reached_is_said_in_a_sentence(environment: _Environment) -> None:
    with serving({}) as files:
        url = files.url
    said = (
        "error: 127.0.0.1 cannot be reached, so llama.cpp cannot be fetched ready-made. Connect to "
        "the network and retry, or build it here.\n"
    )
    assert environment.run("reach", "--index", f"{url}/whl").stderr == said
    done = environment.install(Files({}, url))
    assert (done.returncode, done.stderr) == (1, said)


def test_a_file_without_end_and_one_that_breaks_off_are_refused(
    environment: _Environment, index: Files
) -> None:
    index.claims = 400 << 20
    done = environment.install(index)
    assert done.stderr.endswith("error: 127.0.0.1 offers 419 MB, which is too large for a wheel.\n")
    index.claims = len(stub_wheel()) + 1000
    done = environment.install(index)
    assert done.returncode == 1
    assert "error: 127.0.0.1 " in done.stderr
    assert environment.installed() == {}


@pytest.mark.skipif(os.name == "nt", reason="Windows ends programs without a word to them")
def test_one_that_is_cancelled_leaves_no_temporary_files(
    environment: _Environment, index: Files
) -> None:
    index.data[PAGE + NAME] = stub_wheel(more={"llama_cpp/large": "x" * (1 << 20)})
    index.stalls_after = 1 << 18
    words = ["install", "--how", "ready-made", "--index", f"{index.url}/whl"]
    with subprocess.Popen(
        [environment.python, "-I", "-c", _RUN, environment.wheel, *words, "--work",
         environment.work],
        stdout=subprocess.PIPE, encoding="utf-8",
    ) as process:  # fmt: skip
        assert process.stdout is not None
        next(line for line in process.stdout if line.startswith("Fetching"))
        assert [path.name for path in environment.work.iterdir()] == [NAME]
        process.terminate()
        process.wait(60)
    assert not environment.work.exists()
    assert environment.installed() == {}


@pytest.mark.parametrize("to", ["http://10.0.0.1/whl", "file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_it_is_not_led_astray(environment: _Environment, index: Files, to: str) -> None:
    index.moved[PAGE + NAME] = to
    done = environment.install(index)
    assert done.returncode == 1
    assert "error: 127.0.0.1" in done.stderr
    assert environment.installed() == {}


def test_what_is_to_be_pinned_is_printed(environment: _Environment, index: Files) -> None:
    done = environment.run("pins", "--index", f"{index.url}/whl")
    (line,) = done.stdout.splitlines()
    digest, path = line.split("  ")
    assert path == f"cpu/{NAME}"
    assert len(digest) == 64


def test_what_is_wrong_is_told_in_one_line_of_some_length(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["offer", "--index", "x\n" * 5000]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert told.count("\n") == 1
    assert len(told) < 600
