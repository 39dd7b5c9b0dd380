"""The list of shifts that `--emid-list-shifts` prints."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from pytest_emid import shifts
from pytest_emid.shifts.registry import Definition

__all__ = ["every_shift", "lines"]

FOOTER = """\
An id is name:severity, with options name(option=value):severity. Ids compose with +, pictures and text alike:
defocus_blur:3+keyboard:1. Another dataset is a natural shift: pytest_emid.shifts.natural(dataset)."""


def lines() -> Iterator[str]:
    """Every registered shift under its modality: name, severities, kind, what it does, options.

    Raises:
        ShiftError: the shifts of an installed package cannot be loaded.
    """
    definitions = shifts.definitions()
    width = max(len(definition.name) for definition in definitions)
    for modality, group in itertools.groupby(definitions, key=lambda definition: definition.modality):
        members = list(group)
        yield f"{modality} shifts ({len(members)}):"
        for definition in members:
            yield f"  {definition.name:{width}}  {_levels(definition):5}  [{definition.kind}] {_summary(definition)}"
        yield ""
    yield from FOOTER.splitlines()


def every_shift() -> list[shifts.SyntheticShift]:
    """Every registered shift at every severity, with default options."""
    return [*shifts.visual(), *shifts.textual()]


def _levels(definition: Definition) -> str:
    levels = definition.severities
    if not levels:
        return "-"
    if levels == tuple(range(levels[0], levels[-1] + 1)) and len(levels) > 1:
        return f"{levels[0]}-{levels[-1]}"
    return ",".join(map(str, levels))


def _summary(definition: Definition) -> str:
    options = "; ".join(f"{option}={'|'.join(values)}" for option, values in definition.options.items())
    return f"{definition.summary}{f' ({options})' if options else ''}"
