"""Options on the command line that nothing was measured with: a run must not be green on another model than it names.

PYTEST_DONT_REWRITE: this module asserts nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pytest_emid.measuring.results import EmidResult
    from pytest_emid.plugin.config import EmidConfig

__all__ = ["without_effect"]

NAMED: Final = ("model", "dataset", "encoders")
"""Options whose fixtures projects override."""


def without_effect(config: EmidConfig, measured: Callable[[], Sequence[EmidResult]]) -> list[str]:
    """Sentences on options of the command line that a fixture overrides in every result.

    What an ini file names may be overridden, and so may an option in some directories: then the report says where.
    """
    named = {key: flag for key in NAMED if (flag := config.origins.get(key, "")).startswith("--")}
    results = measured() if named else ()
    return [
        f"{flag}={getattr(config, key)} had no effect: the fixture emid_{key} gives what was measured, "
        f"{results[0].settings[key]}. Leave the option out, or let the fixture take what it names: "
        f"def emid_{key}(emid_{key}). A default for some tests belongs into the ini file: emid_{key} = ..."
        for key, flag in named.items()
        if results and all(f", overrides {flag})" in result.settings.get(key, "") for result in results)
    ]
