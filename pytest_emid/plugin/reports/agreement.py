"""How the measures of a run move together over its scenarios: with each other, and with what a judge prefers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from pytest_emid.errors import EstimationError
from pytest_emid.information.paper.correlation import MIN_POINTS, correlation
from pytest_emid.measuring.format import clip
from pytest_emid.measuring.results import EmidResult

__all__ = ["agreement", "preference_lines", "table"]

Loss = Callable[[EmidResult], float | None]
LOSSES: Final[dict[str, Loss]] = {
    "EMID": lambda result: result.emid.value,
    "information lost": lambda result: 1.0 - result.information_retained.value,
    "exact match": lambda result: result.exact_drop.value,
    "cosine": lambda result: result.cosine_drop.value,
}
NAME_WIDTH: Final = 18


def agreement(results: Sequence[EmidResult]) -> dict[str, Any]:
    """Plain data: Spearman's coefficients between the losses by each measure, and Pearson's with a judge's preference.

    Scenarios of a run share clean samples, so these describe the run; they are no test.

    Args:
        results: of a run; those of another model, dataset or seed than most are left out.

    Returns:
        `scenarios`, how many; `spearman`, by pair of measures; `preference`, by pair, EMI with the mean log-preference
        of the shifted answers and EMID with what of it is lost (Theorem 4.4 of the paper). Empty below five scenarios.
    """
    results = _alike(results)
    if len(results) < MIN_POINTS:
        return {}
    losses = _losses(results)
    names = list(losses)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    found: dict[str, Any] = {
        "scenarios": len(results),
        "spearman": {f"{a} / {b}": value for a, b in pairs if (value := _rank(losses[a], losses[b])) is not None},
    }
    told = _preference(results)
    return {**found, "preference": told} if told else found


def table(found: dict[str, Any]) -> Iterator[str]:
    """The rank correlations as a table, in lines; nothing where there are none."""
    pairs = {tuple(pair.split(" / ")): value for pair, value in found.get("spearman", {}).items()}
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    if not names:
        return
    width = max(len(clip(name, NAME_WIDTH)) for name in names)
    yield f"Rank correlation of the losses by each measure over {found['scenarios']} scenarios (Spearman):"
    yield " " * width + "".join(f"  {clip(name, NAME_WIDTH):>6}" for name in names[1:])
    for row, a in enumerate(names[:-1]):
        cells = "".join(
            "  "
            + (f"{pairs[a, b]:.2f}" if column > row and (a, b) in pairs else "").rjust(max(6, len(clip(b, NAME_WIDTH))))
            for column, b in enumerate(names)
            if column
        )
        yield f"{clip(a, NAME_WIDTH):<{width}}{cells}".rstrip()


def preference_lines(found: dict[str, Any]) -> Iterator[str]:
    """What EMI and EMID have to do with a judge's preference, in a line; nothing where nobody judged."""
    told = found.get("preference")
    if told:
        shown = ", ".join(
            f"{pair.replace(' / ', ' with ')} {found['pearson']:.2f} [{found['low']:.2f}, {found['high']:.2f}]"
            for pair, found in told.items()
        )
        yield f"Over {found['scenarios']} scenarios (Pearson, intervals as if they were independent): {shown}."


def _alike(results: Sequence[EmidResult]) -> list[EmidResult]:
    """The largest group of results that differ in their scenario only."""
    groups: dict[tuple[Any, ...], dict[str, EmidResult]] = {}
    for result in results:
        key = (result.model, result.encoders, result.clean.fingerprint, result.seed, result.critic.kind)
        groups.setdefault(key, {})[result.scenario] = result
    return list(max(groups.values(), key=len).values()) if groups else []


def _losses(results: Sequence[EmidResult]) -> dict[str, list[float]]:
    """By measure, one loss a scenario; measures that a scenario lacks are left out."""
    named: dict[str, Loss] = dict(LOSSES)
    for name in dict.fromkeys(name for result in results for name in result.metrics):
        if name not in named:
            named[name] = lambda result, name=name: (  # type: ignore[misc]
                result.metrics[name].drop.value if name in result.metrics else None
            )
    values = {name: [loss(result) for result in results] for name, loss in named.items()}
    return {name: [float(v) for v in some if v is not None] for name, some in values.items() if None not in some}


def _rank(a: Sequence[float], b: Sequence[float]) -> float | None:
    """None where one of them does not vary."""
    try:
        return correlation(a, b, "spearman", resamples=199).estimate.value
    except EstimationError:
        return None


def _preference(results: Sequence[EmidResult]) -> dict[str, Any]:
    judged = [(result, result.judged) for result in results if result.judged is not None]
    pairs = {
        "EMI / log-preference": [(r.emi_shifted.value, j.shifted.log_preference) for r, j in judged],
        "EMID / loss of log-preference": [
            (r.emid.value, j.clean.log_preference - j.shifted.log_preference) for r, j in judged
        ],
    }
    found = {}
    for name, points in pairs.items():
        known = [(x, y) for x, y in points if x == x and y == y]
        try:
            estimate = correlation([x for x, _ in known], [y for _, y in known], resamples=199).estimate
        except EstimationError:
            continue
        found[name] = {"pearson": estimate.value, "low": estimate.low, "high": estimate.high, "n": len(known)}
    return found
