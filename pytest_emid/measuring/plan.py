"""What a run would ask: answers that are kept, answers that are missing, and how long and how much these take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any, Final, NamedTuple

from pytest_emid.cache.pace import Pace
from pytest_emid.cache.spread import UNKNOWN, Measured
from pytest_emid.information.intervals.power import samples_for_loss
from pytest_emid.measuring.plain import in_natural_order
from pytest_emid.measuring.results import Side
from pytest_emid.measuring.verdicts import MINIMUM_SAMPLES

__all__ = ["CLEAN", "Forecast", "Need", "Plan", "Row", "Size", "spread_of"]

CLEAN: Final = "clean"
"""What the clean set is called where shifted ones are called by their scenario."""
LOSSES: Final = (0.2, 0.1, 0.05)
"""Shares of what the clean answers say, at which a plan sizes gates."""
ASSUMED_SPREAD: Final = 1.0 / 0.9
"""That of answers that are right or wrong, nine in ten right: where no clean answers were measured yet."""
KEY_DIGITS: Final = 16
"""Hexadecimal digits of a question's key that stand for it: enough to tell some billions apart."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is about to be asked of a model.

    Attributes:
        cached: samples whose answers are kept.
        to_ask: distinct questions.
        pace: of earlier answers of this model; None where none were timed.
        prices: of a million prompt and completion tokens; None where the model has none.
    """

    cached: int
    to_ask: int
    pace: Pace | None
    prices: tuple[float, float] | None = None

    @property
    def seconds(self) -> float | None:
        """How long, where that is known."""
        return None if self.pace is None else self.to_ask * self.pace.seconds_each

    @property
    def cost(self) -> float | None:
        """How much, in the unit of the prices, where that is known."""
        each = None if self.pace is None or self.prices is None else self.pace.cost_each(self.prices)
        return None if each is None else self.to_ask * each


@dataclass(frozen=True, slots=True)
class Need:
    """The questions of one set, clean or shifted, to one model; plain types, because it crosses processes.

    Attributes:
        model: its name.
        fingerprint: its identity.
        dataset: name of the clean set.
        content: fingerprint of this set.
        label: `clean`, or the scenario.
        kept: keys of the distinct questions whose answers are kept, `KEY_DIGITS` each, one after the other.
        missing: likewise, of those that would be asked.
        seconds_each: an answer of this model, by its earlier answers; None where none were timed.
        cost_each: likewise; None where it is not known or the model has no prices.
        priced: whether the model has prices.
        spread, first, later: of earlier measurements, where there were some; see `cache.spread.Measured`.
    """

    model: str
    fingerprint: str
    dataset: str
    content: str
    label: str
    kept: str
    missing: str
    seconds_each: float | None
    cost_each: float | None
    priced: bool
    spread: float | None = None
    first: float | None = None
    later: float | None = None

    @classmethod
    def of(
        cls,
        *,
        model: str,
        fingerprint: str,
        dataset: str,
        content: str,
        label: str,
        keys: tuple[Iterable[bytes], Iterable[bytes]],
        pace: Pace | None,
        prices: tuple[float, float] | None,
        measured: Measured = UNKNOWN,
    ) -> Need:
        """Of full keys, (kept, missing)."""
        kept, missing = ("".join(sorted(key.hex()[:KEY_DIGITS] for key in some)) for some in keys)
        seconds = None if pace is None else pace.seconds_each
        cost = None if pace is None or prices is None else pace.cost_each(prices)
        takes = (seconds, cost, prices is not None, *measured)
        return cls(model, fingerprint, dataset, content, label, kept, missing, *takes)

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Equal for the same set, whoever needs it."""
        return (self.fingerprint, self.dataset, self.content, self.label)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Row(NamedTuple):
    """One line of a plan: distinct answers of one set that are kept, and that would be asked."""

    model: str
    dataset: str
    label: str
    cached: int
    to_ask: int


class Size(NamedTuple):
    """What gates that see a loss cost, whatever is kept already.

    Attributes:
        model, dataset: names.
        loss: share of what the clean answers say.
        samples: that show it with 80 % power, at least those that a gate takes to pass.
        gates: scenarios that are planned.
        answers: to so many samples, on the clean side and for each scenario.
        seconds, cost: for all of these; None where not known.
        is_measured: whether the spread is that of clean answers, and not an assumption.
        held: samples that the clean set has.
    """

    model: str
    dataset: str
    loss: float
    samples: int
    gates: int
    answers: int
    seconds: float | None
    cost: float | None
    is_measured: bool
    held: int


def spread_of(clean: Side) -> float | None:
    """The mean square of a side's scores over the square of their mean; None where they say nothing."""
    scores = [record.information for record in clean.records]
    mean = fmean(scores)
    return max(fmean(score * score for score in scores) / mean**2, 1.0) if mean > 0.0 else None


