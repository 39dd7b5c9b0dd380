"""From samples to what a model takes: prompts, prepared pictures, and batches of them made ahead of the device."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Final

import torch
from PIL import Image

from pytest_emid.data.sample import Sample, pictures_digest
from pytest_emid.models.backend.ahead import in_background, in_threads, workers
from pytest_emid.models.local.pictures import PreparedPictures
from pytest_emid.models.local.prompts import Prompts
from pytest_emid.models.placeholders import arranged

__all__ = ["LENGTH_CLASS", "Batch", "Queries", "Query", "Rows"]

LENGTH_CLASS: Final = 32
"""Where shapes are fixed, prompts are padded to a multiple of this."""
BATCHES_AHEAD: Final = 2


@dataclass(slots=True)
class Query:
    """A sample whose pictures are open.

    Attributes:
        place: its position in the request.
        sample: what is asked about.
        pictures: upright, in RGB.
        features: the picture prepared; None where the processor prepares the pictures of a batch together.
        digest: of the pictures, where it was needed.
    """

    place: int
    sample: Sample
    pictures: list[Image.Image]
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
        digests: whether the digest of every sample's pictures is needed.
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
        self.prompts = Prompts(processor, system=system, prompt=prompt)
        self.pictures = PreparedPictures(processor)
        self._digests = digests
        self._gpu = gpu
        self._dtype = dtype
        self._workers = workers(gpu) if threads else 1
        self._flat = False
        self._opening = threading.Lock()
        self._tokenising = threading.Lock()

    def open(self, samples: Sequence[Sample], order: Iterable[int] | None = None) -> Generator[Query]:
        """Samples with their pictures open and prepared, in order, in threads ahead of whoever takes them."""
        self.pictures.learn(self.prompts.of("What is it?"))
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
        arranged(sample.question, len(sample.pictures), sample.id)
        with self._opening:  # what opens a user's pictures need not be made for threads
            pictures = sample.open_images()
        shared = sample.cluster_id in several
        digest = pictures_digest(pictures) if shared or self._digests else None
        # several pictures of a sample are padded to one another by some processors
        features = self.pictures.prepare(pictures[0], digest if shared else None) if len(pictures) == 1 else None
        return Query(place, sample, pictures, features, digest)

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
                yield from map(self.batch, _alike(part))

    def _in_classes(self, samples: Sequence[Sample], order: Sequence[int], rows: Rows) -> Generator[Batch]:
        waiting: dict[tuple[bool, int], list[Query]] = {}
        with closing(self.open(samples, order)) as queries:
            while part := list(islice(queries, count := rows.count)):  # which may halve at any time
                for same in _alike(part):
                    yield from self._in_class(same, count, waiting)
        count = rows.count
        for members in waiting.values():
            for start in range(0, len(members), count):
                yield self.batch(members[start : start + count], count, LENGTH_CLASS)

    def _in_class(
        self, part: list[Query], count: int, waiting: dict[tuple[bool, int], list[Query]]
    ) -> Generator[Batch]:
        batch = self.batch(part, multiple=LENGTH_CLASS)
        if batch.error is not None:
            yield batch
            return
        classes: dict[tuple[bool, int], list[Query]] = {}
        for query, length in zip(part, lengths(batch.inputs), strict=True):
            classes.setdefault((bool(query.pictures), -(-length // LENGTH_CLASS)), []).append(query)
        if len(classes) == 1 and len(part) == count:
            yield batch
            return
        for name, members in classes.items():
            waiting.setdefault(name, []).extend(members)
            while len(waiting[name]) >= count:
                full, waiting[name] = waiting[name][:count], waiting[name][count:]
                yield self.batch(full, multiple=LENGTH_CLASS)

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
        texts = [self.prompts.of(query.sample.question, len(query.pictures)) for query in queries]
        bos = str(getattr(self.tokenizer, "bos_token", None) or "")
        written = bool(bos) and texts[0].startswith(bos)  # the template wrote the start token: do not add another
        pictures = [query.pictures for query in queries]
        prepared = [(query.pictures[0], query.features) for query in queries if query.features is not None]
        whole = self.pictures.processor(*zip(*prepared, strict=True)) if len(prepared) == len(queries) else None
        with self._tokenising:  # padding is a setting of the tokenizer
            inputs = self._called(
                self.processor if whole is None else whole,
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

    def _called(self, processor: Any, pictures: Sequence[list[Image.Image]], **options: Any) -> Any:
        """What the processor makes of prompts with their pictures: all have some, or none has.

        Some processors take nested pictures for pages of one; those that take one picture a prompt refuse several.
        """
        flat = [picture for group in pictures for picture in group]
        if not flat:
            return processor(**options)
        one_each = len(flat) == len(pictures)
        if self._flat and one_each:
            return processor(images=flat, **options)
        try:
            return processor(images=list(pictures), **options)
        except Exception as error:
            if not one_each:
                raise
            try:
                inputs = processor(images=flat, **options)
            except Exception:
                raise error from None
            self._flat = True
            return inputs


def lengths(inputs: Any) -> list[int]:
    """Tokens of each prompt."""
    found: list[int] = inputs["attention_mask"].sum(1).tolist()
    return found


def _alike(part: list[Query]) -> list[list[Query]]:
    """Those with pictures, and those without: no processor takes both at once."""
    groups = [query for query in part if query.pictures], [query for query in part if not query.pictures]
    return [group for group in groups if group]
