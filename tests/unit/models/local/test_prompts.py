"""What models read of questions about one picture, several, and none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from refusals import refused

from pytest_emid.errors import ModelError
from pytest_emid.models.local.prompts import Prompts

OWN = "USER: <image>\n{question} ASSISTANT:"


def processor(template: Callable[[Sequence[Any]], str], image_token: str | None = None, **tokenizer: Any) -> Any:
    return SimpleNamespace(
        apply_chat_template=lambda messages, **_: template(messages),
        image_token=image_token,
        tokenizer=SimpleNamespace(**tokenizer),
    )


def in_parts(messages: Sequence[Any]) -> str:
    return " | ".join(f"{m['role']}: " + "+".join(p.get("text", "#") for p in m["content"]) for m in messages)


def written_out(messages: Sequence[Any]) -> str:
    return " | ".join(f"{m['role']}: {m['content']}" for m in messages)


def joined(messages: Sequence[Any]) -> str:
    return "".join(m["role"] + ": " + m["content"] for m in messages)


@pytest.mark.parametrize(
    ("question", "pictures", "prompt"),
    [
        ("What \ud800?", 1, "user: #+What ??"),
        ("Look at <image>. What?", 1, "user: Look at+#+. What?"),
        ("<image 2> or <image 1>?", 2, "user: #+or+#+?"),
        ("Which?", 3, "user: #+#+#+Which?"),
        ("2 + 2?", 0, "user: 2 + 2?"),
    ],
)
def test_a_conversation(question: str, pictures: int, prompt: str) -> None:
    assert Prompts(processor(in_parts), system="", prompt=None).of(question, pictures) == prompt
    told = Prompts(processor(in_parts), system="Be brief.", prompt=None)
    assert told.of(question, pictures) == f"system: Be brief. | {prompt}"
    assert told.with_answer(question, "Red.", pictures) == f"system: Be brief. | {prompt} | assistant: Red."


@pytest.mark.parametrize("template", [written_out, joined], ids=["written out", "joined"])
def test_a_template_that_takes_content_as_text(template: Callable[[Sequence[Any]], str]) -> None:
    prompts = Prompts(processor(template, "<image>"), system="", prompt=None)
    assert prompts.of("What is it?") == "user: <image>\nWhat is it?"
    assert prompts.of("Is <image 1> like <image 2>?", 2) == "user: Is\n<image>\nlike\n<image>\n?"
    assert prompts.of("2 + 2?", 0) == "user: 2 + 2?"
    unnamed = Prompts(processor(template), system="", prompt=None)
    assert unnamed.of("2 + 2?", 0) == "user: 2 + 2?"
    assert refused(lambda: unnamed.of("What is it?"), ModelError) == (
        "the chat template takes the content of a message as text only, and the processor names no token for a picture "
        "in it, so where the picture goes is not known. Give prompt=, for example "
        "prompt='USER: <image>\\n{question} ASSISTANT:'."
    )


def test_a_template_that_takes_nothing_says_why_itself() -> None:
    def broken(messages: Sequence[Any]) -> str:
        raise KeyError("no such filter")

    with pytest.raises(KeyError, match="no such filter"):
        Prompts(processor(broken), system="", prompt=None).of("What?")


@pytest.mark.parametrize(
    ("own", "question", "pictures", "prompt"),
    [
        ("U: # {question} A:", "<image>\nWhat \ud800?", 1, "U: # What ?? A:"),
        (OWN, "Which?", 2, "USER: <image>\n<image>\nWhich? ASSISTANT:"),
        (OWN, "Is <image 1> like <image 2>?", 2, "USER: Is <image> like <image> ? ASSISTANT:"),
        (OWN, "Is it <image 2>?", 2, "USER: <image>\nIs it <image> ? ASSISTANT:"),
        (OWN, "2 + 2?", 0, "USER: 2 + 2? ASSISTANT:"),
        ("<image>answer en {question}\n", "Which?", 2, "<image><image>answer en Which?\n"),
        ("<s><in><pic><out>{question}", "Which?", 2, "<s><in><pic><out><in><pic><out>Which?"),
        ("Question: {question} Answer:", "2 + 2?", 0, "Question: 2 + 2? Answer:"),
    ],
)
def test_a_prompt_of_one_s_own(own: str, question: str, pictures: int, prompt: str) -> None:
    special = ["<s>", "<in>", "<pic>", "<out>"]
    given = processor(in_parts, "<pic>", all_special_tokens=special, bos_token="<s>")
    assert Prompts(given, system="", prompt=own).of(question, pictures) == prompt


def test_a_prompt_without_a_place_takes_one_picture() -> None:
    prompts = Prompts(processor(in_parts, "<pic>"), system="", prompt="Question: {question} Answer:")
    assert prompts.of("Which?") == "Question: Which? Answer:"
    assert refused(lambda: prompts.of("Which?", 2), ModelError) == (
        "the prompt 'Question: {question} Answer:' has no place that is known to be a picture's, and a sample has 2. "
        "Put <pic> or <image> where the pictures go."
    )
