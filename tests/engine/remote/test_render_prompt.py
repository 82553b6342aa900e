"""What a server is told as text: the model's own words, and the user's as data."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from herdmate.control_tags import INSTRUCT_TAGS, SERVERS_TAG, ServersAnswer, neutralised
from herdmate.engine.remote.endpoint import endpoint_of, travels_in_the_open
from herdmate.engine.remote.estimate import estimated
from herdmate.engine.remote.render_prompt import InfillPrompt, TextPrompt, render_prompt, stops
from herdmate.engine.remote.strip_preamble import PreambleStripper
from herdmate.errors import SettingsError
from herdmate.generation import ModelInfo, Prompt, Special, Text
from herdmate.prompting.families import (
    CONTROL_PIECES,
    Family,
    Turn,
    family_of,
    infill_prompt,
    instruct_prompt,
)
from herdmate.prompting.family_from_name import pieces_by_name


def _family(name: str) -> Family:
    info = ModelInfo("", name, "", "other", 0, 4096, 4096, 0, 0, 0, pieces_by_name(name))
    return family_of(info)


def test_codellama_fills_in_suffix_first() -> None:
    said = render_prompt(
        infill_prompt(_family("codellama/CodeLlama-7b-Instruct-hf"), "a = ", "\nb")
    )
    assert said == TextPrompt("<PRE>▁<SUF>\nb▁<MID> a = ")


def test_what_is_said_of_an_answer_follows_the_prompt() -> None:
    prompt = infill_prompt(_family("codellama/CodeLlama-7b-Instruct-hf"), "a = ", "\nb")
    said = render_prompt(replace(prompt, said="1 +</s>"))
    assert isinstance(said, TextPrompt)
    assert said.text.startswith("<PRE>▁<SUF>\nb▁<MID> a = 1 +")
    assert "</s>" not in said.text
    hole = Prompt((Special("hole:prefix"), Text("a"), Special("hole:suffix"), Text("b"),
                   Special("hole:middle")), said="c")  # fmt: skip
    assert render_prompt(hole) == InfillPrompt("ac", "b")


def test_codellama_is_instructed_over_several_turns() -> None:
    turns = (Turn("user", "One?"), Turn("assistant", "1"), Turn("user", "Two?"))
    said = render_prompt(instruct_prompt(_family("codellama:13b-instruct"), "", turns))
    assert said == TextPrompt("[INST] One? [/INST] 1 </s><s>[INST] Two? [/INST]")


@pytest.mark.parametrize(
    ("name", "infills"),
    [
        ("Qwen/Qwen2.5-Coder-7B-Instruct", True), ("qwen2.5-coder:1.5b", True),
        ("Qwen3-Coder-30B-A3B-Instruct", True), ("codellama:7b", True), ("codellama-34b", False),
        ("codellama-7b-python", False), ("CodeLlama-70b-Instruct-hf", False),
        ("gpt-oss-20b", False),
    ],
)  # fmt: skip
def test_what_a_name_tells(name: str, infills: bool) -> None:
    assert (_family(name).infill is not None) is infills


@pytest.mark.parametrize(
    "mention",
    ["<|im_end|>", "<|endoftext|>", "<|fim_middle|>", "<|eot_id|>", "</s>", "<s>", "<MID>", "<EOT>",
     "<step>", "<｜fim▁hole｜>", "<end_of_turn>", "<fim_suffix>", "<file_sep>"],
)  # fmt: skip
def test_what_looks_like_a_control_token_is_data_and_comes_back_whole(mention: str) -> None:
    code = f"x = '{mention}' + '{mention}'  # a < b, c <d> e"
    said = render_prompt(infill_prompt(_family("qwen2.5-coder"), code, mention))
    assert isinstance(said, TextPrompt)
    ours = said.text.removeprefix("<|fim_prefix|>").removesuffix("<|fim_middle|>")
    ours = ours.replace("<|fim_suffix|>", "", 1)
    assert mention not in ours
    assert "a < b, c <d> e" in ours
    for size in (1, 2, 3, 100):
        mended = ServersAnswer()
        parts = (ours[at : at + size] for at in range(0, len(ours), size))
        assert "".join(mended.push(part) for part in parts) == code + mention


def test_the_pieces_that_end_an_answer_end_it_also_as_text() -> None:
    prompt = infill_prompt(_family("codellama-7b"), "a", "b")
    assert stops(prompt, ("\n",)) == ("\n", " <EOT>", "<EOT>", "</s>")


@pytest.mark.parametrize(
    ("start", "said", "wanted"),
    [
        ("```py\n", "Sure.\n```python\nx = 1\n```\n", "x = 1\n```\n"),
        ("```py\n", "```\nx\n```", "x\n```"),
        ("```py\n", "x = 1", "x = 1"),
        ("```py\n", "a long tale " * 60, "a long tale " * 60),
        ("", "See:\n```\nx\n```", "See:\n```\nx\n```"),
    ],
)
def test_an_answer_begins_behind_the_fence(start: str, said: str, wanted: str) -> None:
    behind = PreambleStripper(start)
    text = "".join(behind.push(character) for character in said) + behind.finish()
    assert text == wanted


@pytest.mark.parametrize(
    ("url", "host", "port", "secure", "base"),
    [
        ("http://127.0.0.1:1234", "127.0.0.1", 1234, False, ""),
        ("https://models.example.org/v1/", "models.example.org", 443, True, ""),
        ("https://gate.example.org/vllm/v1", "gate.example.org", 443, True, "/vllm"),
        ("http://[::1]:8080", "::1", 8080, False, ""),
        (" http://localhost:11434/ ", "localhost", 11434, False, ""),
    ],
)
def test_an_address(url: str, host: str, port: int, secure: bool, base: str) -> None:
    place = endpoint_of(url)
    assert (place.host, place.port, place.secure, place.base) == (host, port, secure, base)


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:80", "ftp://host", "http://", "http://host:99999", "http://me:word@host/",
     "http://ho st/", "http://host/\r\nX: y", "file:///etc", "http://host/v1?key=1"],
)  # fmt: skip
def test_a_wrong_address_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(SettingsError, match=r"herdmate\.remote\.url"):
        endpoint_of(url)


def test_a_key_cannot_add_a_header() -> None:
    with pytest.raises(SettingsError, match="API key") as caught:
        endpoint_of("http://host", "abc\r\nX-Other: def")
    assert "abc" not in str(caught.value)


def test_only_an_unencrypted_way_to_another_machine_is_open() -> None:
    open_ways = [url for url in ("http://10.0.0.2", "http://host", "http://127.0.0.1",
                                 "http://[::1]", "http://localhost", "https://host")
                 if travels_in_the_open(endpoint_of(url))]  # fmt: skip
    assert open_ways == ["http://10.0.0.2", "http://host"]


@pytest.mark.model
def test_the_estimate_errs_on_the_safe_side(starter_model: Path) -> None:
    """Over the lines of this repository: hardly one is longer than estimated, the sum never."""
    from llama_cpp import Llama

    vocabulary = Llama(str(starter_model), vocab_only=True, verbose=False)
    files = [*Path(__file__).parents[3].glob("server/herdmate/*/*.py"),
             *Path(__file__).parents[3].glob("extension/src/*.ts")]  # fmt: skip
    lines = [line for file in files for line in file.read_text("utf-8").splitlines(keepends=True)]
    real = [len(vocabulary.tokenize(line.encode(), add_bos=False)) for line in lines]
    told = [estimated(line) for line in lines]
    assert sum(real) <= sum(told) <= 1.6 * sum(real)
    assert sum(mine < theirs for mine, theirs in zip(told, real, strict=True)) < len(lines) / 50


def test_no_familys_control_piece_reaches_a_server_in_the_users_text() -> None:
    pieces = [piece.strip("▁") for piece in CONTROL_PIECES if re.search(r"[^\w\s]", piece)]
    assert len(pieces) > 100
    for text in (*pieces, *INSTRUCT_TAGS[:2]):
        sent = neutralised(f"a {text} b", SERVERS_TAG)
        assert text not in sent
        for size in (1, 3, 100):
            mended = ServersAnswer()
            parts = (sent[at : at + size] for at in range(0, len(sent), size))
            assert "".join(mended.push(part) for part in parts) == f"a {text} b"
    code = (
        "x[MAX] = a[b_c] < d[PREFIX + 1] > [SIZE][i] << e; <xs:element> <div> t<U, V> Vec<[u8; 4]>"
    )
    assert neutralised(code, SERVERS_TAG) == code
