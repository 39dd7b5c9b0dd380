"""The mathematics: arrays in, numbers out.

Knows nothing of pytest or models, and imports nothing of the package but `errors`. The names below are loaded when
they are first used. What else there is lies in the submodules: `theory` is exact on finite alphabets, `paper` holds the
authors' pipeline, `divergence.differentiable` needs torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pytest_emid.information.bounds.published import published_bound
    from pytest_emid.information.bounds.rigorous import rigorous_bound
    from pytest_emid.information.companions import cosine_to_reference, exact_match
    from pytest_emid.information.critics.club import ClubCritic
    from pytest_emid.information.critics.mutual_information import club, contributions
    from pytest_emid.information.critics.ridge import RidgeCritic
    from pytest_emid.information.divergence.nulls import permutation_test, swap_test
    from pytest_emid.information.divergence.rjsd import EmbeddingSet, rjsd
    from pytest_emid.information.intervals.estimate import Estimate
    from pytest_emid.information.intervals.means import (
        mean_interval,
        paired_interval,
        retained_interval,
        unpaired_interval,
    )
    from pytest_emid.information.intervals.multiplicity import holm
    from pytest_emid.information.intervals.power import minimum_detectable, samples_to_decide
    from pytest_emid.information.paper.correlation import correlation_study
    from pytest_emid.information.paper.pipeline import load_critic
    from pytest_emid.information.paper.preference import relative_preference, win_rate
    from pytest_emid.information.reference.decoded import decoded
    from pytest_emid.information.reference.direct import direct, reliability_of
    from pytest_emid.information.reference.whitening import Whitening

__all__ = [
    "ClubCritic",
    "EmbeddingSet",
    "Estimate",
    "RidgeCritic",
    "Whitening",
    "club",
    "contributions",
    "correlation_study",
    "cosine_to_reference",
    "decoded",
    "direct",
    "exact_match",
    "holm",
    "load_critic",
    "mean_interval",
    "minimum_detectable",
    "paired_interval",
    "permutation_test",
    "published_bound",
    "relative_preference",
    "reliability_of",
    "retained_interval",
    "rigorous_bound",
    "rjsd",
    "samples_to_decide",
    "swap_test",
    "unpaired_interval",
    "win_rate",
]

PARTS: Final = ("bounds", "critics", "divergence", "intervals", "paper", "reference", "theory")
"""The packages of this one, loaded like its names."""

HOMES: Final = {
    "bounds.published": ("published_bound",),
    "bounds.rigorous": ("rigorous_bound",),
    "companions": ("cosine_to_reference", "exact_match"),
    "critics.club": ("ClubCritic",),
    "critics.mutual_information": ("club", "contributions"),
    "critics.ridge": ("RidgeCritic",),
    "divergence.nulls": ("permutation_test", "swap_test"),
    "divergence.rjsd": ("EmbeddingSet", "rjsd"),
    "intervals.estimate": ("Estimate",),
    "intervals.means": ("mean_interval", "paired_interval", "retained_interval", "unpaired_interval"),
    "intervals.multiplicity": ("holm",),
    "intervals.power": ("minimum_detectable", "samples_to_decide"),
    "paper.correlation": ("correlation_study",),
    "paper.pipeline": ("load_critic",),
    "paper.preference": ("relative_preference", "win_rate"),
    "reference.decoded": ("decoded",),
    "reference.direct": ("direct", "reliability_of"),
    "reference.whitening": ("Whitening",),
}
"""Public names by the module that defines them."""

MOVED: Final = {
    "bounds.answer_classes": ("AnswerClasses", "cluster_classes", "exact_match_classes"),
    "bounds.answer_entropy": ("AnswerEntropy", "EntropyScale", "EntropySource"),
    "bounds.published": ("input_only", "published_code_form", "scale_adjusted_score"),
    "bounds.rigorous": ("RigorousBound",),
    "critics.base": ("Critic",),
    "critics.mutual_information": ("contributions_each",),
    "divergence.nulls": ("NullTest",),
    "divergence.rjsd": ("rjsd_count_weighted",),
    "intervals.means": (
        "ratio_interval",
        "retained_contrast",
        "unpaired_retained_contrast",
        "unpaired_retained_interval",
    ),
    "intervals.multiplicity": ("benjamini_hochberg",),
    "paper.correlation": ("CorrelationStudy",),
    "paper.preference": ("WinRate", "ratio_of_sums"),
    "reference.reliability": ("Reliability",),
}
"""Names that were public here in 0.1: they still are, with a warning, for one release."""

MOVED_MODULES: Final = {
    "divergence_torch": "divergence.differentiable",
    "finite": "theory.finite",
    "finite_bounds": "theory.finite_bounds",
}

REMOVED: Final = {
    "InfoNCECritic": "use RidgeCritic or ClubCritic",
    "KernelCritic": "use RidgeCritic or ClubCritic",
    "Moments": "contributions takes arrays of any length, in blocks",
    "bootstrap_interval": "use mean_interval",
    "kernel_rjsd": "use rjsd",
    "mmd": "use rjsd",
    "sign_flip_p": "use paired_interval",
}

_HOME_OF: Final = {name: module for module, names in HOMES.items() for name in names}
_NEW_HOME_OF: Final = {name: module for module, names in MOVED.items() for name in names}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in PARTS:
        return import_module(f"{__name__}.{name}")
    if name in REMOVED:
        raise AttributeError(f"{__name__}.{name} was removed after 0.1: {REMOVED[name]}.")
    if name in _HOME_OF:
        value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    elif name in _NEW_HOME_OF or name in MOVED_MODULES:
        from pytest_emid.errors import warn_deprecated

        moved = name in MOVED_MODULES
        home = f"{__name__}.{MOVED_MODULES[name] if moved else _NEW_HOME_OF[name]}"
        advice = f"import {home}" if moved else f"from {home} import {name}"
        warn_deprecated(f"{__name__}.{name}", advice)
        module = import_module(home)
        value = module if moved else getattr(module, name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *PARTS})
