"""What cannot be run here: the workflows at GitHub, checked as far as reading them goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

_ROOT = Path(__file__).parent.parent
_FOLDER = _ROOT / ".github" / "workflows"
_WORKFLOWS = {file.stem: yaml.safe_load(file.read_text("utf-8")) for file in _FOLDER.glob("*.yml")}
_PINNED = re.compile(r"actions/[\w-]+@v\d+|[\w./-]+@[0-9a-f]{40}")
"""GitHub's own actions by their major version, anybody else's by their commit."""

_STARTED_BY_GITHUB = {"push", "pull_request", "workflow_call"}
_EVALUATED = re.compile(r"\$\{\{")


def test_there_are_a_test_and_a_release() -> None:
    assert set(_WORKFLOWS) == {"test", "release"}
    assert _jobs("release")["test"]["uses"] == "./.github/workflows/test.yml"
    assert _jobs("release")["build"]["needs"] == "test"


@pytest.mark.parametrize("name", sorted(_WORKFLOWS))
def test_a_workflow_may_do_no_more_than_it_must(name: str) -> None:
    workflow = _WORKFLOWS[name]
    assert workflow["permissions"] == {"contents": "read"}
    # YAML 1.1 reads the key "on" as true.
    assert set(workflow[True]) <= _STARTED_BY_GITHUB
    writing = {job for job, told in _jobs(name).items() if "permissions" in told}
    assert writing == ({"attest"} if name == "release" else set())
    for step in _steps(name):
        if "uses" in step:
            assert _PINNED.fullmatch(step["uses"]), step["uses"]
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        # What others write, such as a branch's name, reaches a shell only as a variable.
        assert not _EVALUATED.search(step.get("run", "")), step["run"]


@pytest.mark.parametrize("name", sorted(_WORKFLOWS))
def test_every_job_ends(name: str) -> None:
    for job in _jobs(name).values():
        assert "uses" in job or job["timeout-minutes"] <= 120


def test_all_systems_do_the_main_job_with_the_starter() -> None:
    job = _jobs("test")["systems"]
    systems = job["strategy"]["matrix"]["system"]
    assert {system.partition("-")[0] for system in systems} == {"ubuntu", "macos", "windows"}
    runs = " ".join(step.get("run", "") for step in job["steps"])
    for file in re.findall(r"tests/\S+\.py", runs):
        assert (_ROOT / file).is_file()
    assert "models pull starter" in runs
    assert "main_job" in (_ROOT / "tests/e2e/test_starter.py").read_text("utf-8")
    assert [step["run"] for step in _jobs("test")["check"]["steps"] if "run" in step][
        -1
    ] == ".ci/run"


def test_a_release_has_the_wheel_the_sources_and_the_extension_with_their_provenance() -> None:
    built = " ".join(step.get("run", "") for step in _jobs("release")["build"]["steps"])
    assert "python -m build --outdir dist" in built  # a wheel and a source distribution
    assert ".vsix" in built
    assert "GITHUB_REF_NAME" in built  # the tag is compared with the version
    attest = _jobs("release")["attest"]
    assert attest["permissions"] == {
        "attestations": "write", "contents": "write", "id-token": "write",
    }  # fmt: skip
    (subject,) = (
        step["with"]["subject-path"]
        for step in attest["steps"]
        if step.get("uses", "").startswith("actions/attest-build-provenance@")
    )
    assert subject == "dist/*"


def test_the_changelog_is_kept_as_keep_a_changelog_says() -> None:
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    text = (_ROOT / "CHANGELOG.md").read_text("utf-8")
    heads = re.findall(r"^(##?#?) (.*)$", text, re.M)
    assert heads[:2] == [("#", "Changelog"), ("##", "[Unreleased]")]
    versions = [title for level, title in heads[2:] if level == "##"]
    assert versions
    for title in versions:
        assert re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", title), title
    assert {title for level, title in heads if level == "###"} <= kinds


def _jobs(name: str) -> dict[str, Any]:
    jobs: dict[str, Any] = _WORKFLOWS[name]["jobs"]
    return jobs


def _steps(name: str) -> Iterator[dict[str, Any]]:
    return (step for job in _jobs(name).values() for step in job.get("steps", ()))
