"""What makes a function a shift that can be named."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_emid.errors import ShiftError
from pytest_emid.shifts.builtin import LEVELS

__all__ = ["CODE_VERSIONS", "MODALITIES", "RESERVED", "Definition", "check"]

MODALITIES: Final = ("visual", "textual")
CODE_VERSIONS: Final = {"visual": "3", "textual": "4"}
"""Modality to the version of the built-in shifts' code; it rises when one changes what it produces. Pictures under a
shift are fingerprinted by it, unopened; questions by what they became."""
RESERVED: Final = ("identity",)
"""What ids mean without any shift."""
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_OPTION: Final = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class Definition:
    """A shift that can be named.

    Attributes:
        name: letters, digits and underscores; the first part of the id.
        modality: `visual` or `textual`.
        function: visual: `(image, severity, rng, **options)` takes a PIL image in RGB and returns one of the same
            size, or an array (height, width, 3), uint8 or float in 0..1. Textual: `(text, severity, rng, **options)`
            takes and returns a string. All randomness comes from `rng`, a `numpy.random.Generator`.
        severities: the legal levels in rising order; empty when the shift has none (`severity` is then 0).
        kind: a heading in listings, such as `blur`.
        summary: what it does, in a line.
        options: name to legal values, the default first. An id shows the options that are not at their default.
        variants: `"option=value"` to the levels that are legal under that choice, where they differ.
        by_sample: textual: whether the function also takes the keyword `sample_id`.
        control: whether leaving every sample as it was is what the shift is for, or may do.
        follow: `(sample, question, **options)` gives the fields of the sample, by name, that must change with the
            picture, or with the question as `function` made it, for the reference to stay right; empty where none
            must. It raises `ShiftError` where it cannot tell.
        writes: visual: `(dataset, seed, **options)`, once for a dataset, gives a function from a sample to the text
            that `function` then takes as the keyword `text`. Such a shift needs a dataset.
        version: of its code; of a visual shift part of the shifted dataset's fingerprint.

    Example:
        >>> from pytest_emid import shifts
        >>> shifts.get("frost").severities, shifts.get("frost").options
        ((1, 2, 3, 4, 5), {'scale': ('image', 'published')})
    """

    name: str
    modality: str
    function: Callable[..., Any]
    severities: tuple[int, ...] = LEVELS
    kind: str = "custom"
    summary: str = ""
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    variants: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    by_sample: bool = False
    control: bool = False
    follow: Callable[..., Mapping[str, Any]] | None = None
    writes: Callable[..., Callable[[Any], str]] | None = None
    version: str = CODE_VERSIONS["visual"]

    def severities_for(self, options: Mapping[str, str]) -> tuple[int, ...]:
        """The legal levels under a choice of options."""
        for option, value in options.items():
            if f"{option}={value}" in self.variants:
                return self.variants[f"{option}={value}"]
        return self.severities


def check(definition: Definition) -> None:
    """Refuse a malformed definition.

    Raises:
        ShiftError: the name, modality, severities or options are malformed.
    """
    name = definition.name
    if not _NAME.fullmatch(name):
        raise ShiftError(
            f"{name!r} cannot name a shift: use letters, digits and underscores, beginning with a letter, "
            "so that ids can be parsed."
        )
    if name in RESERVED:
        raise ShiftError(f"{name!r} cannot name a shift: it is the id of the shift that changes nothing.")
    if definition.modality not in MODALITIES:
        raise ShiftError(f"shift {name!r}: modality {definition.modality!r} is not one of {', '.join(MODALITIES)}.")
    for levels in (definition.severities, *definition.variants.values()):
        if any(isinstance(level, bool) or not isinstance(level, int) or level < 1 for level in levels) or any(
            low >= high for low, high in itertools.pairwise(levels)
        ):
            raise ShiftError(f"shift {name!r}: severities must be rising integers of at least 1, not {levels!r}.")
    for option, values in definition.options.items():
        words = (option, *values)
        text = not isinstance(values, str) and all(isinstance(word, str) for word in words)
        if not values or not text or not all(_OPTION.fullmatch(word) for word in words):
            raise ShiftError(
                f"shift {name!r}: option {option!r} needs legal values made of letters, digits, '_', '-' and '.', "
                f"the default first, not {values!r}."
            )
