"""Synthetic shifts: named components at a severity, alone or composed, applied sample by sample."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from pytest_emid.errors import ShiftError
from pytest_emid.shifts import registry
from pytest_emid.shifts.component import Component, shift_text
from pytest_emid.shifts.following import Writers, followed, writers
from pytest_emid.shifts.repeats import check_repeats

if TYPE_CHECKING:  # an id can be made and compared without numpy and Pillow
    from PIL import Image

    from pytest_emid.data.dataset import Dataset
    from pytest_emid.data.sample import LazyImage, Sample

__all__ = ["IDENTITY", "SyntheticShift"]

IDENTITY: Final = "identity"
"""The id of the shift without components: the control arm that changes nothing."""


@dataclass(frozen=True, slots=True, repr=False)
class SyntheticShift:
    """Components applied one after the other: pictures first, then questions, each in canonical order.

    `a + b` (or `a & b`) composes two shifts. The order of writing does not matter, and no shift occurs twice.
    A component changes a sample in the same way alone and in company: its random draws depend on the seed, the
    sample's id, the component's name and, from the second of its pictures on, its number. Samples that share a
    picture get noise of their own each. A sample without a picture stays as it is under visual components.

    Raises:
        ShiftError: two components have the same name.

    Example:
        >>> from pytest_emid import shifts
        >>> shift = shifts.parse("case:5") + shifts.parse("defocus_blur:3")
        >>> shift.id, shift.modality, shift.severity
        ('defocus_blur:3+case:5', 'joint', 5)
        >>> shift.apply_text("What is it?")
        'WHAT IS IT?'
    """

    components: tuple[Component, ...]

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.components, key=lambda c: registry.rank(c.name)))
        for first, second in itertools.pairwise(ordered):
            if first.name == second.name:
                raise ShiftError(f"{first.id} and {second.id} cannot be composed: a shift holds {first.name!r} once.")
        object.__setattr__(self, "components", ordered)

    @property
    def id(self) -> str:
        return "+".join(part.id for part in self.components) or IDENTITY

    @property
    def modality(self) -> str:
        """`visual` or `textual`; `joint` when both are shifted, and for the control arm `identity`."""
        kinds = {registry.modality_of(part.name) for part in self.components}
        return kinds.pop() if len(kinds) == 1 else "joint"

    @property
    def paired(self) -> bool:
        return True

    @property
    def severity(self) -> int | None:
        """The level of a shift with one component; the highest level of a composed one."""
        return max((part.severity for part in self.components if part.severity is not None), default=None)

    @property
    def versions(self) -> dict[str, str]:
        """The version of the code behind each component, by the component's id."""
        return {part.id: registry.get(part.name).version for part in self.components}

    def __str__(self) -> str:
        return self.id

    def __repr__(self) -> str:
        return f"shifts.parse({self.id!r})"

    def __add__(self, other: object) -> SyntheticShift:
        if not isinstance(other, SyntheticShift):
            return NotImplemented
        return SyntheticShift(self.components + other.components)

    __and__ = __add__

    def apply(self, dataset: Dataset, seed: int) -> Dataset:
        """The shifted dataset, paired with the clean one. Pictures are shifted when they are opened, and not kept.

        Raises:
            ShiftError: a component changes no question of the whole dataset though that is what it is for, a
                registered function returns what it must not, or the seed is negative.
        """
        visual, textual = self._split()
        written = writers(visual, dataset, seed)
        samples: list[Sample] = []
        told: list[str] = []
        changed = dict.fromkeys((part.id for part, definition in textual if not definition.control), 0)
        for sample in dataset:
            shifted = self._texts(sample, seed, changed)
            said = {name: write(shifted) for name, write in written.items()} if sample.pictures else {}
            told += said.values()
            samples.append(shifted.with_(images=self._lazy(sample, seed, said)) if visual else shifted)
        for part_id, count in changed.items():
            if count == 0:
                raise ShiftError(
                    f"shift {part_id} changed none of the {len(dataset)} questions of dataset {dataset.name!r}, so "
                    f"it would measure nothing. The first question is {dataset[0].question!r}. "
                    "Choose a shift that can act on such text (another layout, another thesaurus), or leave it out."
                )
        own = [definition for _, definition in (*visual, *textual) if not registry.is_built_in(definition)]
        if own:
            check_repeats(self.id, lambda sample: self._made(sample, seed, written), dataset)
        # nobody can know all that a user's function depends on: what it makes is looked at, every time
        known = not any(definition.modality == "visual" for definition in own)
        recipe = self._fingerprint(dataset, samples, seed, told) if known else None
        return type(dataset)(f"{dataset.name}/{self.id}", samples, recipe)

    def apply_sample(self, sample: Sample, seed: int) -> Sample:
        """One shifted sample, as `apply` makes it.

        Raises:
            ShiftError: as for `apply`, except that an unchanged question is no error; or a component needs the other
                samples of a dataset.
        """
        from pytest_emid.data.dataset import Dataset

        visual, _ = self._split()
        return self._shifted(sample, seed, writers(visual, Dataset("one sample", [sample]), seed))

    def apply_image(self, image: Image.Image, seed: int = 0, sample_id: str = "") -> Image.Image:
        """One shifted picture, of the size and mode of the given one; transparency is left as it is.

        Raises:
            ShiftError: a registered function returns what it must not, the seed is negative, or a component writes
                what depends on the dataset.
        """
        return self._pictured(image, seed, sample_id, {})

    def _pictured(self, image: Image.Image, seed: int, sample_id: str, said: Mapping[str, str]) -> Image.Image:
        from pytest_emid.shifts.pictures import apply_in_mode

        visual, _ = self._split()
        for part, definition in visual:
            image = apply_in_mode(part, definition, image, seed, sample_id, said.get(part.id))
        return image

    def apply_text(self, text: str, seed: int = 0, sample_id: str = "") -> str:
        """One shifted text.

        Raises:
            ShiftError: a registered function returns what it must not, or the seed is negative.
        """
        for part, definition in self._split()[1]:
            text = shift_text(part, definition, text, seed, sample_id)
        return text

    def _texts(self, sample: Sample, seed: int, changed: dict[str, int] | None = None) -> Sample:
        """The sample with its question as it is asked, and what must follow. `changed` counts, by component."""
        visual, textual = self._split()
        for part, definition in visual if sample.pictures else ():
            sample = followed(part, definition, sample, sample.question)
        for part, definition in textual:
            before, sample = (
                sample,
                followed(part, definition, sample, shift_text(part, definition, sample.question, seed, sample.id)),
            )
            if changed is not None and part.id in changed:
                changed[part.id] += before.question != sample.question
        return sample

    def _shifted(self, sample: Sample, seed: int, written: Writers) -> Sample:
        shifted = self._texts(sample, seed)
        if not self._split()[0]:
            return shifted
        said = {name: write(shifted) for name, write in written.items()} if sample.pictures else {}
        return shifted.with_(images=self._lazy(sample, seed, said))

    def _made(self, sample: Sample, seed: int, written: Writers) -> bytes:
        shifted = self._shifted(sample, seed, written)
        visual, _ = self._split()
        pictures = [picture.tobytes() for picture in shifted.open_images()] if visual else []
        return b"\0".join([shifted.question.encode("utf-8", "surrogatepass"), *pictures])

    def _split(self) -> tuple[list[tuple[Component, registry.Definition]], list[tuple[Component, registry.Definition]]]:
        parts = [(part, registry.get(part.name)) for part in self.components]
        visual = [(part, definition) for part, definition in parts if definition.modality == "visual"]
        return visual, [(part, definition) for part, definition in parts if definition.modality == "textual"]

    def _lazy(self, sample: Sample, seed: int, said: Mapping[str, str]) -> tuple[LazyImage, ...]:
        from pytest_emid.data.sample import LazyImage

        def lazy(number: int, picture: Image.Image | LazyImage) -> LazyImage:
            source = picture.source if isinstance(picture, LazyImage) else "a picture in memory"
            alone = sample.with_(image=picture, images=())
            # the first draws as it does alone
            name = sample.id if number == 1 else f"{sample.id}, picture {number}"
            return LazyImage(partial(self._open, alone, seed, name, said), f"{source} under {self.id}")

        return tuple(lazy(number, picture) for number, picture in enumerate(sample.pictures, start=1))

    def _open(self, sample: Sample, seed: int, name: str, said: Mapping[str, str]) -> Image.Image:
        return self._pictured(sample.open_image(), seed, name, said)

    def _fingerprint(self, dataset: Dataset, samples: Iterable[Sample], seed: int, told: Iterable[str]) -> str:
        """From the recipe for pictures, which are not opened, and from the content for what is asked and written. Of
        built-in shifts: the fingerprint of a set whose pictures a user's function makes follows from what it makes."""
        visual, textual = self._split()
        digest = hashlib.sha256(f"{dataset.fingerprint}:{self.id}:{seed}".encode())
        for part, definition in visual:
            digest.update(f":{part.id}:{definition.version}".encode())
        following = any(definition.follow is not None for _, definition in (*visual, *textual))
        for sample in samples if textual or following else ():
            texts = [sample.question, *(sample.accepted if following else ())]
            for text in texts:
                digest.update(f":{len(text)}:{text}".encode("utf-8", "surrogatepass"))
        for text in told:
            digest.update(f":{len(text)}:{text}".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()
