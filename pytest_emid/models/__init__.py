"""Models under test: whatever answers questions about pictures. `load` makes one of what a user names.

Importing this package imports neither torch nor transformers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_emid.models.base import Model, Outcome, Response, Served, TokenScores
from pytest_emid.models.specs import TINY_LLAVA, class_named, load

if TYPE_CHECKING:
    from pytest_emid.models.callables import CallableModel
    from pytest_emid.models.local.image_text_to_text import TransformersModel
    from pytest_emid.models.local.sampling import Sampling
    from pytest_emid.models.recorded import RecordedModel
    from pytest_emid.models.replay import ReplayModel
    from pytest_emid.models.scenarios import RecordedScenarios, load_recorded
    from pytest_emid.models.server.chat import OpenAIServerModel
    from pytest_emid.models.server.fleet import OpenAIFleetModel

__all__ = [
    "TINY_LLAVA",
    "CallableModel",
    "Model",
    "OpenAIFleetModel",
    "OpenAIServerModel",
    "Outcome",
    "RecordedModel",
    "RecordedScenarios",
    "ReplayModel",
    "Response",
    "Sampling",
    "Served",
    "TokenScores",
    "TransformersModel",
    "load",
    "load_recorded",
]


def __getattr__(name: str) -> Any:
    return class_named(name)
