"""Real measurements behind the figures: every model under every scenario, as plain numbers."""

from __future__ import annotations

import itertools
import json
import math
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pytest_emid import encoders, models, shifts
from pytest_emid.cache import Cache
from pytest_emid.data import scenes_dataset
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.paper.correlation import correlation
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.measuring.results import EmidResult

SEVERITY = "severity"
"""The rows in which one shift grows; the other suites are those of `shifts.scenarios`."""
BOUNDS = ("scale_adjusted", "published", "rigorous")
STATISTICS = ("information lost", "published EMID", "anchored EMID", "cosine drop", *BOUNDS)
LEAST = 5
"""Fewer points than this have no correlation."""

Row = dict[str, Any]


def measure(options: Namespace) -> dict[str, Any]:
    """Everything that the figures and tables are drawn from; `options` are those of run.py."""
    loaded = {name: models.load(name) for name in options.models}
    rows, clean, encoder = [], {}, encoders.load("tiny")
    for name, model in loaded.items():
        measurer = Measurer(
            model,
            scenes_dataset(options.n, options.seed),
            encoder,
            calibration=scenes_dataset(1000, stream="calibration"),
            critic="club-ridge",  # what the published EMID is compared with
            cache=Cache(options.cache),
            seed=options.seed,
            permutations=0,
        )
        clean[name] = side(measurer.measure("identity").clean)
        planned = list(scenarios(options))
        for done, (suite, shift, about) in enumerate(planned, start=1):
            result = measurer.measure(shift)
            rows.append({"model": name, "suite": suite, "scenario": str(shift), **about, **numbers(result)})
            print(f"{name} {done}/{len(planned)} {shift}: retained {result.information_retained}", flush=True)
    return {
        "n": options.n,
        "seed": options.seed,
        "encoders": encoder.name,
        "models": {name: {"clean": clean[name], "trained_on": trained_on(model)} for name, model in loaded.items()},
        "rows": rows,
    }


def scenarios(options: Namespace) -> Iterator[tuple[str, Any, Row]]:
    """(suite, shift, what is known of it) of everything that is measured."""
    for family, severity in itertools.product(options.families, options.severities):
        kind = "V" if family in shifts.names("visual") else "T"
        yield SEVERITY, shifts.parse(f"{family}:{severity}"), {"kind": kind, "family": family, "severity": severity}
    for suite in options.suites:
        for scenario in shifts.scenarios(suite, data_seed=options.seed)[1:]:
            if scenario.domain is None:
                parts = scenario.shift.components
                picture = [part.id for part in parts if shifts.get(part.name).modality == "visual"]
                about = {"group": picture[0] if picture else "clean"}
            else:
                about = {"group": scenario.language}
            yield suite, scenario, {"kind": scenario.kind, **about}


def trained_on(model: models.Model) -> list[str]:
    """The shifts that the training record beside the weights names, if there is one."""
    checkpoint = getattr(model, "checkpoint", None)
    record = None if checkpoint is None else Path(checkpoint.source) / "training.json"
    told = json.loads(record.read_text()) if record is not None and record.is_file() else {}
    return [*told.get("visual", ()), *told.get("textual", ())]


def side(of: Any) -> Row:
    return {"accuracy": limits(of.exact), "emi": limits(of.emi), "information": limits(of.information)}


def numbers(result: EmidResult) -> Row:
    rigorous = result.bounds.get("rigorous")  # a model that draws its answers has none
    return {
        **side(result.shifted),
        "paired": result.paired,
        "retained": limits(result.information_retained),
        "accuracy_drop": limits(result.exact_drop),
        "information_lost": limits(result.information_lost),
        "emid": limits(result.emid),
        "anchored_emid": None if result.anchored_emid is None else limits(result.anchored_emid),
        "cosine_drop": limits(result.cosine_drop),
        "emid_nats": None if rigorous is None else limits(rigorous.emid),
        "bounds": {name: rounded(result.bounds[name].value) for name in BOUNDS if name in result.bounds},
    }


def limits(estimate: Estimate) -> list[float | None]:
    """Value, lower and upper limit; None where there is no limit."""
    return [rounded(estimate.value), rounded(estimate.low), rounded(estimate.high)]


def rounded(value: float) -> float | None:
    return float(f"{value:.5g}") if math.isfinite(value) else None


ACCESS: dict[str, Callable[[Row], float | None]] = {
    "information lost": lambda row: row["information_lost"][0],
    "published EMID": lambda row: row["emid"][0],
    "anchored EMID": lambda row: None if row["anchored_emid"] is None else row["anchored_emid"][0],
    "cosine drop": lambda row: row["cosine_drop"][0],
    **{name: lambda row, name=name: row["bounds"].get(name) for name in BOUNDS},
}


def correlations(rows: Sequence[Row]) -> list[Row]:
    """Of EMID with each bound, and of each statistic with the true loss, by suite and model.

    Scenarios that share their pictures (synthetic) or their language (natural) are resampled together.
    """
    found = []
    for suite, name in dict.fromkeys((row["suite"], row["model"]) for row in rows):
        own = [row for row in rows if (row["suite"], row["model"]) == (suite, name)]
        for bound in BOUNDS:
            unit = "emid_nats" if bound == "rigorous" else "emid"
            found += _related(own, bound, ACCESS[bound], unit, lambda row, unit=unit: row[unit] and row[unit][0])
        for statistic in STATISTICS:
            found += _related(own, statistic, ACCESS[statistic], "accuracy_drop", lambda row: row["accuracy_drop"][0])
    return found


def _related(rows: list[Row], x: str, x_of: Callable, y: str, y_of: Callable) -> list[Row]:
    points = [(x_of(row), y_of(row), row.get("group", row.get("family"))) for row in rows]
    points = [point for point in points if None not in point]
    head = {"suite": rows[0]["suite"], "model": rows[0]["model"], "x": x, "y": y, "points": len(points)}
    if len(points) < LEAST or any(len({point[i] for point in points}) == 1 for i in (0, 1)):
        return []
    xs, ys, groups = zip(*points, strict=True)
    both = {kind: correlation(xs, ys, kind, clusters=groups) for kind in ("pearson", "spearman")}
    return [{**head, **{kind: limits(one.bootstrap) for kind, one in both.items()}}]
