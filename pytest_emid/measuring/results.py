"""What a measurement found: frozen, plain types, ready to cross processes and to be written as JSON."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Final

from pytest_emid.information.intervals.estimate import Estimate

__all__ = [
    "SCHEMA_VERSION",
    "Bound",
    "CriticReport",
    "Divergences",
    "Drift",
    "EmidResult",
    "Obstacle",
    "Record",
    "Side",
    "in_natural_order",
    "scrub",
]

SCHEMA_VERSION: Final = 1

PValues = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Record:
    """One sample on one side (clean or shifted).

    Attributes:
        id: the sample's id; the same on both sides of a paired measurement.
        cluster: its unit of resampling.
        category: the dataset's label, may be empty.
        question: the text as the model saw it.
        reference: the ground-truth answer.
        response: the model's answer.
        outcome: `ok`, `empty`, `refused` or `truncated`.
        emi: its contribution to EMI of this side (influence value, critic scale).
        information: its direct reference-information score.
        decoded: its decoded score; None where that form cannot be computed.
        cosine: cosine of the response to the reference.
        exact: 1.0 when the normalised response equals the normalised reference, else 0.0.
        served: who a server says that answered, in words; empty where nobody says.
    """

    id: str
    cluster: str
    category: str
    question: str
    reference: str
    response: str
    outcome: str
    emi: float
    information: float
    decoded: float | None
    cosine: float
    exact: float
    served: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """One dataset, answered: the clean side or the shifted side.

    Attributes:
        dataset: its name.
        fingerprint: its content.
        records: one per sample, in order.
        mi_response: I(X; Yhat) on the critic's scale.
        mi_reference: I(X; Y_ref) on the critic's scale.
        emi: their difference, with its interval.
        information: mean direct reference information.
        decoded: mean decoded reference information, or None.
        cosine: mean cosine of response to reference.
        exact: share of exact matches.
    """

    dataset: str
    fingerprint: str
    records: tuple[Record, ...]
    mi_response: float
    mi_reference: float
    emi: Estimate
    information: Estimate
    decoded: Estimate | None
    cosine: Estimate
    exact: Estimate

    @property
    def n(self) -> int:
        return len(self.records)

    @property
    def outcomes(self) -> dict[str, int]:
        """How many answers ended how, by outcome; those that did not occur are left out."""
        return dict(sorted(Counter(record.outcome for record in self.records).items()))

    @property
    def served(self) -> dict[str, int]:
        """How many answers a server says that came from whom; empty where nobody says."""
        return dict(sorted(Counter(record.served for record in self.records if record.served).items()))


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
    """

    __slots__ = ("_draw", "_p", "told")

    def __init__(
        self, image: float | None = None, text: float | None = None, draw: Callable[[], PValues] | None = None
    ) -> None:
        self.told: PValues = (image, text)
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

    def to_dict(self) -> dict[str, float | None]:
        """Plain types only, without what was not asked for."""
        names = ("image", "text", "output_clean", "output_shifted")
        values = {name: float(getattr(self, name)) for name in names}
        return {**values, "image_p": self.drift.told[0], "text_p": self.drift.told[1]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Divergences:
        """The inverse of `to_dict`."""
        values = {name: value for name, value in data.items() if name not in ("image_p", "text_p")}
        return cls(**values, drift=Drift(data["image_p"], data["text_p"]))


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
    """The critic behind EMI: what it is, what it was fitted on, and how much it explains of references held out."""

    kind: str
    fingerprint: str
    fitted_on: str
    m: int
    r2: Estimate

    @property
    def informative(self) -> bool:
        """Whether the held-out R^2 is positive beyond its interval; no gate on EMI passes otherwise."""
        return math.isfinite(self.r2.low) and self.r2.low > 0.0


@dataclass(frozen=True, slots=True)
class EmidResult:
    """One measurement of one scenario.

    Attributes:
        scenario: the shift's id.
        modality: `visual`, `textual`, `joint` or `natural`.
        paired: whether both sides hold the same sample ids.
        seed: base seed of the shift.
        model: the model's name.
        encoders: the encoders' names.
        clean: the in-distribution side.
        shifted: the shifted side.
        emid: EMI clean minus EMI shifted, as published.
        anchored_emid: I(X_clean; Yhat_clean) - I(X_clean; Yhat_shifted); None when unpaired.
        anchored: its contributions, one per sample; None when unpaired.
        information_lost: mean direct reference information, clean minus shifted.
        information_retained: shifted / clean of the same, a fraction.
        decoded_retained: the same of the decoded form, or None.
        cosine_drop: mean cosine to the reference, clean minus shifted.
        exact_drop: share of exact matches, clean minus shifted.
        divergences: of pictures, questions and answers.
        bounds: by name.
        critic: the critic behind EMI and EMID.
        obstacles: what forbids gates to pass, beyond what follows from the figures themselves.
        remarks: sentences that a reader should not miss.
        settings: effective options, each with its value and where it came from.
    """

    scenario: str
    modality: str
    paired: bool
    seed: int
    model: str
    encoders: str
    clean: Side
    shifted: Side
    emid: Estimate
    anchored_emid: Estimate | None
    anchored: tuple[float, ...] | None
    information_lost: Estimate
    information_retained: Estimate
    decoded_retained: Estimate | None
    cosine_drop: Estimate
    exact_drop: Estimate
    divergences: Divergences
    bounds: Mapping[str, Bound]
    critic: CriticReport
    obstacles: tuple[Obstacle, ...] = ()
    remarks: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Samples on the shifted side."""
        return self.shifted.n

    @property
    def clusters(self) -> int:
        """Independent units on the shifted side."""
        return len({record.cluster for record in self.shifted.records})

    @property
    def emi_clean(self) -> Estimate:
        return self.clean.emi

    @property
    def emi_shifted(self) -> Estimate:
        return self.shifted.emi

    def to_dict(self) -> dict[str, Any]:
        """Plain types only, with `schema_version`; lone surrogates in texts are replaced, so that it can be sent."""
        return {"schema_version": SCHEMA_VERSION, **_plain(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> EmidResult:
        """The inverse of `to_dict`.

        Raises:
            ValueError: another schema version.
        """
        version = data.get("schema_version")
        if version != SCHEMA_VERSION:
            raise ValueError(
                f"this result has schema version {version!r}; this release reads version {SCHEMA_VERSION}. "
                "Read it with the release that wrote it, or measure again."
            )
        values = {f.name: data[f.name] for f in fields(cls)}
        return cls(
            **{
                **values,
                **{name: _estimate(values[name]) for name in _ESTIMATES},
                "clean": _side(values["clean"]),
                "shifted": _side(values["shifted"]),
                "anchored": None if values["anchored"] is None else tuple(values["anchored"]),
                "divergences": Divergences.from_dict(values["divergences"]),
                "obstacles": tuple(Obstacle(o["reason"], tuple(o["on"])) for o in values["obstacles"]),
                "bounds": {
                    name: Bound(**{**bound, "emid": _estimate(bound["emid"])})
                    for name, bound in values["bounds"].items()
                },
                "critic": CriticReport(**{**values["critic"], "r2": _estimate(values["critic"]["r2"])}),
                "remarks": tuple(values["remarks"]),
            }
        )


_COUNTS: Final = ("outcomes", "served")
"""What a side also tells of its records."""
_ESTIMATES: Final = (
    "emid",
    "anchored_emid",
    "information_lost",
    "information_retained",
    "decoded_retained",
    "cosine_drop",
    "exact_drop",
)


def _estimate(data: Mapping[str, Any] | None) -> Estimate | None:
    return None if data is None else Estimate.from_dict(dict(data))


def _side(data: Mapping[str, Any]) -> Side:
    estimates = {name: _estimate(data[name]) for name in ("emi", "information", "decoded", "cosine", "exact")}
    records = tuple(Record(**record) for record in data["records"])
    held = {name: value for name, value in data.items() if name not in _COUNTS}
    return Side(**{**held, **estimates, "records": records})


def _plain(value: Any) -> Any:
    """Dataclasses to dicts, tuples to lists, numpy scalars to Python numbers, texts without lone surrogates."""
    if isinstance(value, Divergences):
        return value.to_dict()
    if isinstance(value, Side):
        counts = {name: _plain(getattr(value, name)) for name in _COUNTS}
        return {**{f.name: _plain(getattr(value, f.name)) for f in fields(value)}, **counts}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {scrub(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return scrub(value)
    if value is None or isinstance(value, bool | int | float):
        return float(value) if isinstance(value, float) else value
    return value.item()


def scrub(text: str) -> str:
    """A text that can cross processes: a lone surrogate in a report kills a pytest-xdist run."""
    return str(text).encode("utf-8", "replace").decode("utf-8")


def in_natural_order(text: str) -> list[tuple[int, int | str]]:
    """A sort key that puts `x:2` before `x:10`."""
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", text) if part]
