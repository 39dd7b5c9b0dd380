"""A dataset: an ordered, named, fingerprinted collection of samples."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from pytest_emid.data.sample import Sample, of_pictures, pictures_digest
from pytest_emid.errors import DataError, listed

__all__ = ["Dataset"]


class Dataset(Sequence[Sample]):
    """An ordered collection of samples with unique ids.

    Args:
        name: what reports call it.
        samples: the samples, in order.
        fingerprint: identity of the content. Left out, it is computed from every id, question, reference and
            picture; pass one when content follows from a recipe (a generator and a seed), which saves the reading.

    Raises:
        DataError: no samples, something that is no sample or whose id, question or reference is no text, a repeated
            id, an empty question or an empty reference.

    Example:
        >>> from PIL import Image
        >>> from pytest_emid import Dataset, Sample
        >>> cat = Image.new("RGB", (8, 8), "orange")
        >>> samples = [Sample("1", cat, "What is it?", "A cat."), Sample("2", cat, "Its colour?", "Orange.")]
        >>> pets = Dataset("pets", samples)
        >>> pets.first(1), pets.select(["2"])[0].reference
        (Dataset('pets', 1 samples), 'Orange.')
    """

    def __init__(self, name: str, samples: Iterable[Sample], fingerprint: str | None = None) -> None:
        self.name = name
        self._samples = tuple(samples)
        if not self._samples:
            raise DataError(f"dataset {name!r} is empty. Give it at least one sample.")
        seen: dict[str, int] = {}
        for position, sample in enumerate(self._samples):
            _check_types(name, position, sample)
            if sample.id in seen:
                raise DataError(
                    f"dataset {name!r}: samples {seen[sample.id]} and {position} have the same id {sample.id!r}. "
                    "Ids pair clean with shifted samples, so each must be unique."
                )
            seen[sample.id] = position
            if not sample.question.strip():
                raise DataError(f"dataset {name!r}: sample {sample.id!r} has no question.")
            if not sample.reference.strip():
                raise DataError(
                    f"dataset {name!r}: sample {sample.id!r} has no reference answer. "
                    "EMI compares the model's answers with reference answers; add one, or leave the sample out."
                )
        self._fingerprint = fingerprint

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Sample, ...]: ...
    def __getitem__(self, index: int | slice) -> Sample | tuple[Sample, ...]:
        return self._samples[index]

    def __len__(self) -> int:
        return len(self._samples)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self._samples)

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, {len(self)} samples)"

    @cached_property
    def fingerprint(self) -> str:
        """sha256 hex: the recipe's when one was given, else that of the content (reads every picture once)."""
        if self._fingerprint is not None:
            return self._fingerprint
        digest = hashlib.sha256()
        for sample, picture in zip(self._samples, self.picture_digests, strict=True):
            for part in (sample.id, sample.question, sample.reference, picture):
                digest.update(f"{len(part)}:{part}".encode("utf-8", "surrogatepass"))
            if sample.references:  # one reference alone is named as it always was
                digest.update(f"references:{sample.references!r}".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    @cached_property
    def picture_digests(self) -> tuple[str, ...]:
        """`pictures_digest` of every sample, in order; reads every picture once."""
        return tuple(of_pictures(self._samples, pictures_digest))

    @property
    def recipe(self) -> str | None:
        """The fingerprint that was given; None when it has to be computed from the content."""
        return self._fingerprint

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(sample.id for sample in self._samples)

    @property
    def clusters(self) -> tuple[str, ...]:
        """The cluster of each sample, in order."""
        return tuple(sample.cluster_id for sample in self._samples)

    def map(self, name: str, change: Callable[[Sample], Sample], fingerprint: str | None = None) -> Dataset:
        """A dataset of changed samples under another name. A change that keeps ids gives a paired set."""
        return Dataset(name, (change(sample) for sample in self._samples), fingerprint)

    def first(self, n: int) -> Dataset:
        """The first `n` samples (all of them if there are fewer)."""
        if n < 1:
            raise DataError(f"dataset {self.name!r}: cannot take the first {n} samples; take at least 1.")
        if n >= len(self):
            return self
        return Dataset(self.name, self._samples[:n], _derived(self._fingerprint, f"first:{n}"))

    def subset(self, n: int, seed: int, *, stratified: bool = False) -> Dataset:
        """`n` samples drawn without replacement, in their original order; the same seed draws the same ones.

        Args:
            n: from 1 to all.
            seed: another seed draws others.
            stratified: draw each category in proportion, rounded so that the shares add up to `n`.

        Raises:
            DataError: there are not so many samples, or the seed is negative.
        """
        if not 1 <= n <= len(self):
            raise DataError(f"dataset {self.name!r}: cannot draw {n} of its {len(self)} samples.")
        if seed < 0:
            raise DataError(f"dataset {self.name!r}: a seed must be at least 0, not {seed}.")
        order = np.random.default_rng(seed).permutation(len(self))
        drawn = self._by_category(order, n) if stratified else order[:n]
        how = f"subset:{n}:{seed}{':stratified' if stratified else ''}"
        return Dataset(self.name, (self._samples[i] for i in sorted(drawn)), _derived(self._fingerprint, how))

    def select(self, ids: Iterable[str], name: str | None = None) -> Dataset:
        """The samples with the given ids, in the given order, such as one split of a benchmark.

        Raises:
            DataError: an id is not in the dataset, or is given twice; no id is given.
        """
        chosen = [ids] if isinstance(ids, str) else list(ids)
        by_id = {sample.id: sample for sample in self._samples}
        unknown = [sample_id for sample_id in chosen if sample_id not in by_id]
        if unknown:
            raise DataError(
                f"dataset {self.name!r} has no sample {listed(unknown, 5)}. "
                f"Its ids are such as {self._samples[0].id!r}; ids are text."
            )
        digest = hashlib.sha256(repr(chosen).encode("utf-8", "surrogatepass")).hexdigest()
        return Dataset(
            self.name if name is None else name,
            (by_id[sample_id] for sample_id in chosen),
            _derived(self._fingerprint, f"select:{digest}"),
        )

    def _by_category(self, order: NDArray[np.intp], n: int) -> list[int]:
        """The first samples of each category in `order`, by largest remainders; ties go to the earlier category."""
        members: dict[str, list[int]] = {}
        for sample in self._samples:
            members.setdefault(sample.category, [])
        for i in order:
            members[self._samples[i].category].append(int(i))
        counts = {category: n * len(indices) // len(self) for category, indices in members.items()}
        by_remainder = sorted(counts, key=lambda category: -(n * len(members[category]) % len(self)))
        for category in by_remainder[: n - sum(counts.values())]:
            counts[category] += 1
        return [i for category, indices in members.items() for i in indices[: counts[category]]]


def _check_types(name: str, position: int, sample: object) -> None:
    if not hasattr(sample, "question"):
        raise DataError(
            f"dataset {name!r}: number {position} is a {type(sample).__name__}, not a Sample. "
            "For dicts use data.load_records."
        )
    for field in ("id", "question", "reference", "category", "cluster"):
        value = getattr(sample, field)
        if not isinstance(value, str):
            raise DataError(f"dataset {name!r}: the {field} of sample {position} is {value!r}, not text. Make it text.")
    _check_references(name, sample)


def _check_references(name: str, sample: Any) -> None:
    references: object = getattr(sample, "references", ())
    if not isinstance(references, tuple) or not all(isinstance(text, str) and text.strip() for text in references):
        raise DataError(
            f"dataset {name!r}: the references of sample {sample.id!r} are {references!r}; give a tuple of texts, none "
            "of them empty, or leave them out."
        )
    if references and references[0] != sample.reference:
        raise DataError(
            f"dataset {name!r}: the first of the references of sample {sample.id!r} is {references[0]!r}, and its "
            f"reference is {sample.reference!r}. The reference comes first."
        )


def _derived(fingerprint: str | None, how: str) -> str | None:
    """A recipe's fingerprint after one more step; content is hashed afresh, so it needs none."""
    return None if fingerprint is None else hashlib.sha256(f"{fingerprint}:{how}".encode()).hexdigest()
