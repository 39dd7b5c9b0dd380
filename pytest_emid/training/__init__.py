"""The bound as a regulariser: a loss that keeps what a model makes of clean and of shifted samples together.

Imported by nothing else of the package. Importing this package imports neither torch nor transformers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_emid.models.backend.naming import lazily

if TYPE_CHECKING:
    from pytest_emid.training.averaging import averaged_weights
    from pytest_emid.training.collate import Collator
    from pytest_emid.training.gate import EmidGateCallback
    from pytest_emid.training.reading import picture_token, read_states
    from pytest_emid.training.regulariser import EmidRegulariser, Regularised
    from pytest_emid.training.schedule import ramp
    from pytest_emid.training.states import Answers, States
    from pytest_emid.training.terms import RECIPES, TERMS, recipe
    from pytest_emid.training.trainer import EmidTrainer, EmidTrainerMixin
    from pytest_emid.training.views import Augmented, View, Views

__all__ = [
    "RECIPES",
    "TERMS",
    "Answers",
    "Augmented",
    "Collator",
    "EmidGateCallback",
    "EmidRegulariser",
    "EmidTrainer",
    "EmidTrainerMixin",
    "Regularised",
    "States",
    "View",
    "Views",
    "averaged_weights",
    "picture_token",
    "ramp",
    "read_states",
    "recipe",
]

HOMES: Final = {
    "Answers": "states",
    "Augmented": "views",
    "Collator": "collate",
    "EmidGateCallback": "gate",
    "EmidRegulariser": "regulariser",
    "EmidTrainer": "trainer",
    "EmidTrainerMixin": "trainer",
    "RECIPES": "terms",
    "Regularised": "regulariser",
    "States": "states",
    "TERMS": "terms",
    "View": "views",
    "Views": "views",
    "averaged_weights": "averaging",
    "picture_token": "reading",
    "ramp": "schedule",
    "read_states": "reading",
    "recipe": "terms",
}
_find = lazily("pytest_emid.training", HOMES)


def __getattr__(name: str) -> Any:
    return _find(name)
