"""Whatever is asked about a file says the same: report, list, choice and the command line."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest

from herdmate.cli.main import main
from herdmate.errors import ModelError
from herdmate.generation import ModelInfo
from herdmate.models import catalogue
from herdmate.models.choose import choose
from herdmate.models.listing import listed
from herdmate.models.report import report
from herdmate.prompting.families import described, family_of, limits
from tests.models.gguf_file import gguf as small_file


def _made(
    path: Path, architecture: str = "llama", tokens: int = 32, tensors: int = 1,
    change: Callable[[gguf.GGUFWriter], None] = lambda _: None,
    endian: gguf.GGUFEndian = gguf.GGUFEndian.LITTLE,
) -> Path:  # fmt: skip
    writer = gguf.GGUFWriter(path, architecture, endianess=endian)
    writer.add_block_count(2)
    change(writer)
    if tokens:
        writer.add_token_list([f"t{at}" for at in range(tokens)])
    for number in range(tensors):
        writer.add_tensor(f"w{number}", np.zeros(8, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    if tensors:
        writer.write_tensors_to_file()
    writer.close()
    return path


def _pooling(writer: gguf.GGUFWriter) -> None:
    writer.add_pooling_type(gguf.PoolingType.MEAN)


def _adapter(writer: gguf.GGUFWriter) -> None:
    writer.add_type(gguf.GGUFType.ADAPTER)


KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "whole": (_made, ""),
    "vocabulary only": (lambda path: _made(path, tensors=0), "no weights"),
    "no vocabulary": (lambda path: _made(path, tokens=0), "no vocabulary"),
    "nothing": (lambda path: path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 0)),
                "architecture"),
    "big-endian": (lambda path: _made(path, endian=gguf.GGUFEndian.BIG), "big-endian"),
    "embeddings": (lambda path: _made(path, change=_pooling), "does not generate text"),
    "bert": (lambda path: _made(path, "bert"), "does not generate text"),
    "vision": (lambda path: _made(path, "clip"), "does not generate text"),
    "diffusion": (lambda path: _made(path, "dream"), "diffusion"),
    "encoder": (lambda path: _made(path, "t5"), "encoder of its own"),
    "adapter": (lambda path: _made(path, change=_adapter), "if it is a LoRA, name it in"),
    "ggml": (lambda path: path.write_bytes(b"tjgg" + bytes(64)), "GGML"),
    "safetensors": (lambda path: path.write_bytes(struct.pack("<Q", 9) + b'{"a":{}}' + bytes(9)),
                    "safetensors"),
    "torch": (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(64)), "PyTorch"),
    "cut off": (lambda path: path.write_bytes(small_file(given_bytes=100)), "cut off"),
    "empty": (lambda path: path.write_bytes(b""), "empty"),
}  # fmt: skip


def _reported(path: Path) -> tuple[bool, str]:
    try:
        found = report(path, 4096)
    except ModelError as error:
        return False, str(error)
    assert found.loads or not found.abilities
    return found.loads, " ".join(found.faults)


@pytest.mark.parametrize("kind", KINDS)
def test_one_judgement(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    make, words = KINDS[kind]
    folder = tmp_path / "models"
    folder.mkdir()
    path = folder / "my.gguf"
    make(path)
    names = [model.name for model in listed(folder, 4096)]
    assert ("my.gguf" in names) == (not words)
    for setting in ("my.gguf", str(path), "auto"):
        if words:
            with pytest.raises(ModelError, match=words) as caught:
                choose(setting, folder, 1 << 40, 4096)
            assert "remove it" not in str(caught.value)
        else:
            assert choose(setting, folder, 1 << 40, 4096).path == path
    loads, said = _reported(path)
    assert loads == (not words)
    assert words in said
    code = main(["models", "inspect", "my.gguf", "--json"])
    shown = capsys.readouterr()
    told = json.loads(shown.out)
    if "error" not in told:
        assert told["loads"] == (not words) or "architecture" in str(told["faults"])
    if words:
        assert code == 1
        assert words in shown.out + shown.err


def _named(
    name: str, pieces: tuple[str, ...], template: str = ""
) -> Callable[[gguf.GGUFWriter], None]:
    def change(writer: gguf.GGUFWriter) -> None:
        writer.add_name(name)
        if template:
            writer.add_chat_template(template)
        writer.add_token_list(["a", "b", *pieces])

    return change


QWEN = ("<|im_start|>", "<|im_end|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
FIM = ("<fim_prefix>", "<fim_suffix>", "<fim_middle>")
FAMILIES = {
    "a coder": ("Qwen2.5 Coder 7B Instruct", QWEN, "", ("infill", "instruct"), ""),
    "not a coder": ("Qwen2.5 7B Instruct", QWEN, "", ("instruct",), "although its vocabulary"),
    "untrained pieces": ("OpenCoder 8B", FIM, "", (), "although its vocabulary has pieces"),
    "a lying file name": ("Yi-Coder 9B", FIM, "", (), "although its vocabulary has pieces"),
    "a lying name": ("codellama-7b-instruct", QWEN, "", ("instruct",), "not trained to fill in"),
    "a base model": ("StarCoder2 3B", (*FIM, "<file_sep>"), "", ("infill",), "not an Instruct"),
    "another template": ("Llama 3.2 1B", (), "<|start_header_id|><|end_header_id|>", ("instruct",),
                         "not trained to fill in"),
    "an unknown template": ("Mystery", (), "{{ messages }}", (), "in no format that Herdmate"),
    "a long template": ("Mystery", (), "x" * 100_000, (), "longer than 64 kB"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FAMILIES)
def test_what_is_said_before_loading_is_said_after_it(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    name, pieces, template, abilities, words = FAMILIES[kind]
    folder = tmp_path / "models"
    folder.mkdir()
    path = folder / "starcoder2-or-codestral.gguf"
    _made(path, tokens=0, change=_named(name, pieces, template))
    found = report(path, 4096)
    assert found.abilities == abilities
    assert words in found.limits
    here = {model.name: model for model in listed(folder, 4096)}[path.name]
    assert (here.infill, here.instruct) == ("infill" in abilities, "instruct" in abilities)
    ids = {piece: at for at, piece in enumerate((*pieces, "bos", "eos"))}
    info = ModelInfo(str(path), name, "llama", "bpe", 9, 1, 1, 1, 1, 1, ids, template=template,
                         listed=path.name)  # fmt: skip
    assert limits(family_of(info)) == (found.limits or None)
    assert described(family_of(info)) == found.family


def test_only_what_herdmate_fetched_is_to_be_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    path = tmp_path / "models" / catalogue.starter().file
    path.parent.mkdir()
    path.write_bytes(b"")
    with pytest.raises(ModelError, match=f"models rm {catalogue.starter().name}"):
        choose("starter", path.parent, 1 << 40, 4096)


@pytest.mark.parametrize("name", ["startr", "My.guff", "codelama-7b"])
def test_names_that_are_nearly_right(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    _made(tmp_path / "models" / "my.gguf")
    for words in (["path", name], ["inspect", name], ["rm", name], ["tune", name]):
        assert main(["models", *words]) == 1
        said = capsys.readouterr().err
        assert said.startswith("herdmate: There is no model")
        assert "did you mean" in said or (words[0] == "rm" and name == "My.guff")
        assert said.count("\n") == 1
