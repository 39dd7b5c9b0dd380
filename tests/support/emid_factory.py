"""Results made of chosen numbers, and a stand-in for the measurer: for tests of what is done with results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pytest_emid.errors import ModelError
from pytest_emid.information.intervals import means as intervals
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.measuring.provenance import Provenance
from pytest_emid.measuring.results import Bound, CriticReport, Divergences, Drift, EmidResult, Record, Side


def estimate(
    value: float,
    half: float = 0.01,
    n: int = 90,
    clusters: int = 30,
    unit: str = "critic scale",
    confidence: float = 0.95,
) -> Estimate:
    """A t interval of the given half-width."""
    from scipy.special import stdtrit

    se = half / float(stdtrit(clusters - 1, 0.5 + confidence / 2)) if half else 0.0
    return Estimate(value, value - half, value + half, se, n, clusters, confidence, unit)


def make_result(
    scenario: str = "defocus_blur:3",
    *,
    retained: float = 0.95,
    emid: float = 0.02,
    n: int = 90,
    per_cluster: int = 3,
    noise: float = 0.05,
    information: float = 0.8,
    seed: int = 0,
    paired: bool = True,
    informative: bool = True,
    responses: Sequence[str] | None = None,
    confidence: float = 0.95,
    bounds: Mapping[str, Bound] | None = None,
    model: str = "fake",
    settings: Mapping[str, str] | None = None,
    **changes: Any,
) -> EmidResult:
    """A consistent result: scores are drawn around the given truth, and every estimate is computed from them."""
    rng = np.random.default_rng([seed, n, int(1000 * retained)])
    clusters = [f"c{i // per_cluster}" for i in range(n)]
    clean_information = information + noise * rng.standard_normal(n)
    shifted_information = retained * information + noise * rng.standard_normal(n)
    clean_emi = noise * rng.standard_normal(n)
    shifted_emi = clean_emi - emid + 0.2 * noise * rng.standard_normal(n)
    clean_exact = np.ones(n)
    shifted_exact = (np.arange(n) < round(retained * n)).astype(float)
    answers = list(responses) if responses is not None else [f"wrong answer {i}" for i in range(n)]

    def side(name: str, emi: Any, scores: Any, exact: Any, texts: Sequence[str], question: str) -> Side:
        records = tuple(
            Record(
                id=f"s{i}",
                cluster=clusters[i],
                category="conversation",
                question=question.format(i),
                reference=f"answer {i}",
                response=texts[i],
                outcome="ok",
                emi=float(emi[i]),
                information=float(scores[i]),
                decoded=None,
                cosine=float(0.5 + scores[i] / 4),
                exact=float(exact[i]),
                common=float(scores[i]),
            )
            for i in range(n)
        )
        mean = intervals.mean_interval
        return Side(
            dataset=name,
            fingerprint="f" * 8,
            records=records,
            mi_response=float(np.mean(emi)),
            mi_reference=0.0,
            emi=mean(emi, clusters, confidence),
            information=mean(scores, clusters, confidence, unit="cosine"),
            decoded=None,
            cosine=mean(0.5 + scores / 4, clusters, confidence, unit="cosine"),
            exact=mean(exact, clusters, confidence, support=(0.0, 1.0), unit="fraction"),
        )

    lost = intervals.paired_interval if paired else intervals.unpaired_interval
    r2 = estimate(0.5, 0.1) if informative else estimate(0.01, 0.05)
    result = EmidResult(
        scenario=scenario,
        modality="visual",
        paired=paired,
        seed=seed,
        model=model,
        encoders="fake + fake",
        clean=side(
            "fake", clean_emi, clean_information, clean_exact, [f"answer {i}" for i in range(n)], "question {}?"
        ),
        shifted=side("fake/shifted", shifted_emi, shifted_information, shifted_exact, answers, "question {}?"),
        emid=lost(clean_emi, shifted_emi, clusters, *([] if paired else [clusters]), confidence=confidence),
        anchored_emid=intervals.mean_interval(clean_emi - shifted_emi, clusters, confidence) if paired else None,
        anchored=tuple(float(x) for x in clean_emi - shifted_emi) if paired else None,
        information_lost=lost(
            clean_information, shifted_information, clusters, *([] if paired else [clusters]), confidence=confidence
        ),
        information_retained=(
            intervals.retained_interval(clean_information, shifted_information, clusters, confidence)
            if paired
            else intervals.unpaired_retained_interval(
                clean_information, shifted_information, clusters, clusters, confidence
            )
        ),
        decoded_retained=None,
        cosine_drop=estimate(0.01, 0.02, n, n // per_cluster, "cosine"),
        exact_drop=estimate(1 - retained, 0.02, n, n // per_cluster, "fraction"),
        divergences=Divergences(0.02, 0.0, 0.01, 0.02, Drift(0.5)),
        bounds=bounds
        if bounds is not None
        else {"scale_adjusted": Bound("scale_adjusted", 1.77, "score", {"images": 0.5, "answers": 1.27}, "Raw roots.")},
        critic=CriticReport("ridge", "abc", "300 pairs", 300, r2),
        settings=settings or {},
    )
    return replace(result, **changes) if changes else result


class FakeMeasurer:
    """Answers as `Measurer` does, with made-up numbers: `blur:60` retains 60 % of the information.

    A model whose name ends in a number, such as `new-10`, retains so many points less, and answers in its name.

    `made` counts the results that were computed, over all instances.
    """

    made = 0
    versions: Mapping[str, str] = {}
    """Of libraries, which results say that they were made with."""

    def __init__(self, model: Any, dataset: Any, encoders: Any, **options: Any) -> None:
        self.model = model
        self.dataset = dataset
        self.options = options
        self._results: dict[str, EmidResult] = {}

    def of(self, model: Any) -> FakeMeasurer:
        return type(self)(model, self.dataset, None, **self.options)

    def measure(self, shift: Any, **how: Any) -> EmidResult:
        scenario = str(shift)
        if not scenario.rpartition(":")[2].isdecimal():
            raise ModelError(f"there is no share in {scenario!r}.")
        if scenario not in self._results:
            progress = self.options.get("progress")
            if progress is not None:
                progress(scenario, 0, len(self.dataset))
                progress(scenario, len(self.dataset), len(self.dataset))
            type(self).made += 1
            self._results[scenario] = make_result(
                scenario,
                retained=(int(scenario.rpartition(":")[2]) - int("0" + self.model.name.partition("-")[2])) / 100,
                n=len(self.dataset),
                seed=self.options["seed"],
                confidence=self.options["confidence"],
                model=self.model.name,
                responses=[f"{self.model.name} {i}" for i in range(len(self.dataset))]
                if "-" in self.model.name
                else None,
                settings=self.options["settings"],
                made=Provenance(versions=self.versions),
            )
        return self._results[scenario]
