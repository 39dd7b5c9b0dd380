"""A plain function as a model: `(images, questions) -> answers`, one sample at a time, sync or async."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import uuid
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PIL import Image

from pytest_emid.data.sample import Sample
from pytest_emid.errors import ModelError
from pytest_emid.models.base import Outcome, Response

__all__ = ["CallableModel"]

Answer = str | Response


class CallableModel:
    """A function that answers questions about pictures.

    Args:
        function: by default `function(images, questions)` on lists of equal length, returning as many answers
            (a list, a generator, or an async one of these). Generators are stored as they yield. An answer is a
            string, or a `Response` when there is more to say, such as a refusal.
        per_sample: the function is `function(image, question)` and returns one answer. Async ones run concurrently.
        batch_size: samples per call; per-sample async functions have at most this many calls open.
        name: what reports call it; by default the function's name.
        fingerprint: identity of whatever decides the answers, such as a model's version: answers are then kept
            between runs. Without one, nobody can know whether the function still answers the same, so they are kept
            while this object lives and are asked again in the next run.
        greedy: the function promises equal answers to equal questions, as greedy decoding gives. Answers that are
            strings then carry entropy 0, which the rigorous bound on EMID needs.

    Attributes:
        ephemeral: whether answers must not outlive this object, because no fingerprint was given.

    Raises:
        ModelError: more or fewer answers than samples; something that is no answer; the function raised.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        per_sample: bool = False,
        batch_size: int = 16,
        name: str | None = None,
        fingerprint: str | None = None,
        greedy: bool = False,
    ) -> None:
        if not callable(function):
            raise ModelError(f"{function!r} cannot be called. Give a function (images, questions) -> answers.")
        if batch_size < 1:
            raise ModelError(f"batch_size is {batch_size}; it must be at least 1.")
        self._function = function
        self._per_sample = per_sample
        self._batch_size = batch_size
        self._entropy = 0.0 if greedy else None
        self.name = name or getattr(function, "__name__", type(function).__name__)
        self.ephemeral = fingerprint is None
        said = f"once:{uuid.uuid4()}" if fingerprint is None else f"named:{fingerprint}{':greedy' if greedy else ''}"
        self.fingerprint = hashlib.sha256(f"callable:{said}".encode()).hexdigest()

    def __repr__(self) -> str:
        return f"CallableModel({self.name!r})"

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        """Answer batch after batch. What was yielded before an error stays yielded."""
        for start in range(0, len(samples), self._batch_size):
            batch = samples[start : start + self._batch_size]
            images = [sample.open_image() for sample in batch]
            questions = [sample.question for sample in batch]
            answers = self._one_by_one(images, questions) if self._per_sample else self._at_once(images, questions)
            count = 0
            for count, answer in enumerate(self._guarded(answers, batch), start=1):
                if count > len(batch):
                    raise ModelError(
                        f"{self.name} returned more answers than the {len(batch)} that were asked for "
                        f"(samples {batch[0].id!r} to {batch[-1].id!r}). It must return one per question, in order."
                    )
                yield start + count - 1, self._response(answer, batch[count - 1])
            if count < len(batch):
                raise ModelError(
                    f"{self.name} returned {count} answers for {len(batch)} questions; the first without one is "
                    f"sample {batch[count].id!r}. It must return one per question, in order."
                )

    def _guarded(self, answers: Iterator[Any], batch: Sequence[Sample]) -> Iterator[Any]:
        try:
            yield from answers
        except ModelError:
            raise
        except Exception as error:
            raise ModelError(
                f"{self.name} raised {type(error).__name__}: {error} (samples {batch[0].id!r} to {batch[-1].id!r}). "
                "What it had answered before is kept."
            ) from error

    def _at_once(self, images: list[Image.Image], questions: list[str]) -> Iterator[Any]:
        answers = self._function(images, questions)
        if inspect.isawaitable(answers):
            answers = _run(_awaited(answers))
        if isinstance(answers, AsyncIterable):
            yield from _drain(answers)
        elif isinstance(answers, str) or not isinstance(answers, Iterable):
            raise ModelError(
                f"{self.name} returned a {type(answers).__name__} for {len(questions)} questions, not a list of "
                "answers. Return one answer per question, or pass per_sample=True for a function of one question."
            )
        else:
            yield from answers

    def _one_by_one(self, images: list[Image.Image], questions: list[str]) -> Iterator[Any]:
        asked = zip(images, questions, strict=True)
        if not _is_async(self._function):
            yield from (self._function(image, question) for image, question in asked)
            return

        async def together() -> list[Any]:
            calls = (self._function(image, question) for image, question in asked)
            return await asyncio.gather(*calls, return_exceptions=True)

        for answer in _run(together()):
            if isinstance(answer, BaseException):
                raise answer
            yield answer

    def _response(self, answer: Any, sample: Sample) -> Response:
        if isinstance(answer, Response):
            return answer
        if isinstance(answer, str):
            return Response(answer.strip(), Outcome.OK, entropy=self._entropy)
        raise ModelError(
            f"{self.name} answered sample {sample.id!r} with a {type(answer).__name__}: {str(answer)[:80]!r}. "
            "An answer is a string or a Response."
        )


def _is_async(function: Callable[..., Any]) -> bool:
    called = function if inspect.isroutine(function) else type(function).__call__
    return inspect.iscoroutinefunction(called)


async def _awaited(answers: Awaitable[Any]) -> Any:
    return await answers


def _run(work: Any) -> Any:
    """Run a coroutine to its end, also when the caller is itself inside an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def _drain(answers: AsyncIterable[Any]) -> Iterator[Any]:
    """An async generator as a plain one, answer by answer. Its loop has a thread of its own."""
    iterator = aiter(answers)

    async def following() -> tuple[bool, Any]:
        try:
            return True, await anext(iterator)
        except StopAsyncIteration:
            return False, None

    runner = asyncio.Runner()
    with ThreadPoolExecutor(1) as pool:
        try:
            while (found := pool.submit(lambda: runner.run(following())).result())[0]:
                yield found[1]
        finally:
            pool.submit(runner.close).result()
