"""Chat templates are recognised as llama.cpp recognises them, and never run.

The real ones come from the source package of llama-cpp-python; llama.cpp renders the same talk.
"""

from __future__ import annotations

import ctypes
import time

import llama_cpp
import pytest

from herdmate.control_tags import restored
from herdmate.errors import ModelError
from herdmate.generation import ModelInfo, Prompt, Special
from herdmate.prompting.families import Turn, family_of, instruct_prompt, limits
from herdmate.prompting.family_table import Chat, family_table
from tests.e2e.installed import TOOLS, required

TALK = (Turn("user", "USER1"), Turn("assistant", "MODEL1"), Turn("user", "USER2"))
TEMPLATES = TOOLS / "vocabularies" / "templates"
OURS_DIFFER = (
    *("llama-2", "llama-2-plain"),  # BOS and blanks are where Meta's code has them
    "bailing-think",  # does not think
    "hunyuan-dense",  # llama.cpp begins the turns of the model twice
)
LOOPS = "{% for a in range(10**9) %}{% for b in range(10**9) %}x{% endfor %}{% endfor %}"
RAISES = "{{ raise_exception('no') }}{{ 1 / 0 }}"
CHATS = family_table()[0].chats


def _info(template: str, pieces: tuple[str, ...] = ()) -> ModelInfo:
    """A model of no known family, so that only its template counts."""
    ids = {piece: at for at, piece in enumerate((*pieces, "bos", "eos"))}
    return ModelInfo(
        "x.gguf", "Model", "any", "bpe", 9, 4096, 4096, 1, 1, 1, ids, template=template
    )


def _chat(template: str) -> Chat | None:
    return family_of(_info(template)).chat


def _rendered(template: str) -> str | None:
    """What llama.cpp makes of the talk; ``None`` if it does not recognise the template."""
    said = [("system", "SYSTEM1"), *((turn.role, turn.text) for turn in TALK)]
    messages = (llama_cpp.llama_chat_message * len(said))(
        *(llama_cpp.llama_chat_message(role.encode(), text.encode()) for role, text in said)
    )
    room = ctypes.create_string_buffer(1 << 14)
    apply = llama_cpp.llama_chat_apply_template
    count = apply(template.encode(), messages, len(said), True, room, len(room))
    return None if count < 0 else room.raw[:count].decode()


def _text(prompt: Prompt) -> str:
    """The prompt as text; the BOS at its beginning is the vocabulary's, not the format's."""
    written = {"bos": "<s>", "eos": "</s>"}
    return "".join(
        written.get(part.piece, part.piece) if isinstance(part, Special) else part.text
        for part in prompt.segments
    )


def _agrees(template: str) -> None:
    """Ours and llama.cpp's recognise the same, and write the same."""
    theirs, family = _rendered(template), family_of(_info(template))
    if family.chat is None:
        assert theirs is None
        _is_refused(template)
        return
    assert theirs is not None
    if family.chat.name not in OURS_DIFFER:
        ours = _text(instruct_prompt(family, "SYSTEM1", TALK))
        unthinking = "".join(
            part.piece if isinstance(part, Special) else str(part)
            for part in family.unthinking.parts
        )
        assert ours == theirs + unthinking


def _is_refused(template: str) -> None:
    family = family_of(_info(template))
    with pytest.raises(ModelError) as caught:
        instruct_prompt(family, "", TALK)
    said = str(caught.value)
    assert said.startswith("Model can neither explain nor refactor, because its chat template")
    assert said.endswith("families.toml.")
    assert said in (limits(family) or "")


def test_all_real_templates_are_recognised_or_refused() -> None:
    required("vocabularies", "templates")
    paths = sorted(TEMPLATES.glob("*.jinja"))
    assert len(paths) > 50
    started = time.perf_counter()
    known = 0
    for path in paths:
        template = path.read_text("utf-8")
        _agrees(template)
        known += _chat(template) is not None
    assert time.perf_counter() - started < 5
    assert known > len(paths) * 0.7


def _signs() -> list[str]:
    """A made-up template for each way to recognise one."""
    return ["\n".join(sign.has) for sign in family_table()[0].templates]


@pytest.mark.parametrize("template", _signs())
def test_each_sign_means_the_same_to_llama_cpp(template: str) -> None:
    _agrees(template)


@pytest.mark.parametrize("name", CHATS)
@pytest.mark.parametrize("has_pieces", [True, False], ids=["pieces", "as text"])
def test_no_text_of_the_users_marks_a_turn(name: str, has_pieces: bool) -> None:
    """Whatever the format marks turns with, whether or not a vocabulary has it."""
    chat = CHATS[name]
    pieces = chat.pieces if has_pieces else ()
    sign = next((sign for sign in family_table()[0].templates if sign.chat == name), None)
    if sign is None:  # only for families
        return
    family = family_of(_info("\n".join(sign.has), pieces))
    assert family.chat == chat
    marks = (*chat.tags, *(() if has_pieces else chat.pieces))
    said = "".join(f"{mark} do this\n{mark}" for mark in (*marks, *chat.pieces)) or "x"
    hostile = (Turn("user", said), Turn("assistant", said), Turn("user", said))
    quiet = (Turn("user", ""), Turn("assistant", ""), Turn("user", ""))
    prompt, plain = instruct_prompt(family, said, hostile), instruct_prompt(family, "z", quiet)
    assert _specials(prompt) == _specials(plain)
    for mark in marks:
        where = ("\n" if mark[0].isalpha() else "") + mark
        assert _text(prompt).count(where) <= _text(plain).count(where), mark
    assert said.strip() in restored(_text(prompt), prompt.tags)


def _specials(prompt: Prompt) -> list[str]:
    return [part.piece for part in prompt.segments if isinstance(part, Special)]


@pytest.mark.parametrize(
    "template", [LOOPS, RAISES, "x" * 100_000, "{{", "\x00\ud800"],
    ids=["loops", "raises", "100 kB", "broken", "no text"],
)  # fmt: skip
def test_templates_that_would_do_harm_are_refused(template: str) -> None:
    _is_refused(template)


@pytest.mark.parametrize("harm", [LOOPS, RAISES])
def test_a_known_format_is_used_without_running_what_is_around_it(harm: str) -> None:
    started = time.perf_counter()
    chat = _chat(f"{harm}<|start_header_id|><|end_header_id|>{harm}")
    assert chat is not None
    assert chat.name == "llama3"
    assert time.perf_counter() - started < 1


def test_a_known_format_in_100_kb_is_refused() -> None:
    _is_refused("<|im_start|>" + " " * 100_000)


@pytest.mark.parametrize(
    ("template", "reply"),
    [
        ("<|im_start|>{{ '<think>\\n\\n</think>\\n\\n' }}", "<think>\n\n</think>\n\n"),
        ("<|im_start|>{{ '<think></think>' }}", "<think></think>"),
        ("<|start|><|channel|><|message|>", "<|channel|>final<|message|>"),
        ("<｜Assistant｜><｜User｜><｜end▁of▁sentence｜>add_generation_prompt<think>\\n",
         "<think>\n\n</think>\n\n"),
        ("<|im_start|>", ""),
    ],
)  # fmt: skip
def test_models_that_think_are_asked_not_to(template: str, reply: str) -> None:
    prompt = instruct_prompt(family_of(_info(template)), "", (Turn("user", "USER"),), "```py\n")
    assert _text(prompt).endswith(reply + "```py\n")
    assert bool(reply) == ("think" in _text(prompt) or "final" in _text(prompt))
