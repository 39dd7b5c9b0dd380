"""What a result holds beside its scores: critic, divergences, bounds, sight, what forbids a PASS, and what made it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_emid.information.intervals.estimate import Estimate

__all__ = ["Bound", "CriticReport", "Divergences", "Drift", "Floor", "Obstacle", "Provenance", "Sight"]

NOT_DRAWN: Final = "p-values are not drawn for reports: run with --emid-drift"

PValues = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Sight:
    """What the measure and its guards see of false answers on these very data.

    Attributes:
        reach: kind of fact to the share of falsified clean answers that the guards flag; None where none states one.
        present: kind of fact to the share of the references that state it.
        blind: kinds that stand in a tenth of the references or more, and that neither guards nor measure see.
        unchecked: share of the clean answers in languages without lists of words.
        echo: what information retained would read of a model that only repeats its question; None where nothing.
        contrast_kept: how much of the contrast between yes and no the shifted answers keep; None where there is none.
        pictures: how often the clean answer to a question is another one of another picture, whose reference is another
            one; None where few questions are asked of several pictures.
    """

    reach: Mapping[str, float | None]
    present: Mapping[str, float]
    blind: tuple[str, ...]
    unchecked: float
    echo: float | None
    contrast_kept: float | None
    pictures: float | None = None


@dataclass(frozen=True, slots=True)
class Floor:
    """What the clean side loses when its questions are only asked again.

    Attributes:
        repeats: how often they were.
        differ: share of the repeated answers that differ from the first ones in more than format.
        information: mean direct reference information, first answers minus repeats.
        exact: share of exact matches, likewise.
    """

    repeats: int
    differ: float
    information: Estimate
    exact: Estimate

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Floor:
        """The inverse of what a result's `to_dict` holds of it."""
        estimates = {name: Estimate.from_dict(dict(data[name])) for name in ("information", "exact")}
        return cls(int(data["repeats"]), float(data["differ"]), **estimates)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a gate on a result may not pass.

    Attributes:
        reason: in a sentence.
        on: the measures that it concerns, such as `information`; empty for all.
    """

    reason: str
    on: tuple[str, ...] = ()


class Drift:
    """p-values of "nothing drifted", of pictures and of questions, drawn when they are first read.

    Args:
        image: of the pictures, where it is known.
        text: of the questions, where it is known.
        draw: makes both. What it makes stays in this process: results that travel carry none of it.
        stays: whether they stayed in the process that measured.
    """

    __slots__ = ("_draw", "_p", "stays", "told")

    def __init__(
        self,
        image: float | None = None,
        text: float | None = None,
        draw: Callable[[], PValues] | None = None,
        stays: bool = False,
    ) -> None:
        self.told: PValues = (image, text)
        self.stays = stays or draw is not None
        self._draw = draw
        self._p: PValues | None = None

    @property
    def p(self) -> PValues:
        """Both; None for what differs in nothing, and for what was not drawn where the result was made."""
        if self._p is None:
            self._p = self.told if self._draw is None else self._draw()
        return self._p

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Drift) and self.told == other.told

    def __hash__(self) -> int:
        return hash(self.told)

    def __repr__(self) -> str:
        return f"Drift{self.told}"


@dataclass(frozen=True, slots=True)
class Divergences:
    """Representation Jensen-Shannon divergences in nats (raw; biased upwards at small n) and their null tests.

    The p-values `image_p` and `text_p` ask whether the two sets could be relabelled copies of one (swap null when
    paired, permutation when not); None where nothing differs by construction, such as the pictures of a purely textual
    shift, and in results that were read from a report or came from another process, unless `--emid-drift` was given.
    """

    image: float
    text: float
    output_clean: float
    output_shifted: float
    drift: Drift = field(default_factory=Drift)

    @property
    def image_p(self) -> float | None:
        return self.drift.p[0]

    @property
    def text_p(self) -> float | None:
        return self.drift.p[1]

    def to_dict(self) -> dict[str, float | str | None]:
        """Plain types only; where p-values stay behind, `drift` says how to get them."""
        names = ("image", "text", "output_clean", "output_shifted")
        values: dict[str, float | str | None] = {name: float(getattr(self, name)) for name in names}
        p = {"image_p": self.drift.told[0], "text_p": self.drift.told[1]}
        return {**values, **p, **({"drift": NOT_DRAWN} if self.drift.stays else {})}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Divergences:
        """The inverse of `to_dict`."""
        values = {name: value for name, value in data.items() if name not in ("image_p", "text_p", "drift")}
        return cls(**values, drift=Drift(data["image_p"], data["text_p"], stays="drift" in data))


@dataclass(frozen=True, slots=True)
class Bound:
    """An upper bound on EMID, or a score in the shape of one.

    Attributes:
        name: `rigorous`, `published`, `published_code`, `scale_adjusted` or `input_only`.
        value: the bound (for `rigorous`, its upper confidence limit).
        unit: `nats`, or `score` for what is not a bound.
        terms: what it is the sum of, by name.
        note: how it was estimated, in a sentence.
        emid: the EMID that it bounds, where that is not the result's own (`rigorous`: EMID in nats on answer classes).
        obstacle: why no gate may pass on it, in a sentence; empty when there is no reason.
    """

    name: str
    value: float
    unit: str
    terms: Mapping[str, float]
    note: str = ""
    emid: Estimate | None = None
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class CriticReport:
    """The critic behind EMI and EMID.

    Attributes:
        kind: `witness`, `query`, `ridge` or `club`.
        fingerprint: of every number that decides what it reads.
        fitted_on: which pairs, in words.
        m: how many.
        r2: share of the variance of references held out that it explains; None for a critic in nats.
        unit: `nats` or `critic scale`.
        ceiling: the most that it can read; None where there is no such thing.
        candidates: K of a critic in nats, whose ceiling is ln K; 0 for others.
    """

    kind: str
    fingerprint: str
    fitted_on: str
    m: int
    r2: Estimate | None
    unit: str = "critic scale"
    ceiling: float | None = None
    candidates: int = 0

    @property
    def in_nats(self) -> bool:
        return self.unit == "nats"

    @property
    def informative(self) -> bool:
        """Whether the held-out R^2 is positive beyond its interval, where there is one; no gate on EMI passes else.

        A critic in nats is judged by what it reads of the clean answers.
        """
        return self.r2 is None or (math.isfinite(self.r2.low) and self.r2.low > 0.0)


@dataclass(frozen=True, slots=True)
class Provenance:
    """What made a result. Empty where that is not known, as in results that were made by hand.

    Attributes:
        model: fingerprint of the model; empty where it has none that outlives its process.
        settings: what the model says of itself, flat: `dtype`, `generation.num_beams`, `processor.size.height`; secrets
            are hidden.
        encoders: fingerprints, by `image` and `text`.
        calibration: fingerprint of the clean pairs that critic and whitening were fitted on.
        shift: version of the code of each part of the shift, by the part's id.
        versions: of Python, of this package, and of the libraries that take part (`measuring.provenance.LIBRARIES`).
    """

    model: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    encoders: Mapping[str, str] = field(default_factory=dict)
    calibration: str = ""
    shift: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
