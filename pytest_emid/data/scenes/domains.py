"""The domains of scenes: what pictures are drawn from. A domain is one parameter object and one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["DOMAINS", "TRAINING", "Domain"]

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Domain:
    """How scenes of a domain are composed and drawn. The defaults are the training domain's.

    Attributes:
        name: as in `scenes:hard`.
        counts: probabilities of one, two and three things.
        giant: probability that a lone thing is larger than any that was trained on.
        same_size: probability that all things have one size.
        drift: pixels by which things may leave the grid of places, in either direction; 0 keeps the training jitter.
        shade: how far a colour may be mixed with white or black, 0 to 1; white and black stay.
        backdrops: the styles of background, drawn with equal probability; see `backdrops.py`.
        grey: mean level of the background, 0 to 255, upper end excluded.
        noise: standard deviation of the background's noise.
        specks: number of coloured dots behind the things, least and most.
        lines: number of thin lines behind the things, least and most.
    """

    name: str
    counts: tuple[float, float, float] = (0.2, 0.4, 0.4)
    giant: float = 0.0
    same_size: float = 0.0
    drift: int = 0
    shade: float = 0.0
    backdrops: tuple[str, ...] = ("plain",)
    grey: tuple[int, int] = (105, 156)
    noise: Range = (3.0, 10.0)
    specks: tuple[int, int] = (0, 0)
    lines: tuple[int, int] = (0, 0)

    @property
    def dressed(self) -> bool:
        """Whether there is anything behind the things but plain grey."""
        return self.backdrops != ("plain",) or self.specks != (0, 0) or self.lines != (0, 0)


TRAINING: Final = Domain("training")

DOMAINS: Final[dict[str, Domain]] = {
    domain.name: domain
    for domain in (
        TRAINING,
        # few, often huge things on a clean, bright background
        Domain("easy", counts=(0.5, 0.5, 0.0), giant=0.5, grey=(160, 191), noise=(1.0, 3.0)),
        # off the grid, in other shades, with some clutter
        Domain("normal", drift=5, shade=0.12, backdrops=("plain", "gradient"), grey=(115, 166), specks=(2, 6)),
        # crowded, alike in size, on textures and in the dark
        Domain(
            "hard",
            counts=(0.05, 0.25, 0.7),
            same_size=0.6,
            drift=5,
            shade=0.17,
            backdrops=("dark", "striped", "checked", "gradient"),
            grey=(115, 156),
            noise=(6.0, 14.0),
            specks=(5, 12),
            lines=(1, 3),
        ),
    )
}
"""Name to domain, the one that the built-in model was trained on first."""
