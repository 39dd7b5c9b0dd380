"""One cell of an experiment: many draws of a simulated evaluation, every statistic with its intervals.

Critics and whitenings are fitted on m clean reference pairs that no evaluation uses, then frozen, as a user's would
be; a few of them are drawn, and the target of an interval is the mean over the draws under the same frozen fit.
"""

from __future__ import annotations

import json
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from kernel import KernelCritic
from numpy.typing import NDArray
from resampling import bootstrap_interval, sign_flip_p
from short_answers import KIND, ShortAnswers
from simulator import CONDITIONS, Batch, World

from pytest_emid.information.companions import cosine_to_reference
from pytest_emid.information.critics.mutual_information import contributions
from pytest_emid.information.critics.ridge import RidgeCritic
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import (
    paired_interval,
    retained_contrast,
    retained_interval,
    unpaired_interval,
    unpaired_retained_interval,
)
from pytest_emid.information.reference.decoded import decoded
from pytest_emid.information.reference.direct import Centre, direct, reliability_of
from pytest_emid.information.reference.whitening import Whitening

Float = NDArray[np.float64]
Scores = tuple[Float, Float]

SEED = 20_250
AT_LEAST = 0.9


@dataclass(frozen=True)
class Cell:
    """One combination of world and sizes."""

    world: str
    n: int
    m: int
    per_cluster: int
    reps: int

    def __str__(self) -> str:
        return f"{self.world} n={self.n} m={self.m} cluster={self.per_cluster} ({self.reps} draws)"


@dataclass(frozen=True)
class Frozen:
    """What was fitted before any answer was seen."""

    whitening: Whitening
    unwhitened: Whitening | None
    ridge: RidgeCritic | None
    kernel: KernelCritic | None


def freeze(world: World, rng: np.random.Generator, cell: Cell, names: Sequence[str]) -> Frozen:
    """What the statistics `names` need, fitted on m clean pairs."""
    pairs = world.draw(rng, cell.m, cell.per_cluster)
    asked, told, clusters = pairs.query, pairs.reference, pairs.clusters

    def whitening(shrinkage: float | None = None) -> Whitening:
        fitted = Whitening.fit(told, pairs.text, clusters=clusters, shrinkage=shrinkage)
        # As after loading: no evaluation holds a fitted pair, so that none need be looked for.
        return replace(fitted, rows={})

    return Frozen(
        whitening(),
        whitening(1.0) if any("not whitened" in name for name in names) else None,
        RidgeCritic.fit(asked, told, clusters=clusters) if any("ridge" in name for name in names) else None,
        KernelCritic.fit(asked, told, clusters=clusters) if any("kernel" in name for name in names) else None,
    )


