"""What a measurement found: frozen, plain types, ready to cross processes and to be written as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.measuring.displayed import Results, html_of, samples_of
from pytest_emid.measuring.findings import (
    Bound,
    CriticReport,
    Divergences,
    Drift,
    Floor,
    Obstacle,
    Provenance,
    Sight,
)
from pytest_emid.measuring.metrics.judged import Judged
from pytest_emid.measuring.metrics.result import MetricResult
from pytest_emid.measuring.plain import plain

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = [
    "SCHEMA_VERSION",
    "Bound",
    "CriticReport",
    "Divergences",
    "Drift",
    "EmidResult",
    "Floor",
    "Obstacle",
    "Provenance",
    "Record",
    "Results",
    "Side",
    "Sight",
]

SCHEMA_VERSION: Final = 3


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
        emi: its contribution to EMI of this side (influence value, in the critic's unit).
        told: its contribution to I(X; answer) of this side, likewise; `emi` without what the reference tells.
        information: its direct reference-information score.
        decoded: its decoded score; None where that form cannot be computed.
        cosine: cosine of the response to the reference.
        exact: 1.0 when the normalised response equals the normalised reference, else 0.0.
        unasked: its score in the form that the echo guard compares; None where that was not computed.
        repeated: share of its reference's words that the response repeats; None likewise.
        contradicts: kinds of facts in which the response contradicts its reference; None where nothing was checked.
        served: who a server says that answered, in words; empty where nobody says.
        references: all answers that are accepted, where there are several.
        again: what the model answered when it was asked again, for the noise floor; scores are then means over these.
        common: its direct score on the scale that all models share, which runs are compared on: `information` is
            weighted by what this model's own clean answers get right. None where it was not computed.
        picture: digest of the picture as the model saw it, its first 16 hexadecimal digits; empty where unknown.
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
    served: str = ""
    references: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    common: float | None = None
    picture: str = ""


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

    @property
    def outcomes(self) -> dict[str, int]:
        """How many answers ended how, by outcome; those that did not occur are left out."""
        return dict(sorted(Counter(record.outcome for record in self.records).items()))

    def to_dict(self) -> dict[str, Any]:
        """Its fields, and what it also tells of its records."""
        return {
            **{f.name: getattr(self, f.name) for f in fields(self)},
            **{name: getattr(self, name) for name in _COUNTS},
        }

    @property
    def served(self) -> dict[str, int]:
        """How many answers a server says that came from whom; empty where nobody says."""
        return dict(sorted(Counter(record.served for record in self.records if record.served).items()))


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
        judged: a judge's scores of both sides; None where none was asked.
        floor: what the clean side loses when it is asked again; None where it was not. Where it was, the scores of the
            clean side and of its records are means over the repeats, and what is lost is lost beyond the floor.
        remarks: sentences that a reader should not miss.
        settings: effective options, each with its value and where it came from.
        made: model, encoders, code of the shift and libraries that made it.
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
    judged: Judged | None = None
    floor: Floor | None = None
    remarks: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    made: Provenance = field(default_factory=Provenance)

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

    def _repr_html_(self) -> str:
        """What a notebook shows: the page of this one scenario."""
        return html_of((self,))

    def to_frame(self) -> DataFrame:
        """A table of pandas, one row a sample: texts, outcomes and scores, of both sides where these are paired.

        Raises:
            EmidError: pandas is not installed.
        """
        return samples_of(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain types only, with `schema_version`; lone surrogates in texts are replaced, so that it can be sent."""
        return {"schema_version": SCHEMA_VERSION, **{f.name: plain(getattr(self, f.name)) for f in fields(self)}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> EmidResult:
        """The inverse of `to_dict`.

        Raises:
            ValueError: another schema version.
        """
        version = data.get("schema_version")
        if version != SCHEMA_VERSION:
            raise ValueError(
                f"this result has schema version {version!r}; this release reads version {SCHEMA_VERSION}. Read it "
                "with the release that wrote it, or measure again."
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
                "judged": None if values["judged"] is None else Judged.from_dict(values["judged"]),
                "floor": None if values["floor"] is None else Floor.from_dict(values["floor"]),
                "remarks": tuple(values["remarks"]),
                "made": Provenance(**values["made"]),
            }
        )


_COUNTS: Final = ("outcomes", "served")
"""What a side also tells of its records."""
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
    held = {name: value for name, value in data.items() if name not in _COUNTS}
    return Side(**{**held, **estimates, "records": records})


def _record(data: Mapping[str, Any]) -> Record:
    kinds = data["contradicts"]
    lists = {name: tuple(data[name]) for name in ("references", "again")}
    return Record(**{**data, "contradicts": None if kinds is None else tuple(kinds), **lists})


def _sight(data: Mapping[str, Any] | None) -> Sight | None:
    return None if data is None else Sight(**{**data, "blind": tuple(data["blind"])})
