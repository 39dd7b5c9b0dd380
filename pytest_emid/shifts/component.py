"""One named shift at one severity: checked, named, and run on one picture or one text."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pytest_emid.errors import EmidError, ShiftError
from pytest_emid.shifts import registry

if TYPE_CHECKING:  # an id can be made and compared without numpy
    import numpy as np

__all__ = ["Component", "component", "option_values", "run", "shift_text"]


@dataclass(frozen=True, slots=True)
class Component:
    """One named shift at one severity. Make it with `component`, which checks it.

    Attributes:
        name: the registered name.
        severity: the level; None for a shift that has none.
        options: the options that are not at their default, sorted.

    Example:
        >>> component("keyboard", 2, {"rates": "published"}).id
        'keyboard(rates=published):2'
    """

    name: str
    severity: int | None
    options: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        options = ",".join(f"{option}={value}" for option, value in self.options)
        return f"{self.name}{f'({options})' if options else ''}{'' if self.severity is None else f':{self.severity}'}"


def component(
    name: str, severity: int | None, options: Mapping[str, str] | None = None, modality: str | None = None
) -> Component:
    """A checked component.

    Raises:
        ShiftError: the name, the severity, an option or its value is unknown; the message lists the legal ones.

    Example:
        >>> component("frost", 2)
        Component(name='frost', severity=2, options=())
    """
    chosen = {option: str(value) for option, value in (options or {}).items()}
    legal = registry.severities(name, chosen, modality)
    if not legal and severity is not None:
        raise ShiftError(f"shift {name!r} has no severities; write {name!r} without one, not with {severity!r}.")
    if legal:
        try:
            severity = None if isinstance(severity, bool) or severity is None else operator.index(severity)
        except TypeError:
            severity = None if severity in legal else severity
        if severity not in legal:
            raise ShiftError(_bad_severity(name, severity, legal, chosen))
    if chosen:
        defaults = registry.get(name).options
        chosen = {option: value for option, value in chosen.items() if value != defaults[option][0]}
    return Component(name, severity, tuple(sorted(chosen.items())))


def _bad_severity(name: str, severity: object, legal: tuple[int, ...], options: Mapping[str, str]) -> str:
    given = "needs a severity" if severity is None else f"has no severity {severity!r}"
    under = f" with {', '.join(f'{o}={v}' for o, v in options.items())}" if options else ""
    levels = ", ".join(str(level) for level in legal)
    return f"shift {name!r} {given}. Its severities{under} are {levels}; write for example {name}:{legal[0]}."


def shift_text(part: Component, definition: registry.Definition, text: str, seed: int, sample_id: str) -> str:
    """What a component makes of one text.

    Raises:
        ShiftError: the function fails, returns what is no text, or leaves nothing of it; the seed is negative.
    """
    # what a user's function makes, or what a user's pattern protects, nobody knows to be the same again
    if registry.is_built_in(definition) and "protect" not in dict(part.options):
        return _built_in_text(part, text, seed, sample_id)
    return _text(part, definition, text, seed, sample_id)


@lru_cache(maxsize=16384, typed=True)
def _built_in_text(part: Component, text: str, seed: int, sample_id: str) -> str:
    """Made once where several joint shifts share it."""
    return _text(part, registry.get(part.name), text, seed, sample_id)


def _text(part: Component, definition: registry.Definition, text: str, seed: int, sample_id: str) -> str:
    from pytest_emid.shifts.seeding import generator

    rng = generator(seed, sample_id, part.name)
    options = option_values(part, definition) | ({"sample_id": sample_id} if definition.by_sample else {})
    shifted = run(part, definition, text, rng, sample_id, options)
    if not isinstance(shifted, str):
        raise ShiftError(f"shift {part.id} returned {type(shifted).__name__} for sample {sample_id!r}; it must be str.")
    if not shifted.strip() and text.strip():
        raise ShiftError(f"shift {part.id} left nothing of the question of sample {sample_id!r}: {text!r}.")
    return shifted


def run(
    part: Component,
    definition: registry.Definition,
    value: object,
    rng: np.random.Generator,
    sample_id: str,
    options: Mapping[str, str],
) -> object:
    """What a shift's function makes of a picture or a text.

    Raises:
        ShiftError: the function fails; the message names the shift and the sample.
    """
    try:
        return definition.function(value, part.severity or 0, rng, **options)
    except EmidError:
        raise
    except Exception as error:
        raise ShiftError(f"shift {part.id} failed on sample {sample_id!r}: {type(error).__name__}: {error}.") from error


def option_values(part: Component, definition: registry.Definition) -> dict[str, str]:
    """Every option of a component with its value."""
    return {option: values[0] for option, values in definition.options.items()} | dict(part.options)
