"""Any model by a name, a path or a function: what `emid_model` and `--emid-model` take."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pytest_emid.errors import ModelError
from pytest_emid.models.backend.identity import check_identity
from pytest_emid.models.backend.naming import ASSETS, lazily
from pytest_emid.models.backend.secret import conceal, conceal_address
from pytest_emid.models.base import Model

__all__ = ["TINY_LLAVA", "class_named", "load"]

TINY_LLAVA: Final = "tiny-llava"
"""The built-in model."""
BUILT_IN: Final = (TINY_LLAVA, "tiny-llava-robust")
"""The models whose weights come with the package."""
SMALL: Final = {"batch_size": 64}
"""How they are made: a step of a small model is mostly Python's, which more rows share."""
SERVER: Final = "openai:"
"""What the name of a model behind a server begins with."""
_FUNCTION: Final = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)")
_MEANINGLESS: Final = {
    "CallableModel": ("device",),
    "OpenAIFleetModel": ("batch_size", "device"),
    "OpenAIServerModel": ("batch_size", "device"),
    "RecordedModel": ("batch_size", "device"),
    "ReplayModel": ("batch_size", "device"),
}
HOMES: Final = {
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

class_named: Final = lazily("pytest_emid.models", HOMES)
"""A class of this package, imported when it is first asked for."""


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

    Example:
        >>> from pytest_emid import models
        >>> models.load("tiny-llava")
        TransformersModel('tiny-llava')
        >>> models.load(lambda images, questions: questions, name="echo")
        CallableModel('echo')
    """
    for name, hide in (("api_key", conceal), ("base_url", conceal_address)):
        if name in options:
            options[name] = hide(options[name])  # a traceback may print this frame
    if isinstance(spec, Model):
        if options:
            raise ModelError(f"{spec!r} is a model already, so {', '.join(options)} cannot be set. Set them on it.")
        if not type(spec).__module__.startswith("pytest_emid."):  # whose own take care, and may have to ask the Hub
            check_identity(spec)
        return spec
    if isinstance(spec, str | Path):
        if str(spec) in BUILT_IN and not Path(spec).is_dir():
            return _make("TransformersModel", ASSETS / str(spec), name=str(spec), **SMALL | options)
        if str(spec).startswith(SERVER):
            several = isinstance(options.get("base_url"), list | tuple)
            kind = "OpenAIFleetModel" if several else "OpenAIServerModel"
            return _make(kind, str(spec).removeprefix(SERVER), **options)
        by_suffix = {".jsonl": "RecordedModel", ".json": "ReplayModel"}
        kind = by_suffix.get(Path(spec).suffix, "TransformersModel")
        if kind == "TransformersModel":
            _check_weights(spec)
        return _make(kind, spec, **options)
    if callable(spec):
        return _make("CallableModel", spec, **options)
    raise ModelError(
        f"cannot make a model of a {type(spec).__name__}. Give {TINY_LLAVA!r}, a folder, a Hub id, 'openai:NAME', a "
        "file of recorded answers (.jsonl), a replay pack (.json), a function (images, questions) -> answers, or an "
        "object with name, fingerprint and respond."
    )


def _check_weights(spec: str | Path) -> None:
    """What is plainly meant as something else than weights is not looked up on the Hub."""
    if Path(spec).is_file():
        raise ModelError(
            f"{str(spec)!r} is a file, and no model. Recorded answers are a .jsonl, a replay pack is a .json; a "
            "checkpoint is the folder around its files."
        )
    named = _FUNCTION.fullmatch(str(spec))
    if named is not None and not Path(spec).is_dir():
        module, function = named.groups()
        raise ModelError(
            f"{str(spec)!r} is a text, not a function. Give the function itself: from {module} import {function}, then "
            f"models.load({function})."
        )


def _make(kind: str, spec: Any, /, **options: Any) -> Model:
    for name in _MEANINGLESS.get(kind, ()):
        options.pop(name, None)
    made: Model = class_named(kind)(spec, **options)
    return made