def scorers(frozen: Frozen, clean: Batch, names: Sequence[str]) -> dict[str, Callable[[Batch], Scores]]:
    """For each statistic, a function from the shifted batch to (clean scores, shifted scores)."""
    clusters = clean.clusters

    def information(
        whitening: Whitening | None,
        weighted: bool = True,
        exponent: float | None = None,
        centre: Centre = "offset",
        in_sample: bool = False,
    ) -> Callable[[Batch], Scores]:
        assert whitening is not None
        options = {"clusters": clusters, "exponent": exponent, "centre": centre}
        if weighted:
            reliability = reliability_of(
                whitening, clean.response, clean.reference, clean.text, clusters=clusters, centre=centre
            )
            options["reliability"] = reliability.unpaired() if in_sample else reliability
        first = direct(whitening, clean.response, clean.reference, clean.text, **options)

        def score(shifted: Batch) -> Scores:
            if shifted.reference is clean.reference:
                return first, direct(whitening, shifted.response, clean.reference, clean.text, **options)
            other = {**options, "clusters": shifted.clusters}
            if weighted:
                other["reliability"] = options["reliability"].unpaired()
            return first, direct(whitening, shifted.response, shifted.reference, shifted.text, **other)

        return score

    def read(shifted: Batch) -> Scores:
        return tuple(  # type: ignore[return-value]
            decoded(frozen.whitening, b.response, b.reference, b.text, clusters=b.clusters) for b in (clean, shifted)
        )

    def emi(critic: RidgeCritic | None, batch: Batch) -> Float:
        assert critic is not None
        return contributions(critic, batch.query, batch.response, minus=batch.reference)

    def anchored(critic: RidgeCritic | KernelCritic | None) -> Callable[[Batch], Scores]:
        assert critic is not None
        return lambda shifted: (
            contributions(critic, clean.query, clean.response),
            contributions(critic, clean.query, shifted.response),
        )

    known: dict[str, Callable[[], Callable[[Batch], Scores]]] = {
        "direct": lambda: information(frozen.whitening),
        "direct, cosine (p = 1)": lambda: information(frozen.whitening, exponent=1.0),
        "direct, p = 0.25": lambda: information(frozen.whitening, exponent=0.25),
        "direct, p = 0.15": lambda: information(frozen.whitening, exponent=0.15),
        "direct, p = 0.05": lambda: information(frozen.whitening, exponent=0.05),
        "direct, all directions alike": lambda: information(frozen.whitening, weighted=False),
        "direct, weights not cross-fitted": lambda: information(frozen.whitening, in_sample=True),
        "direct, centred by the mean": lambda: information(frozen.whitening, centre="mean"),
        "direct, not centred": lambda: information(frozen.whitening, centre="none"),
        "direct, not whitened": lambda: information(frozen.unwhitened, weighted=False, exponent=1.0),
        "decoded": lambda: read,
        "exact match": lambda: lambda shifted: (_right(clean), _right(shifted)),
        "cosine to the reference": lambda: (
            lambda shifted: (
                cosine_to_reference(clean.response, clean.reference),
                cosine_to_reference(shifted.response, shifted.reference),
            )
        ),
        "anchored EMID, ridge": lambda: anchored(frozen.ridge),
        "anchored EMID, kernel": lambda: anchored(frozen.kernel),
        "published EMID, ridge": lambda: lambda shifted: (emi(frozen.ridge, clean), emi(frozen.ridge, shifted)),
    }
    return {name: known[name]() for name in names}


def run(
    cell: Cell,
    names: Sequence[str],
    conditions: Sequence[str],
    *,
    unpaired: bool = False,
    resampled: int = 0,
    freezes: int = 5,
    seed: int = SEED,
) -> list[dict[str, object]]:
    """Rows of one cell: one per statistic and condition.

    Args:
        cell: world and sizes.
        names: statistics.
        conditions: of the shifted set.
        unpaired: draw the shifted set from other samples.
        resampled: draws (of the first) for which sign flips and the bootstrap are run too.
        freezes: frozen fits that the draws are divided over.
        seed: of everything that is drawn.
    """
    world = ShortAnswers() if cell.world == KIND else World(cell.world)
    key = [seed, zlib.crc32(cell.world.encode()), cell.n, cell.m, cell.per_cluster, int(unpaired)]
    started = time.perf_counter()
    found: dict[tuple[str, str], list[dict[str, float]]] = {(a, c): [] for a in names for c in conditions}
    frozen = None
    for rep in range(cell.reps):
        rng = np.random.default_rng([*key, rep])
        group = rep * freezes // cell.reps
        if frozen is None or group != (rep - 1) * freezes // cell.reps:
            frozen = freeze(world, np.random.default_rng([*key, group, 7]), cell, names)
        clean = world.draw(rng, cell.n, cell.per_cluster)
        scoring = scorers(frozen, clean, names)
        for condition in conditions:
            base = world.draw(rng, cell.n, cell.per_cluster) if unpaired else clean
            shifted = world.shift(rng, base, CONDITIONS[condition])
            for name, score in scoring.items():
                a, b = score(shifted)
                row = _unpaired(a, b, clean, shifted) if unpaired else _paired(a, b, clean)
                if rep < resampled:
                    row |= _resampled(a - b, clean.clusters, rng)
                found[name, condition].append(row | {"group": group})
    seconds = time.perf_counter() - started
    print(f"{cell}{' unpaired' if unpaired else ''}: {seconds:.0f} s", file=sys.stderr, flush=True)
    return [
        {
            "world": cell.world,
            "n": cell.n,
            "m": cell.m,
            "per_cluster": cell.per_cluster,
            "design": "unpaired" if unpaired else "paired",
            "statistic": name,
            "condition": condition,
            **_summary(rows),
        }
        for (name, condition), rows in found.items()
    ]


