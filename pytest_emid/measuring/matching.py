"""Which measurement of an earlier run a measurement is compared with, and which samples both hold.

What would compare something else than two models is refused: another critic, other encoders, another version of the
shift, or a shift that makes something else of the same sample. What else changed is told in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pytest_emid.errors import BaselineError, listed
from pytest_emid.measuring.format import clip
from pytest_emid.measuring.results import EmidResult, Record, Side

__all__ = ["Matched", "changes", "counterpart", "matched"]

SHOWN: Final = 8
"""Changes of settings that a sentence lists."""
WIDTH: Final = 40
"""Characters of a setting that a sentence shows."""
TOLD: Final = frozenset({"torch", "transformers", "checkpoint"})
"""Settings that versions tell in full, and the one that another model is expected to have another one of."""


@dataclass(frozen=True, slots=True)
class Matched:
    """Two measurements of one scenario, cut to the samples that both hold, in one order.

    Attributes:
        old: the earlier one. Its estimates are still those of all its samples; only records and metrics are cut.
        new: the later one, likewise.
        appeared: ids of samples that only the later one holds.
        vanished: ids of samples that only the earlier one holds.
        edited: ids that both hold, with another question, reference or picture.
        held: samples of the earlier one, on both sides together where these are other samples.
    """

    old: EmidResult
    new: EmidResult
    appeared: tuple[str, ...]
    vanished: tuple[str, ...]
    edited: tuple[str, ...]
    held: int

    @property
    def lost(self) -> int:
        """Samples of the earlier one that are not compared."""
        return len(self.vanished) + len(self.edited)

    @property
    def samples(self) -> str:
        """Which samples are not compared, in a sentence; empty where all are."""
        parts = [
            f"{len(ids)} {word} ({listed(ids, 3)})"
            for ids, word in ((self.appeared, "new"), (self.vanished, "gone"), (self.edited, "edited"))
            if ids
        ]
        return f"not compared: {', '.join(parts)}" if parts else ""


def counterpart(new: EmidResult, among: Sequence[EmidResult], where: str) -> EmidResult:
    """The measurement of the same scenario on the same data; of several models, that of the same name.

    Args:
        new: what was measured now.
        among: what was measured before.
        where: what errors call that.

    Raises:
        BaselineError: there is none, or there are several.
    """
    about = (new.scenario, new.clean.dataset, new.seed)
    found = [old for old in among if (old.scenario, old.clean.dataset, old.seed) == about]
    named = [old for old in found if old.model == new.model] or found
    if len(named) > 1:
        named = [old for old in named if old.n == new.n] or named
    what = f"{new.scenario} on {new.clean.dataset} with seed {new.seed}"
    if not named:
        there = sorted({f"{old.scenario} on {old.clean.dataset} with seed {old.seed}" for old in among})
        raise BaselineError(
            f"{where} holds no measurement of {what}; it holds {listed(there, 5) or 'none'}. Measure it there, too, or "
            "accept this run as the baseline: --emid-baseline-update='what changed'."
        )
    if len(named) > 1:
        models = listed(sorted({old.model for old in named}), 5)
        raise BaselineError(
            f"{where} holds {len(named)} measurements of {what} (models {models}), and none "
            "of them is of this model alone. Save a run of one model, with one set of options."
        )
    return named[0]


def matched(old: EmidResult, new: EmidResult, embedded: bool = True) -> Matched:
    """Pair the samples of two measurements of one scenario.

    Args:
        old, new: the measurements.
        embedded: whether what is compared was made with critic and encoders, as all but metrics are.

    Raises:
        BaselineError: they are not comparable, or hold no sample in common; the message says what differs.
    """
    _check_protocol(old, new, embedded)
    edited: dict[str, None] = {}
    appeared: dict[str, None] = {}
    vanished: dict[str, None] = {}
    cut: list[tuple[list[int], list[int]]] = []
    sides = ((old.clean, new.clean), (old.shifted, new.shifted))
    known = {record.id: _sample(record) for record in old.clean.records}
    now = {record.id: _sample(record) for record in new.clean.records}
    both = {name for name in now if name in known and _alike(now[name], known[name])}
    for number, (before, after) in enumerate(sides):
        places = {record.id: i for i, record in enumerate(before.records)}
        there = {record.id for record in after.records}
        vanished |= dict.fromkeys(name for name in places if name not in there)
        appeared |= dict.fromkeys(record.id for record in after.records if record.id not in places)
        kept: tuple[list[int], list[int]] = ([], [])
        for i, record in enumerate(after.records):
            if record.id not in places:
                continue
            same = (
                record.id in both if old.paired else _alike(_sample(record), _sample(before.records[places[record.id]]))
            )
            if not same:
                edited[record.id] = None
                continue
            kept[0].append(places[record.id])
            kept[1].append(i)
        cut.append(kept)
        if not kept[0]:
            raise BaselineError(
                f"{new.scenario}: no {('clean', 'shifted')[number]} sample of the baseline is among those that were "
                f"measured ({len(edited)} have the same id and another question, reference or picture). Measure the "
                "same dataset, or accept this run as the baseline: --emid-baseline-update='what changed'."
            )
    earlier, later = (_cut(result, [pair[k] for pair in cut]) for k, result in enumerate((old, new)))
    if old.paired:
        _check_shifted_alike(earlier, later)
    held = old.n if old.paired else old.clean.n + old.shifted.n
    return Matched(earlier, later, tuple(appeared), tuple(vanished), tuple(edited), held)


def changes(old: EmidResult, new: EmidResult) -> tuple[str, ...]:
    """What differs beside models and answers: libraries first, then who served, and settings of processor and model."""
    found = list(_differences(old.made.versions, new.made.versions))
    served = [", ".join(sorted({*result.clean.served, *result.shifted.served})) for result in (old, new)]
    if served[0] != served[1]:
        found.append(f"served by {served[0] or 'nobody known'} -> {served[1] or 'nobody known'}")
    if old.made.settings and new.made.settings:
        settings = [
            change
            for change in _differences(old.made.settings, new.made.settings)
            if change.partition(" ")[0] not in TOLD
        ]
        more = [f"{len(settings) - SHOWN} more settings"] if len(settings) > SHOWN else []
        found += settings[:SHOWN] + more
    return tuple(found)


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    if not old or not new:
        return  # not known is no difference
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name, "absent"), new.get(name, "absent")
        if before != after:
            yield f"{name} {clip(before, WIDTH)} -> {clip(after, WIDTH)}"


def _check_protocol(old: EmidResult, new: EmidResult, embedded: bool) -> None:
    """Refuse measurements that differ in more than the model."""
    remedy = "Measure the baseline again, or accept this run as the baseline: --emid-baseline-update='what changed'."

    def refuse(what: str) -> None:
        raise BaselineError(f"{new.scenario} cannot be compared with the baseline: {what}. {remedy}")

    if old.paired != new.paired:
        words = ["the same samples on both sides" if r.paired else "other samples on each side" for r in (old, new)]
        refuse(f"it held {words[0]}, and this run holds {words[1]}")
    if embedded:
        _check_embedded(old, new, refuse)
    for part in sorted({*old.made.shift, *new.made.shift}):
        before, after = old.made.shift.get(part), new.made.shift.get(part)
        if before != after and old.made.shift and new.made.shift:
            refuse(f"its shift {part} was made by version {before} of the code, and this run's by version {after}")


def _check_embedded(old: EmidResult, new: EmidResult, refuse: Callable[[str], None]) -> None:
    """Refuse critics and encoders of which each has a scale of its own."""
    a, b = old.critic, new.critic
    if (a.kind, a.unit, a.candidates) != (b.kind, b.unit, b.candidates):
        refuse(f"its critic was {a.kind} ({_unit(old)}), and this run's is {b.kind} ({_unit(new)})")
    if old.encoders != new.encoders or _both(old.made.encoders, new.made.encoders):
        more = "" if old.encoders != new.encoders else ", with other weights"
        refuse(f"its encoders were {old.encoders}, and this run's are {new.encoders}{more}")
    # a fingerprint of fitted numbers differs between processors in the last digits: what was fitted on does not
    if a.fingerprint != b.fingerprint and (old.made.calibration != new.made.calibration or not new.made.calibration):
        refuse(
            f"its critic was fitted on {a.fitted_on}, and this run's on {b.fitted_on}, which are other ones. Scores "
            "depend on them: give a fixed set in the fixture emid_calibration"
        )


def _check_shifted_alike(old: EmidResult, new: EmidResult) -> None:
    """Refuse a shift that makes something else of the same samples, whatever its version says."""
    pairs = list(zip(old.shifted.records, new.shifted.records, strict=True))
    other = [b.id for a, b in pairs if a.question != b.question or (a.picture and b.picture and a.picture != b.picture)]
    if other:
        versions = [change for change in changes(old, new) if change.partition(" ")[0] in ("pillow", "numpy", "python")]
        why = f"({', '.join(versions)})" if versions else "though its version is the same: its code or its data changed"
        raise BaselineError(
            f"{new.scenario} cannot be compared with the baseline: the shift makes something else than it did of "
            f"{len(other)} of {len(pairs)} samples ({listed(other, 3)}), {why}. Raise its version, and measure the "
            "baseline again or accept this run: --emid-baseline-update='what changed'."
        )


def _both(old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    """Whether both are known, and differ."""
    return bool(old) and bool(new) and dict(old) != dict(new)


def _unit(result: EmidResult) -> str:
    critic = result.critic
    return f"{critic.unit}, {critic.candidates} candidates" if critic.candidates else critic.unit


def _sample(record: Record) -> tuple[str, str, tuple[str, ...], str]:
    return record.question, record.reference, record.references, record.picture


def _alike(one: tuple[str, str, tuple[str, ...], str], other: tuple[str, str, tuple[str, ...], str]) -> bool:
    return one[:3] == other[:3] and (not one[3] or not other[3] or one[3] == other[3])


def _cut(result: EmidResult, places: Sequence[Sequence[int]]) -> EmidResult:
    """Records and metrics of these samples only, clean and shifted."""

    def side(whole: Side, rows: Sequence[int]) -> Side:
        return replace(whole, records=tuple(whole.records[i] for i in rows))

    metrics = {
        name: replace(
            found,
            on_clean=tuple(found.on_clean[i] for i in places[0]),
            on_shifted=tuple(found.on_shifted[i] for i in places[1]),
        )
        for name, found in result.metrics.items()
    }
    clean, shifted = side(result.clean, places[0]), side(result.shifted, places[1])
    return replace(result, clean=clean, shifted=shifted, metrics=metrics)
