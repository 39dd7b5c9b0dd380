"""The exceptions that users see. Each message says what was wrong, where, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "BaselineError",
    "BudgetError",
    "DataError",
    "EmidError",
    "EstimationError",
    "ModelError",
    "ShiftError",
    "UnavailableError",
    "brief",
    "listed",
    "warn_deprecated",
]


class EmidError(Exception):
    """Base of every error that this package raises on purpose."""


class DataError(EmidError, ValueError):
    """A dataset, a sample or a file does not hold what it must."""


class ShiftError(EmidError, ValueError):
    """A shift is unknown, has an unknown severity, or cannot be applied to a sample."""


class ModelError(EmidError, RuntimeError):
    """A model or an encoder failed, or broke its contract."""


class BudgetError(ModelError):
    """The budget is spent before every question was asked. What was answered is kept; the verdict is UNDECIDED."""


class UnavailableError(ModelError):
    """Nobody answers: the server is down, or lets nobody in. No further question of this run is tried."""


class EstimationError(EmidError, ValueError):
    """Numbers cannot be estimated from the arrays that were given."""


class BaselineError(EmidError, ValueError):
    """There is no baseline, or it cannot be compared with what was measured."""


def brief(value: object, most: int = 60) -> str:
    """A value as a message shows it, cut to its first characters."""
    text = repr(value)
    return f"{text[:most]}..." if len(text) > most else text


def listed(names: Sequence[object], most: int = 10) -> str:
    """The first names as a message shows them, and how many more there are: `'a', 'b' and 1 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + more


def warn_deprecated(name: str, write: str) -> None:
    """Warn, in a module's `__getattr__`, at the line that asked for a name that will leave with the next release."""
    import warnings

    warnings.warn(f"{name} is deprecated: write `{write}`.", DeprecationWarning, stacklevel=3)
