"""How far apart the pictures, questions and answers of two sides are."""

from __future__ import annotations

from typing import Protocol

from pytest_emid.information.divergence.rjsd import rjsd
from pytest_emid.information.threads import few_threads
from pytest_emid.measuring.design import Design
from pytest_emid.measuring.embedding import Answered
from pytest_emid.measuring.results import Divergences, Drift

__all__ = ["drift"]


class Null(Protocol):
    """How the null distribution is drawn, and when."""

    @property
    def seed(self) -> int: ...

    @property
    def permutations(self) -> int: ...

    @property
    def drift(self) -> bool: ...


def drift(clean: Answered, shifted: Answered, design: Design, null: Null) -> Divergences:
    """RJSD of pictures, questions and answers. The null of input drift, most of the work, is drawn when it is read.

    Args:
        clean: one side.
        shifted: the other.
        design: decides the null, a swap or a permutation.
        null: its seed and size, and whether results carry its p-values, which are then drawn now.
    """

    def draw() -> tuple[float | None, float | None]:
        with few_threads(max(len(clean.dataset), len(shifted.dataset))):
            return (
                design.drift_p(clean.image, shifted.image, null.permutations, null.seed),
                design.drift_p(clean.text, shifted.text, null.permutations, null.seed),
            )

    return Divergences(
        image=rjsd(clean.image, shifted.image),
        text=rjsd(clean.text, shifted.text),
        output_clean=rjsd(clean.response, clean.reference),
        output_shifted=rjsd(shifted.response, shifted.reference),
        drift=Drift() if null.permutations == 0 else Drift(*draw()) if null.drift else Drift(draw=draw),
    )
