"""Functions as models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import pytest
from PIL import Image

from pytest_emid.data.sample import Sample
from pytest_emid.errors import ModelError
from pytest_emid.models import CallableModel, Outcome, Response
from pytest_emid.models.backend.loops import LOOP


@pytest.fixture
def five() -> list[Sample]:
    return [Sample(f"s{i}", Image.new("RGB", (i + 1, 1)), f"question {i}", "x") for i in range(5)]


EXPECTED = [(i, Response(f"{i + 1}: question {i}")) for i in range(5)]


def listed(images: list[Image.Image], questions: list[str]) -> list[str]:
    return [f"{image.width}: {question}" for image, question in zip(images, questions, strict=True)]


def generated(images: list[Image.Image], questions: list[str]) -> Iterator[str]:
    yield from listed(images, questions)


async def awaited(images: list[Image.Image], questions: list[str]) -> list[str]:
    await asyncio.sleep(0)
    return listed(images, questions)


async def streamed(images: list[Image.Image], questions: list[str]) -> AsyncIterator[str]:
    for answer in listed(images, questions):
        await asyncio.sleep(0)
        yield answer


class Object:
    async def __call__(self, images: list[Image.Image], questions: list[str]) -> list[str]:
        return await awaited(images, questions)


@pytest.mark.parametrize("function", [listed, generated, awaited, streamed, Object()])
@pytest.mark.parametrize("batch_size", [1, 2, 16])
def test_lists(five: list[Sample], function: Any, batch_size: int) -> None:
    assert list(CallableModel(function, batch_size=batch_size).respond(five)) == EXPECTED


def one(image: Image.Image, question: str) -> str:
    return f"{image.width}: {question}"


async def one_async(image: Image.Image, question: str) -> str:
    await asyncio.sleep(0.01 / image.width)
    return one(image, question)


class OneObject:
    async def __call__(self, image: Image.Image, question: str) -> str:
        return await one_async(image, question)


async def one_of(prefix: str, image: Image.Image, question: str) -> str:
    return prefix + await one_async(image, question)


@pytest.mark.parametrize(
    "function",
    [one, one_async, OneObject(), partial(one_of, ""), lambda image, question: one_async(image, question)],
    ids=["plain", "async", "object", "partial", "plain around async"],
)
@pytest.mark.parametrize("batch_size", [1, 2, 16])
def test_one_at_a_time(five: list[Sample], function: Any, batch_size: int) -> None:
    answers = list(CallableModel(function, per_sample=True, batch_size=batch_size).respond(five))
    assert sorted(answers, key=lambda answer: answer[0]) == EXPECTED


def test_async_answers_are_yielded_as_they_arrive(five: list[Sample]) -> None:
    """One that hangs must not hold back, nor a kill lose, what the others have answered."""

    async def last_one_first(image: Image.Image, question: str) -> str:
        await asyncio.sleep(0.3 if image.width == 1 else 0)
        return one(image, question)

    answers = list(CallableModel(last_one_first, per_sample=True, batch_size=2).respond(five))
    assert answers == [*EXPECTED[1:], EXPECTED[0]]


def test_calls_under_way_are_ended_when_nobody_asks_for_more(five: list[Sample]) -> None:
    ended = []

    async def slow(image: Image.Image, question: str) -> str:
        try:
            await asyncio.sleep(0 if image.width == 1 else 60)
        finally:
            ended.append(image.width)
        return one(image, question)

    answers = CallableModel(slow, per_sample=True).respond(five)
    assert next(answers) == EXPECTED[0]
    answers.close()
    assert sorted(ended) == [1, 2, 3, 4, 5]


def test_async_calls_are_open_together(five: list[Sample]) -> None:
    most = now = 0

    async def count(image: Image.Image, question: str) -> str:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return question

    list(CallableModel(count, per_sample=True, batch_size=3).respond(five))
    assert most == 3


def test_works_inside_an_event_loop(five: list[Sample]) -> None:
    async def main() -> list[tuple[int, Response]]:
        return list(CallableModel(awaited).respond(five))

    assert asyncio.run(main()) == EXPECTED


def test_what_is_made_once_serves_every_call_and_every_model(five: list[Sample]) -> None:
    """A client, a lock or a semaphore belongs to the first event loop that waits for it."""
    semaphore = asyncio.Semaphore(1)

    async def one(image: Image.Image, question: str) -> str:
        async with semaphore:
            await asyncio.sleep(0)
            return f"{image.width}: {question}"

    async def several(images: list[Image.Image], questions: list[str]) -> list[str]:
        return await asyncio.gather(*map(one, images, questions))

    models = [CallableModel(one, per_sample=True, batch_size=4), CallableModel(several), CallableModel(several)]
    for model in (*models, *models):
        assert sorted(model.respond(five)) == EXPECTED


def test_who_stops_listening_leaves_no_call_behind(five: list[Sample]) -> None:
    ended: list[str] = []

    async def endless(image: Image.Image, question: str) -> str:
        try:
            await asyncio.sleep(0 if question == "question 0" else 60)
        finally:
            ended.append(question)
        return question

    answers = CallableModel(endless, per_sample=True).respond(five)
    assert next(answers)[0] == 0
    answers.close()  # type: ignore[attr-defined]
    LOOP.run(asyncio.sleep(0))
    assert sorted(ended) == [sample.question for sample in five]


def test_async_generators_work_inside_an_event_loop(five: list[Sample]) -> None:
    async def main() -> list[tuple[int, Response]]:
        return list(CallableModel(streamed).respond(five))

    assert asyncio.run(main()) == EXPECTED


def test_answers_may_be_responses(five: list[Sample]) -> None:
    refused = Response("", Outcome.REFUSED)
    model = CallableModel(lambda image, question: refused, per_sample=True)
    assert [response for _, response in model.respond(five)] == [refused] * 5


def short(images: list[Image.Image], questions: list[str]) -> list[str]:
    return listed(images, questions)[:3]


def long(images: list[Image.Image], questions: list[str]) -> list[str]:
    return [*listed(images, questions), "one more"]


def breaking(images: list[Image.Image], questions: list[str]) -> Iterator[str]:
    yield from listed(images, questions)[:3]
    raise ValueError("no more")


async def one_breaking(image: Image.Image, question: str) -> str:
    if image.width == 4:
        raise ValueError("no more")
    return one(image, question)


async def cancelled(image: Image.Image, question: str) -> str:
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("function", "options", "kept", "message"),
    [
        (
            short,
            {},
            3,
            "short returned 3 answers for 5 questions; the first without one is sample 's3'. "
            "It must return one per question, in order.",
        ),
        (
            long,
            {},
            5,
            "long returned more answers than the 5 that were asked for (samples 's0' to 's4'). "
            "It must return one per question, in order.",
        ),
        (
            breaking,
            {},
            3,
            "breaking raised ValueError: no more (samples 's0' to 's4'). What it had answered before is kept.",
        ),
        (
            one_breaking,
            {"per_sample": True},
            4,
            "one_breaking raised ValueError: no more (sample 's3'). What it had answered before is kept.",
        ),
        (
            cancelled,
            {"per_sample": True},
            0,
            "cancelled raised CancelledError:  (sample 's0'). What it had answered before is kept.",
        ),
        *[
            (
                function,
                {"name": "f"},
                0,
                f"f returned a {kind} for 5 questions, not a list of answers. Return one answer per question, or pass "
                "per_sample=True for a function of one question.",
            )
            for kind, function in [
                ("dict", lambda images, questions: dict.fromkeys(questions, "yes")),
                ("set", lambda images, questions: set(questions)),
                ("bytes", lambda images, questions: b"12345"),
                ("NoneType", lambda images, questions: None),
            ]
        ],
        (
            lambda images, questions: "yes",
            {"name": "f"},
            0,
            "f returned a str for 5 questions, not a list of answers. Return one answer per question, or pass "
            "per_sample=True for a function of one question.",
        ),
        (
            lambda images, questions: ["a", 2, "c", "d", "e"],
            {"name": "f"},
            1,
            "f answered sample 's1' with a int: '2'. An answer is a string or a Response.",
        ),
    ],
)
def test_broken_contracts(five: list[Sample], function: Any, options: Any, kept: int, message: str) -> None:
    found = []
    with pytest.raises(ModelError) as caught:  # noqa: PT012
        for answer in CallableModel(function, **options).respond(five):
            found.append(answer)
    assert str(caught.value) == message
    assert len(found) == kept


@pytest.mark.parametrize(
    ("function", "options", "kept"), [(breaking, {}, [0, 1, 2]), (one_breaking, {"per_sample": True}, [0, 1, 2, 4])]
)
def test_what_was_answered_beside_an_error_was_yielded(
    five: list[Sample], function: Any, options: Any, kept: list[int]
) -> None:
    found = []
    answers = CallableModel(function, **options).respond(five)
    with pytest.raises(ModelError):  # noqa: PT012
        for answer in answers:
            found.append(answer)
    assert found == [EXPECTED[i] for i in kept]


def test_fingerprints() -> None:
    first, second = CallableModel(listed), CallableModel(listed)
    assert first.fingerprint != second.fingerprint
    assert first.ephemeral
    named = CallableModel(listed, fingerprint="v1")
    assert named.fingerprint == CallableModel(generated, fingerprint="v1").fingerprint
    assert named.fingerprint != CallableModel(listed, fingerprint="v2").fingerprint
    assert not named.ephemeral


def test_names() -> None:
    assert CallableModel(listed).name == "listed"
    assert CallableModel(Object()).name == "Object"
    assert CallableModel(listed, name="mine").name == "mine"


def test_bad_arguments() -> None:
    with pytest.raises(ModelError, match="3 cannot be called"):
        CallableModel(3)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="batch_size is 0; it must be at least 1"):
        CallableModel(listed, batch_size=0)


def test_a_promise_of_greedy_decoding_gives_entropy_zero() -> None:
    samples = [Sample("a", Image.new("RGB", (2, 2)), "What?", "That.")]
    for greedy, entropy in ((True, 0.0), (False, None)):
        model = CallableModel(lambda images, questions: ["That."], greedy=greedy, fingerprint="1")
        assert [response.entropy for _, response in model.respond(samples)] == [entropy]
    kept = Response("No.", Outcome.REFUSED)
    ((_, response),) = CallableModel(lambda images, questions: [kept], greedy=True).respond(samples)
    assert response == kept


def test_the_promise_is_part_of_the_identity() -> None:
    one, two = (CallableModel(len, fingerprint="1", greedy=greedy) for greedy in (True, False))
    assert one.fingerprint != two.fingerprint
    assert CallableModel(len, fingerprint="1:greedy").fingerprint != one.fingerprint
