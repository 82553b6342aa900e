"""``Llama.create_completion`` of llama-cpp-python, given token ids.

Run as a ``child``; each question is a request as ``engine.wire`` encodes it. One ``Llama`` object
answers them all, so it reuses the prefix that two prompts share. Answers are streamed, which does
not change what the model does.
"""

from __future__ import annotations

import time
from typing import Any

from llama_cpp import Llama, llama_model_get_vocab

from herdmate.bench.child import Answerer, serve
from herdmate.engine import vocabulary, wire
from herdmate.prompting.families import CONTROL_PIECES


def main() -> None:
    """Answer the bench's questions."""
    serve(_start)


def _start(load: dict[str, Any]) -> Answerer:
    llama = Llama(
        load["path"], n_ctx=load["context"], n_threads=load["threads"],
        n_threads_batch=load["threads"], n_gpu_layers=-1, verbose=False,
    )  # fmt: skip
    vocab = llama_model_get_vocab(llama.model)
    pieces = vocabulary.control_pieces(vocab, CONTROL_PIECES)

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        request = wire.request_from_wire(question)
        tokens = vocabulary.tokenize(vocab, request.prompt.segments, pieces)
        return _complete(llama, tokens, request.max_tokens)

    return answer


def _complete(llama: Llama, tokens: list[int], max_tokens: int) -> dict[str, Any]:
    held = llama.input_ids[: llama.n_tokens].tolist()
    pairs = enumerate(zip(held, tokens[:-1], strict=False))  # as Llama.generate counts
    kept = next((at for at, (one, other) in pairs if one != other), min(len(held), len(tokens) - 1))
    first = 0.0
    started = time.perf_counter()
    for _ in llama.create_completion(
        tokens, max_tokens=max_tokens, temperature=0.0, stop=["\n"], stream=True
    ):
        first = first or time.perf_counter() - started
    seconds = time.perf_counter() - started
    return {
        "first_seconds": first,
        "seconds": seconds,
        "prompt_tokens": len(tokens),
        "evaluated_prompt": len(tokens) - kept,
        "generated_tokens": max(llama.n_tokens - len(tokens), 0) + 1,
    }


if __name__ == "__main__":
    main()
