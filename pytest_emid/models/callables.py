"""A plain function as a model: `(images, questions) -> answers`, one sample at a time, sync or async."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import uuid
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
    Set,
)
from contextlib import contextmanager
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any, Final

from PIL import Image

from pytest_emid.data.sample import Sample
from pytest_emid.errors import ModelError
from pytest_emid.models.backend.identity import named_fingerprint
from pytest_emid.models.backend.loops import LOOP
from pytest_emid.models.base import Outcome, Response
from pytest_emid.models.packs import told

__all__ = ["CallableModel"]

Answer = str | Response
Shown = Image.Image | list[Image.Image] | None
"""The picture of a sample as a function gets it: one, several, or none."""
_END: Final = object()


class CallableModel:
    """A function that answers questions about pictures.

    Args:
        function: by default `function(images, questions)` on lists of equal length, returning as many answers
            (a list, a generator, or an async one of these). Generators are stored as they yield. An image is a PIL
            image; a list of them where a sample has several, and None where it has none. An answer is a
            string, or a `Response` when there is more to say, such as a refusal.
        per_sample: the function is `function(image, question)` and returns one answer. Async ones run concurrently, and
            each answer is yielded as it arrives. All async calls run in one event loop, so that a client, a lock or a
            semaphore can be made once, outside of the function.
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
        ModelError: a fingerprint that is no text or an empty one; while answering, more or fewer answers than samples,
            something that is no answer, or what the function raised.

    Example:
        >>> from pytest_emid import data, models
        >>> model = models.CallableModel(lambda images, questions: ["A square."] * len(questions), fingerprint="v1")
        >>> [response.text for _, response in model.respond(data.load("scenes", 2))]
        ['A square.', 'A square.']
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
        fingerprint = named_fingerprint(fingerprint)
        self.ephemeral = fingerprint is None
        said = f"once:{uuid.uuid4()}" if fingerprint is None else f"{'greedy' if greedy else 'named'}:{fingerprint}"
        self.fingerprint = hashlib.sha256(f"callable:{said}".encode()).hexdigest()

    def __repr__(self) -> str:
        return f"CallableModel({self.name!r})"

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        """Answer batch after batch, or sample after sample. What was yielded before an error stays yielded."""
        return self._one_by_one(samples) if self._per_sample else self._in_batches(samples)

    def _in_batches(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        for start in range(0, len(samples), self._batch_size):
            batch = samples[start : start + self._batch_size]
            images = [_shown(sample) for sample in batch]
            count = 0
            with self._explaining(f"samples {batch[0].id!r} to {batch[-1].id!r}"):
                answers = self._at_once(images, [sample.question for sample in batch])
            while True:
                with self._explaining(f"samples {batch[0].id!r} to {batch[-1].id!r}"):
                    answer = next(answers, _END)
                if answer is _END:
                    break
                if count == len(batch):
                    raise ModelError(
                        f"{self.name} returned more answers than the {len(batch)} that were asked for "
                        f"(samples {batch[0].id!r} to {batch[-1].id!r}). It must return one per question, in order."
                    )
                yield start + count, self._response(answer, batch[count])
                count += 1
            if count < len(batch):
                raise ModelError(
                    f"{self.name} returned {count} answers for {len(batch)} questions; the first without one is "
                    f"sample {batch[count].id!r}. It must return one per question, in order."
                )

    @contextmanager
    def _explaining(self, where: str) -> Iterator[None]:
        try:
            yield
        except ModelError:
            raise
        except (Exception, asyncio.CancelledError) as error:
            raise ModelError(
                f"{self.name} raised {type(error).__name__}: {told(error)} ({where}). "
                "What it had answered before is kept."
            ) from error

    def _at_once(self, images: list[Shown], questions: list[str]) -> Iterator[Any]:
        answers = self._function(images, questions)
        if inspect.isawaitable(answers):
            answers = LOOP.run(_awaited(answers))
        if isinstance(answers, AsyncIterable):
            return LOOP.iterate(answers)
        # What has no order, or yields keys, bytes or letters, would be taken for answers.
        if isinstance(answers, str | bytes | Mapping | Set) or not isinstance(answers, Iterable):
            raise ModelError(
                f"{self.name} returned a {type(answers).__name__} for {len(questions)} questions, not a list of "
                "answers. Return one answer per question, or pass per_sample=True for a function of one question."
            )
        return iter(answers)

    def _one_by_one(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        position = 0
        waits = _is_async(self._function)
        while position < len(samples) and not waits:
            sample = samples[position]
            image = _shown(sample)
            with self._explaining(f"sample {sample.id!r}"):
                answer = self._function(image, sample.question)
                waits = inspect.isawaitable(answer)  # such as a lambda around an async function
                answer = LOOP.run(_awaited(answer)) if waits else answer
            yield position, self._response(answer, sample)
            position += 1
        if position == len(samples):
            return
        for number, task in LOOP.iterate(self._together(samples, position)):
            with self._explaining(f"sample {samples[number].id!r}"):
                answer = task.result()
            yield number, self._response(answer, samples[number])

    async def _together(self, samples: Sequence[Sample], start: int) -> AsyncIterator[tuple[int, Any]]:
        """Ended tasks by position, as they end. After one that failed no further call is made, and it comes last."""
        waiting = iter(range(start, len(samples)))
        running: dict[Any, int] = {}
        failed: list[tuple[int, Any]] = []
        try:
            while True:
                for number in islice(waiting, 0 if failed else self._batch_size - len(running)):
                    sample = samples[number]
                    call = self._function(_shown(sample), sample.question)
                    running[asyncio.ensure_future(_awaited(call))] = number
                if not running:
                    break
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for number, task in sorted(((running.pop(task), task) for task in done), key=itemgetter(0)):
                    if task.cancelled() or task.exception() is not None:
                        failed.append((number, task))
                    else:
                        yield number, task
        finally:
            for task in running:  # nobody waits for these any more, and the loop lives on
                task.cancel()
        for each in failed:
            yield each

    def _response(self, answer: Any, sample: Sample) -> Response:
        if isinstance(answer, Response):
            return answer
        if isinstance(answer, str):
            return Response(answer.strip(), Outcome.OK, entropy=self._entropy)
        raise ModelError(
            f"{self.name} answered sample {sample.id!r} with a {type(answer).__name__}: {str(answer)[:80]!r}. "
            "An answer is a string or a Response."
        )


def _shown(sample: Sample) -> Shown:
    pictures = sample.open_images()
    return pictures if len(pictures) > 1 else pictures[0] if pictures else None


def _is_async(function: Callable[..., Any]) -> bool:
    while isinstance(function, partial):
        function = function.func
    called = function if inspect.isroutine(function) else type(function).__call__
    return inspect.iscoroutinefunction(called)


async def _awaited(answers: Awaitable[Any]) -> Any:
    return await answers
