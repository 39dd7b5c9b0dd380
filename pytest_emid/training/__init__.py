"""The bound as a regulariser: a loss that keeps what a model makes of clean and of shifted samples together.

Imported by nothing else of the package, and importing it imports torch.
"""

from pytest_emid.training.regulariser import EmidRegulariser, Regularised
from pytest_emid.training.states import Answers, States
from pytest_emid.training.terms import RECIPES, TERMS, recipe

__all__ = ["RECIPES", "TERMS", "Answers", "EmidRegulariser", "Regularised", "States", "recipe"]