def _right(batch: Batch) -> Float:
    right: Float = (batch.response == batch.reference).all(axis=1).astype(np.float64)
    return right


def _paired(a: Float, b: Float, clean: Batch) -> dict[str, float]:
    lost = paired_interval(a, b, clean.clusters)
    one_sided = paired_interval(a, b, clean.clusters, 0.9)
    alone = paired_interval(a, b)
    contrast = retained_contrast(a, b, AT_LEAST, clean.clusters)
    return {
        **_limits("lost", lost),
        **_limits("retained", retained_interval(a, b, clean.clusters)),
        **_limits("alone", alone),
        "alarm": float(one_sided.low > 0),
        "contrast_low": float(contrast.low > 0),
        "contrast_high": float(contrast.high < 0),
        "clean": float(a.mean()),
        "shifted": float(b.mean()),
    }


def _unpaired(a: Float, b: Float, clean: Batch, shifted: Batch) -> dict[str, float]:
    lost = unpaired_interval(a, b, clean.clusters, shifted.clusters)
    one_sided = unpaired_interval(a, b, clean.clusters, shifted.clusters, 0.9)
    return {
        **_limits("lost", lost),
        **_limits("retained", unpaired_retained_interval(a, b, clean.clusters, shifted.clusters)),
        "alarm": float(one_sided.low > 0),
        "clean": float(a.mean()),
        "shifted": float(b.mean()),
    }


def _resampled(d: Float, clusters: NDArray[np.intp], rng: np.random.Generator) -> dict[str, float]:
    return {
        **_limits("bootstrap", bootstrap_interval(d, clusters, rng, 999)),
        "flip": float(sign_flip_p(d, clusters, rng, 999) <= 0.05),
    }


def _limits(name: str, estimate: Estimate) -> dict[str, float]:
    return {
        f"{name}_value": estimate.value,
        f"{name}_low": estimate.low,
        f"{name}_high": estimate.high,
        f"{name}_se": estimate.se,
    }


def _summary(rows: list[dict[str, float]]) -> dict[str, float | None]:
    groups = sorted({row["group"] for row in rows})
    summary: dict[str, float | None] = {
        "draws": len(rows),
        "lost": _mean(rows, "lost_value"),
        "alarm_one_sided": _mean(rows, "alarm"),
        "alarm_two_sided": float(np.mean([row["lost_low"] > 0 or row["lost_high"] < 0 for row in rows])),
    }
    covered: dict[str, list[bool]] = {}
    spread, errors = [], []
    for group in groups:
        inside = [row for row in rows if row["group"] == group]
        lost = np.mean([row["lost_value"] for row in inside])
        ratio = np.mean([row["shifted"] for row in inside]) / np.mean([row["clean"] for row in inside])
        for name, target in (("lost", lost), ("retained", ratio), ("alone", lost), ("bootstrap", lost)):
            for row in inside:
                if f"{name}_low" in row:
                    covered.setdefault(name, []).append(row[f"{name}_low"] <= target <= row[f"{name}_high"])
        spread.append(np.var([row["lost_value"] for row in inside], ddof=1))
        errors += [row["lost_se"] for row in inside]
    for name, values in covered.items():
        label = {"lost": "coverage", "alone": "coverage_without_clusters"}.get(name, f"coverage_{name}")
        summary[label] = float(np.mean(values))
    summary["se_over_sd"] = float(np.mean(errors) / np.sqrt(np.mean(spread)))
    flips = [row["flip"] for row in rows if "flip" in row]
    if flips:
        summary["alarm_sign_flip"] = float(np.mean(flips))
    summary["retained"] = float(np.mean([r["shifted"] for r in rows]) / np.mean([r["clean"] for r in rows]))
    if "contrast_low" in rows[0]:
        summary[f"retained_{AT_LEAST}_passes"] = _mean(rows, "contrast_low")
        summary[f"retained_{AT_LEAST}_fails"] = _mean(rows, "contrast_high")
    return summary


def _mean(rows: list[dict[str, float]], name: str) -> float:
    return float(np.mean([row[name] for row in rows]))


def write(rows: list[dict[str, object]], out: Path | None, about: dict[str, object]) -> None:
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n")
