"""Whether a user's shift makes the same of a sample each time, as far as a few samples show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from pytest_emid.errors import ShiftError

if TYPE_CHECKING:
    from pytest_emid.data.sample import Sample

__all__ = ["check_repeats"]

TRIED: Final = 3
"""Samples that are shifted twice. Pictures that slip through are noticed when they are asked about."""


def check_repeats(shift: str, made: Callable[[Sample], bytes], samples: Sequence[Sample]) -> None:
    """Shift the first, the middle and the last sample twice.

    Args:
        shift: its id.
        made: what the shift makes of a sample, as bytes.
        samples: the whole set.

    Raises:
        ShiftError: something differs; the message names the sample.
    """
    last = len(samples) - 1
    for position in sorted({part * last // (TRIED - 1) for part in range(TRIED)}):
        sample = samples[position]
        if made(sample) != made(sample):
            raise ShiftError(
                f"shift {shift} does not repeat: applied twice to sample {sample.id!r}, it made two different things, "
                "so an answer would belong to neither. Draw all randomness from the rng that the function is given, "
                "not from a generator of its own or a global one, and keep no state between calls."
            )
