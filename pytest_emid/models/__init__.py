"""Models under test: whatever answers questions about pictures. `load` makes one of what a user names.

Importing this package imports neither torch nor transformers.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_emid.errors import ModelError
from pytest_emid.models.backend.secret import conceal, conceal_address
from pytest_emid.models.base import Model, Outcome, Response, TokenScores

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
    "TokenScores",
    "TransformersModel",
    "load",
    "load_recorded",
]

TINY_LLAVA: Final = "tiny-llava"
"""The built-in model."""
BUILT_IN: Final = (TINY_LLAVA, "tiny-llava-robust")
"""The models whose weights come with the package."""
SERVER: Final = "openai:"
"""What the name of a model behind a server begins with."""
_MEANINGLESS: Final = {
    "CallableModel": ("device",),
    "OpenAIFleetModel": ("batch_size", "device"),
    "OpenAIServerModel": ("batch_size", "device"),
    "RecordedModel": ("batch_size", "device"),
    "ReplayModel": ("batch_size", "device"),
}
_HOMES: Final = {
    "CallableModel": "callables",
    "OpenAIFleetModel": "server.fleet",
    "OpenAIServerModel": "server.chat",
    "RecordedModel": "recorded",
    "RecordedScenarios": "scenarios",
    "ReplayModel": "replay",
    "Sampling": "local.sampling",
    "TransformersModel": "local.image_text_to_text",
    "load_recorded": "scenarios",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load(spec: str | Path | Model | Callable[..., Any], **options: Any) -> Model:
    """The model that `spec` names. Nothing is loaded into memory yet.

    Args:
        spec: `tiny-llava` or `tiny-llava-robust` (built in); a folder in the Hugging Face format; a Hub id;
            `openai:NAME` (a model behind `base_url=`, which may be a list of servers, or `OPENAI_BASE_URL`, or
            OpenAI's own); a file of recorded answers (`.jsonl`); a replay pack (`.json`); a function
            `(images, questions) -> answers`; or a model, which is returned as it is.
        options: further arguments of the class that is made. `batch_size` and `device` are left out where they have
            no meaning.

    Raises:
        ModelError: it names no model, or a model was given together with options.
    """
    for name, hide in (("api_key", conceal), ("base_url", conceal_address)):
        if name in options:
            options[name] = hide(options[name])  # a traceback may print this frame
    if isinstance(spec, Model):
        if options:
            raise ModelError(f"{spec!r} is a model already, so {', '.join(options)} cannot be set. Set them on it.")
        return spec
    if isinstance(spec, str | Path):
        if str(spec) in BUILT_IN and not Path(spec).is_dir():
            folder = Path(__file__).parent.parent / "assets" / str(spec)
            return _make("TransformersModel", folder, name=str(spec), **options)
        if str(spec).startswith(SERVER):
            several = isinstance(options.get("base_url"), list | tuple)
            kind = "OpenAIFleetModel" if several else "OpenAIServerModel"
            return _make(kind, str(spec).removeprefix(SERVER), **options)
        by_suffix = {".jsonl": "RecordedModel", ".json": "ReplayModel"}
        return _make(by_suffix.get(Path(spec).suffix, "TransformersModel"), spec, **options)
    if callable(spec):
        return _make("CallableModel", spec, **options)
    raise ModelError(
        f"cannot make a model of a {type(spec).__name__}. Give {TINY_LLAVA!r}, a folder, a Hub id, 'openai:NAME', a "
        "file of recorded answers (.jsonl), a replay pack (.json), a function (images, questions) -> answers, or an "
        "object with name, fingerprint and respond."
    )


def _make(kind: str, spec: Any, /, **options: Any) -> Model:
    for name in _MEANINGLESS.get(kind, ()):
        options.pop(name, None)
    made: Model = __getattr__(kind)(spec, **options)
    return made