def _beyond_asking(needs: Sequence[Need]) -> float:
    """Seconds that measuring scenarios of one clean set takes beyond asking, by earlier ones."""
    scenarios = sum(need.label != CLEAN for need in needs)
    first, later = needs[-1].first or 0.0, needs[-1].later or 0.0
    return first + later * (scenarios - 1) if scenarios else 0.0


def _size(needs: Sequence[Need], loss: float) -> Size:
    """Of one model on one dataset."""
    spread = next((need.spread for need in needs if need.spread is not None), None)
    samples = max(samples_for_loss(loss, ASSUMED_SPREAD if spread is None else spread), MINIMUM_SAMPLES)
    gates = sum(need.label != CLEAN for need in needs)
    answers = samples * len(needs)
    each, price = (getattr(needs[-1], name) for name in ("seconds_each", "cost_each"))
    return Size(
        model=needs[0].model,
        dataset=needs[0].dataset,
        loss=loss,
        samples=samples,
        gates=gates,
        answers=answers,
        seconds=None if each is None else answers * each + _beyond_asking(needs),
        cost=None if price is None else answers * price,
        is_measured=spread is not None,
        held=max(len(need.kept + need.missing) // KEY_DIGITS for need in needs),
    )


class Plan:
    """The needs of all tests of a run. What several sets have in common is counted once in the totals."""

    def __init__(self) -> None:
        self._needs: dict[tuple[str, str, str, str], Need] = {}

    def add(self, needs: Iterable[Mapping[str, Any]]) -> None:
        """Take what a test needs; the same set counts once."""
        for need in needs:
            added = Need(**need)
            self._needs[added.identity] = added

    def __bool__(self) -> bool:
        return bool(self._needs)

    def rows(self) -> list[Row]:
        """The clean sets first, in a natural order."""

        def order(need: Need) -> tuple[Any, ...]:
            return (need.model, need.dataset, need.label != CLEAN, in_natural_order(need.label), need.content)

        return [
            Row(need.model, need.dataset, need.label, len(need.kept) // KEY_DIGITS, len(need.missing) // KEY_DIGITS)
            for need in sorted(self._needs.values(), key=order)
        ]

    def totals(self) -> tuple[int, int]:
        """Distinct answers that are kept, and that would be asked."""
        kept, missing = (
            sum(len(self._distinct(fingerprint, field)) for fingerprint in self._models())
            for field in ("kept", "missing")
        )
        return kept, missing

    def seconds(self) -> float | None:
        """For all that would be asked, and for what measuring takes beyond, where earlier measurements told: one
        scenario after the other. None where some model was never timed."""
        asking = self._sum("seconds_each")
        return None if asking is None else asking + sum(map(_beyond_asking, self._groups().values()))

    def cost(self) -> float | None:
        """For all that would be asked of models with prices; None where that is not known, or none has prices."""
        return self._sum("cost_each", only_priced=True) if self.is_priced else None

    @property
    def is_priced(self) -> bool:
        """Whether any of the models has prices."""
        return any(need.priced for need in self._needs.values())

    def sizes(self) -> list[Size]:
        """Of each model and dataset, at how many samples a gate sees which loss, and what that takes in all."""
        return [_size(needs, loss) for _, needs in sorted(self._groups().items()) for loss in LOSSES]

    def _groups(self) -> dict[tuple[str, str], list[Need]]:
        """By model and dataset."""
        groups: dict[tuple[str, str], list[Need]] = {}
        for need in self._needs.values():
            groups.setdefault((need.model, need.dataset), []).append(need)
        return groups

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for the JSON report."""
        cached, to_ask = self.totals()
        return {
            "sets": [row._asdict() for row in self.rows()],
            "sizes": [size._asdict() for size in self.sizes()],
            "cached": cached,
            "to_ask": to_ask,
            "seconds": self.seconds(),
            "cost": self.cost(),
        }

    def _models(self) -> dict[str, list[Need]]:
        models: dict[str, list[Need]] = {}
        for need in self._needs.values():
            models.setdefault(need.fingerprint, []).append(need)
        return models

    def _distinct(self, fingerprint: str, field: str) -> set[str]:
        needs = (need for need in self._needs.values() if need.fingerprint == fingerprint)
        return {key for need in needs for key in _split(getattr(need, field))}

    def _sum(self, field: str, only_priced: bool = False) -> float | None:
        total = 0.0
        for fingerprint, needs in self._models().items():
            if only_priced and not needs[-1].priced:
                continue
            to_ask = len(self._distinct(fingerprint, "missing"))
            each = getattr(needs[-1], field)
            if to_ask and each is None:
                return None
            total += to_ask * (each or 0.0)
        return total


def _split(keys: str) -> Iterator[str]:
    return (keys[start : start + KEY_DIGITS] for start in range(0, len(keys), KEY_DIGITS))
