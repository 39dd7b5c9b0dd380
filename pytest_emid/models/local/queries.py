"""From samples to what a model takes: prompts, prepared pictures, and batches of them made ahead of the device."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from typing import Any, Final

import torch
from PIL import Image

from pytest_emid.data.sample import Sample, image_digest
from pytest_emid.models.backend.ahead import in_background, in_threads, workers
from pytest_emid.models.local.pictures import PreparedPictures
from pytest_emid.models.placeholders import around_picture, without_places

__all__ = ["LENGTH_CLASS", "Batch", "Queries", "Query", "Rows"]

LENGTH_CLASS: Final = 32
"""Where shapes are fixed, prompts are padded to a multiple of this."""
BATCHES_AHEAD: Final = 2


@dataclass(slots=True)
class Query:
    """A sample whose picture is open.

    Attributes:
        place: its position in the request.
        sample: what is asked about.
        picture: upright, in RGB.
        features: the picture prepared; None where the processor prepares the pictures of a batch together.
        digest: of the picture, where it was needed.
    """

    place: int
    sample: Sample
    picture: Image.Image
    features: Mapping[str, Any] | None
    digest: str | None


@dataclass(slots=True)
class Batch:
    """Queries that are asked together.

    Attributes:
        queries: what is asked.
        rows: of the inputs: those of the queries, and repetitions of the last that fill the batch up.
        inputs: for the model; None where making them failed.
        error: why it failed.
    """

    queries: list[Query]
    rows: int
    inputs: Any = None
    error: Exception | None = None

    def __len__(self) -> int:
        return len(self.queries)


@dataclass(slots=True)
class Rows:
    """How many samples go together; made smaller when memory runs out."""

    count: int


class Queries:
    """Makes the inputs of a model.

    Args:
        processor: of the model.
        tokenizer: the processor's, padding on the left.
        system: a system message before the question.
        prompt: instead of the chat template.
        digests: whether every picture's digest is needed.
        threads: whether several threads may prepare pictures: code that came with a checkpoint may not be made for it.
        gpu: whether the inputs go to a GPU.
        dtype: of the model's numbers.
    """

    def __init__(
        self,
        processor: Any,
        tokenizer: Any,
        *,
        system: str,
        prompt: str | None,
        digests: bool,
        threads: bool,
        gpu: bool,
        dtype: torch.dtype,
    ) -> None:
        self.processor = processor
        self.tokenizer = tokenizer
        self.pictures = PreparedPictures(processor)
        self._system = system
        self._own_prompt = prompt
        self._digests = digests
        self._gpu = gpu
        self._dtype = dtype
        self._workers = workers(gpu) if threads else 1
        self._flat = False
        self._opening = threading.Lock()
        self._tokenising = threading.Lock()
        self._rendered = lru_cache(4096)(self._render)

    def messages(self, question: str) -> list[dict[str, Any]]:
        """A conversation that asks a question about a picture."""
        messages: list[dict[str, Any]] = []
        if self._system:
            messages.append({"role": "system", "content": [{"type": "text", "text": self._system}]})
        before, after = ({"type": "text", "text": readable(text)} for text in around_picture(question))
        content = [*([before] if before["text"] else []), {"type": "image"}, after]
        messages.append({"role": "user", "content": content})
        return messages

    def prompt(self, question: str) -> str:
        """What the model reads of a question."""
        return self._rendered(question)

    def _render(self, question: str) -> str:
        if self._own_prompt is not None:
            return self._own_prompt.replace("{question}", readable(without_places(question)))
        messages = self.messages(question)
        return str(self.processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False))

    def open(self, samples: Sequence[Sample], order: Iterable[int] | None = None) -> Generator[Query]:
        """Samples with their pictures open and prepared, in order, in threads ahead of whoever takes them."""
        self.pictures.learn(self.prompt("What is it?"))
        left = Counter(sample.cluster_id for sample in samples)
        several = {name for name, count in left.items() if count > 1}
        return in_threads(
            partial(self._open, samples, several),
            range(len(samples)) if order is None else order,
            self._workers,
            2 * self._workers,
        )

    def _open(self, samples: Sequence[Sample], several: frozenset[str] | set[str], place: int) -> Query:
        sample = samples[place]
        around_picture(sample.question, sample.id)
        with self._opening:  # what opens a user's pictures need not be made for threads
            picture = sample.open_image()
        shared = sample.cluster_id in several
        digest = image_digest(picture) if shared or self._digests else None
        features = self.pictures.prepare(picture, digest if shared else None)
        return Query(place, sample, picture, features, digest)

    def batches(self, samples: Sequence[Sample], order: Sequence[int], rows: Rows, *, fixed: bool) -> Generator[Batch]:
        """All samples in batches, made ahead of the device in a thread of its own.

        Args:
            samples: the request.
            order: in which their pictures are opened.
            rows: samples in a batch.
            fixed: every batch has exactly `rows` rows, and is padded to a class of lengths: rounding is the same each
                time. Samples wait for others of their class, so that at most one batch of each is filled up.
        """
        make = self._in_classes if fixed else self._in_order
        return in_background(make(samples, order, rows), BATCHES_AHEAD)

    def _in_order(self, samples: Sequence[Sample], order: Sequence[int], rows: Rows) -> Generator[Batch]:
        with closing(self.open(samples, order)) as queries:
            while part := list(islice(queries, rows.count)):
                yield self.batch(part)

    def _in_classes(self, samples: Sequence[Sample], order: Sequence[int], rows: Rows) -> Generator[Batch]:
        waiting: dict[int, list[Query]] = {}
        with closing(self.open(samples, order)) as queries:
            while part := list(islice(queries, count := rows.count)):  # which may halve at any time
                batch = self.batch(part, multiple=LENGTH_CLASS)
                if batch.error is not None:
                    yield batch
                    continue
                classes: dict[int, list[Query]] = {}
                for query, length in zip(part, lengths(batch.inputs), strict=True):
                    classes.setdefault(-(-length // LENGTH_CLASS), []).append(query)
                if len(classes) == 1 and len(part) == count:
                    yield batch
                    continue
                for name, members in classes.items():
                    waiting.setdefault(name, []).extend(members)
                    while len(waiting[name]) >= count:
                        full, waiting[name] = waiting[name][:count], waiting[name][count:]
                        yield self.batch(full, multiple=LENGTH_CLASS)
        count = rows.count
        for members in waiting.values():
            for start in range(0, len(members), count):
                yield self.batch(members[start : start + count], count, LENGTH_CLASS)

    def batch(self, queries: Sequence[Query], rows: int = 0, multiple: int | None = None) -> Batch:
        """A batch, filled up to `rows`; an error of making it is told when it is asked."""
        batch = Batch(list(queries), max(rows, len(queries)))
        try:
            batch.inputs = self.together(batch.queries + batch.queries[-1:] * (batch.rows - len(batch)), multiple)
        except Exception as error:
            batch.error = error
        return batch

    def together(self, queries: Sequence[Query], multiple: int | None = None) -> Any:
        """What the processor makes of several queries, padded to the longest, or to a multiple."""
        texts = [self.prompt(query.sample.question) for query in queries]
        bos = str(getattr(self.tokenizer, "bos_token", None) or "")
        written = bool(bos) and texts[0].startswith(bos)  # the template wrote the start token: do not add another
        pictures = [query.picture for query in queries]
        processor = self.pictures.processor(pictures, [query.features for query in queries])
        with self._tokenising:  # padding is a setting of the tokenizer
            inputs = self._called(
                processor,
                pictures,
                text=texts,
                padding=True,
                return_tensors="pt",
                **({"pad_to_multiple_of": multiple} if multiple else {}),
                **({"add_special_tokens": False} if written else {}),
            )
        inputs = inputs.to(dtype=self._dtype)  # here and not on the way to the device, where it would wait for it
        if self._gpu:
            inputs.update({k: v.pin_memory() for k, v in inputs.items() if isinstance(v, torch.Tensor)})
        return inputs

    def _called(self, processor: Any, pictures: Sequence[Image.Image], **options: Any) -> Any:
        """What the processor makes of prompts with a picture each. Some take nested pictures for pages of one."""
        nested = [[picture] for picture in pictures]
        if self._flat:
            return processor(images=list(pictures), **options)
        try:
            return processor(images=nested, **options)
        except Exception as error:
            try:
                inputs = processor(images=list(pictures), **options)
            except Exception:
                raise error from None
            self._flat = True
            return inputs


def lengths(inputs: Any) -> list[int]:
    """Tokens of each prompt."""
    found: list[int] = inputs["attention_mask"].sum(1).tolist()
    return found


def readable(text: str) -> str:
    """Tokenizers refuse lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")
