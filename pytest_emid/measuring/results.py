"""What a measurement found: frozen, plain types, ready to cross processes and to be written as JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Final

from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.measuring.metrics.result import MetricResult

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
    "Sight",
    "in_natural_order",
    "scrub",
]

SCHEMA_VERSION: Final = 2
NOT_DRAWN: Final = "p-values are not drawn for reports: run with --emid-drift"

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
        outcome: `ok`, `refused` or `truncated`.
        emi: its contribution to EMI of this side (influence value, in the critic's unit).
        told: its contribution to I(X; answer) of this side, likewise; `emi` without what the reference tells.
        information: its direct reference-information score.
        decoded: its decoded score; None where that form cannot be computed.
        cosine: cosine of the response to the reference.
        exact: 1.0 when the normalised response equals the normalised reference, else 0.0.
        unasked: its score in the form that the echo guard compares; None where that was not computed.
        repeated: share of its reference's words that the response repeats; None likewise.
        contradicts: kinds of facts in which the response contradicts its reference; None where nothing was checked.
        references: all answers that are accepted, where there are several.
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
    told: float = 0.0
    unasked: float | None = None
    repeated: float | None = None
    contradicts: tuple[str, ...] | None = None
    references: tuple[str, ...] = ()


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
    """

    reach: Mapping[str, float | None]
    present: Mapping[str, float]
    blind: tuple[str, ...]
    unchecked: float
    echo: float | None
    contrast_kept: float | None


@dataclass(frozen=True, slots=True)
class Side:
    """One dataset, answered: the clean side or the shifted side.

    Attributes:
        dataset: its name.
        fingerprint: its content.
        records: one per sample, in order.
        mi_response: I(X; Yhat), in the critic's unit.
        mi_reference: I(X; Y_ref), likewise.
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
        emid_share: EMID as a share of what the clean answers tell about their queries; None where the critic is not in
            nats.
        information_lost: mean direct reference information, clean minus shifted.
        information_retained: shifted / clean of the same, a fraction.
        decoded_retained: the same of the decoded form, or None.
        cosine_drop: mean cosine to the reference, clean minus shifted.
        exact_drop: share of exact matches, clean minus shifted.
        divergences: of pictures, questions and answers.
        bounds: by name.
        critic: the critic behind EMI and EMID.
        sight: what measure and guards see of false answers; None where that was not looked at.
        obstacles: what forbids gates to pass, beyond what follows from the figures themselves.
        metrics: by name, what the metrics that were asked for say of the same answers.
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
    emid_share: Estimate | None = None
    sight: Sight | None = None
    obstacles: tuple[Obstacle, ...] = ()
    metrics: Mapping[str, MetricResult] = field(default_factory=dict)
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
                f"this result has schema version {version!r}; this release reads version {SCHEMA_VERSION}, in which "
                "EMI and EMID are in nats by default. Read it with the release that wrote it, or measure again."
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
                "sight": _sight(values["sight"]),
                "metrics": {name: MetricResult.from_dict(found) for name, found in values["metrics"].items()},
                "remarks": tuple(values["remarks"]),
            }
        )


_ESTIMATES: Final = (
    "emid",
    "anchored_emid",
    "emid_share",
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
    records = tuple(_record(record) for record in data["records"])
    return Side(**{**data, **estimates, "records": records})


def _record(data: Mapping[str, Any]) -> Record:
    kinds = data["contradicts"]
    several = tuple(data["references"])
    return Record(**{**data, "contradicts": None if kinds is None else tuple(kinds), "references": several})


def _sight(data: Mapping[str, Any] | None) -> Sight | None:
    return None if data is None else Sight(**{**data, "blind": tuple(data["blind"])})


def _plain(value: Any) -> Any:
    """Dataclasses to dicts, tuples to lists, numpy scalars to Python numbers, texts without lone surrogates."""
    if isinstance(value, Divergences):
        return value.to_dict()
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
