"""The mathematics: arrays in, numbers out.

Knows nothing of pytest or models, and imports nothing of the package but `errors`; a critic alone can be saved to a
file. The names below are loaded when they are first used. Exact theory on finite alphabets is in `theory`, the authors'
pipeline in `paper`, differentiable divergences (which need torch) in `divergence.differentiable`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pytest_emid.information.bounds.answer_classes import AnswerClasses, cluster_classes, exact_match_classes
    from pytest_emid.information.bounds.answer_entropy import AnswerEntropy, EntropyScale, EntropySource
    from pytest_emid.information.bounds.published import (
        input_only,
        published_bound,
        published_code_form,
        scale_adjusted_score,
    )
    from pytest_emid.information.bounds.rigorous import RigorousBound, rigorous_bound
    from pytest_emid.information.companions import cosine_to_reference, exact_match
    from pytest_emid.information.critics import ClubCritic, Critic, InfoNCECritic, KernelCritic, RidgeCritic
    from pytest_emid.information.critics.mutual_information import Moments, club, contributions, contributions_each
    from pytest_emid.information.divergence.nulls import NullTest, permutation_test, swap_test
    from pytest_emid.information.divergence.rjsd import EmbeddingSet, kernel_rjsd, mmd, rjsd, rjsd_count_weighted
    from pytest_emid.information.intervals.estimate import Estimate
    from pytest_emid.information.intervals.means import (
        mean_interval,
        paired_interval,
        ratio_interval,
        retained_contrast,
        retained_interval,
        unpaired_interval,
        unpaired_retained_contrast,
        unpaired_retained_interval,
    )
    from pytest_emid.information.intervals.multiplicity import benjamini_hochberg, holm
    from pytest_emid.information.intervals.power import minimum_detectable, samples_to_decide
    from pytest_emid.information.intervals.resampling import bootstrap_interval, sign_flip_p
    from pytest_emid.information.paper.correlation import CorrelationStudy, correlation_study
    from pytest_emid.information.paper.preference import WinRate, ratio_of_sums, relative_preference, win_rate
    from pytest_emid.information.reference.decoded import decoded
    from pytest_emid.information.reference.direct import direct, reliability_of
    from pytest_emid.information.reference.reliability import Reliability
    from pytest_emid.information.reference.whitening import Whitening

HOMES: Final = {
    "bounds.answer_classes": ("AnswerClasses", "cluster_classes", "exact_match_classes"),
    "bounds.answer_entropy": ("AnswerEntropy", "EntropyScale", "EntropySource"),
    "bounds.published": ("input_only", "published_bound", "published_code_form", "scale_adjusted_score"),
    "bounds.rigorous": ("RigorousBound", "rigorous_bound"),
    "companions": ("cosine_to_reference", "exact_match"),
    "paper.correlation": ("CorrelationStudy", "correlation_study"),
    "critics": ("ClubCritic", "Critic", "InfoNCECritic", "KernelCritic", "RidgeCritic"),
    "reference.decoded": ("decoded",),
    "divergence.rjsd": ("EmbeddingSet", "kernel_rjsd", "mmd", "rjsd", "rjsd_count_weighted"),
    "divergence.nulls": ("NullTest", "permutation_test", "swap_test"),
    "intervals.estimate": ("Estimate",),
    "intervals.means": (
        "mean_interval",
        "paired_interval",
        "ratio_interval",
        "retained_contrast",
        "retained_interval",
        "unpaired_interval",
        "unpaired_retained_contrast",
        "unpaired_retained_interval",
    ),
    "intervals.multiplicity": ("benjamini_hochberg", "holm"),
    "critics.mutual_information": ("Moments", "club", "contributions", "contributions_each"),
    "intervals.power": ("minimum_detectable", "samples_to_decide"),
    "paper.preference": ("WinRate", "ratio_of_sums", "relative_preference", "win_rate"),
    "reference.direct": ("direct", "reliability_of"),
    "reference.reliability": ("Reliability",),
    "intervals.resampling": ("bootstrap_interval", "sign_flip_p"),
    "reference.whitening": ("Whitening",),
}
"""Public names by the module that defines them."""

_HOME_OF: Final = {name: module for module, names in HOMES.items() for name in names}

__all__ = [
    "AnswerClasses",
    "AnswerEntropy",
    "ClubCritic",
    "CorrelationStudy",
    "Critic",
    "EmbeddingSet",
    "EntropyScale",
    "EntropySource",
    "Estimate",
    "InfoNCECritic",
    "KernelCritic",
    "Moments",
    "NullTest",
    "Reliability",
    "RidgeCritic",
    "RigorousBound",
    "Whitening",
    "WinRate",
    "benjamini_hochberg",
    "bootstrap_interval",
    "club",
    "cluster_classes",
    "contributions",
    "contributions_each",
    "correlation_study",
    "cosine_to_reference",
    "decoded",
    "direct",
    "exact_match",
    "exact_match_classes",
    "holm",
    "input_only",
    "kernel_rjsd",
    "mean_interval",
    "minimum_detectable",
    "mmd",
    "paired_interval",
    "permutation_test",
    "published_bound",
    "published_code_form",
    "ratio_interval",
    "ratio_of_sums",
    "relative_preference",
    "reliability_of",
    "retained_contrast",
    "retained_interval",
    "rigorous_bound",
    "rjsd",
    "rjsd_count_weighted",
    "samples_to_decide",
    "scale_adjusted_score",
    "sign_flip_p",
    "swap_test",
    "unpaired_interval",
    "unpaired_retained_contrast",
    "unpaired_retained_interval",
    "win_rate",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
