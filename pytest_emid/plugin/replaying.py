"""`--emid-replay PACK`: identity and answers come from a replay pack, and the fixture `emid_model` is not called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_emid.errors import DataError
from pytest_emid.plugin.config import EmidConfig

__all__ = ["pack_path", "take_over"]

MODEL = "emid_model"


def pack_path(config: EmidConfig, rootdir: Path, started: Path) -> Path:
    """The pack: a relative path begins where the run was started, and in an ini file at rootdir."""
    base = rootdir if config.origin("replay").startswith("ini ") else started
    return base / str(config.replay)


def take_over(items: Sequence[pytest.Item], config: EmidConfig) -> None:
    """Put the pack's model in the place of every fixture `emid_model` that these tests see.

    Raises:
        pytest.UsageError: the pack cannot be read, or holds answers of no model, or of several.
    """
    pytest_config = items[0].config
    path = pack_path(config, pytest_config.rootpath, pytest_config.invocation_params.dir)
    from pytest_emid.models.replay import ReplayModel

    try:
        model = ReplayModel(path, key_env=config.pack_key_env)
    except DataError as error:
        raise pytest.UsageError(f"{config.origin('replay')}: {error}") from error

    def emid_model() -> ReplayModel:
        return model

    for item in items:
        for definition in item.session._fixturemanager.getfixturedefs(MODEL, item) or ():
            replaced: Any = definition
            # its own arguments are not made either: one of them may import what is not installed here
            replaced.func, replaced.argnames = emid_model, ()
        info: Any = getattr(item, "_fixtureinfo", None)
        if info is not None:
            info.prune_dependency_tree()
