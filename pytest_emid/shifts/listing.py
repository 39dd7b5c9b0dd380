"""Lists of shifts to parametrise tests with."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from pytest_emid.errors import ShiftError
from pytest_emid.shifts import registry
from pytest_emid.shifts.component import component
from pytest_emid.shifts.ids import parse
from pytest_emid.shifts.synthetic import IDENTITY, SyntheticShift

__all__ = ["joint", "textual", "visual"]

Severity = int | Iterable[int] | None


def visual(*names: str, severity: Severity = None, **options: str) -> list[SyntheticShift]:
    """Visual shifts, one for each name and severity, in the order given.

    Args:
        names: such as `"defocus_blur"`; none means all visual shifts (that have severities, when one is given).
            `"identity"` alone is the control arm that changes nothing.
        severity: a level or several; None means every level that the shift has.
        options: such as `scale="published"`; each name must have them.

    Raises:
        ShiftError: a name, a level, an option or its value is unknown; the message lists the legal ones.

    Example:
        >>> [str(shift) for shift in visual("frost", "fog", severity=[1, 3])]
        ['frost:1', 'frost:3', 'fog:1', 'fog:3']
    """
    return _listing("visual", names, severity, options)


def textual(*names: str, severity: Severity = None, **options: str) -> list[SyntheticShift]:
    """Textual shifts, one for each name and severity, in the order given; arguments as for `visual`.

    Raises:
        ShiftError: as for `visual`.

    Example:
        >>> [str(shift) for shift in textual("keyboard", severity=2, layout="de")]
        ['keyboard(layout=de):2']
    """
    return _listing("textual", names, severity, options)


def joint(*parts: SyntheticShift | str | Iterable[SyntheticShift | str]) -> list[SyntheticShift]:
    """Every combination of one shift from each part, composed.

    Args:
        parts: each a shift, an id, or several of them, such as `visual("frost")` or `["keyboard:1", "synonym:3"]`.

    Raises:
        ShiftError: fewer than two parts, an empty part, an id is malformed, or a combination names a shift twice.

    Example:
        >>> [str(shift) for shift in joint(visual("frost", severity=[1, 3]), "keyboard:1")]
        ['frost:1+keyboard:1', 'frost:3+keyboard:1']
    """
    if len(parts) < 2:
        raise ShiftError("a joint shift needs two parts or more, such as joint(visual('frost'), textual('keyboard')).")
    choices = [_choices(part) for part in parts]
    composed = []
    for combination in itertools.product(*choices):
        shift = SyntheticShift(())
        for one in combination:
            shift = shift + one
        composed.append(shift)
    return composed


def _choices(part: SyntheticShift | str | Iterable[SyntheticShift | str]) -> list[SyntheticShift]:
    several = [part] if isinstance(part, SyntheticShift | str) else list(part)
    if not several:
        raise ShiftError("a part of a joint shift is empty; give each part at least one shift.")
    shifts = [parse(one) if isinstance(one, str) else one for one in several]
    for shift in shifts:
        if not isinstance(shift, SyntheticShift):
            raise ShiftError(f"{shift!r} cannot be part of a joint shift: compose synthetic shifts or their ids.")
    return shifts


def _listing(
    modality: str, names: tuple[str, ...], severity: Severity, options: dict[str, str]
) -> list[SyntheticShift]:
    options = {option: str(value) for option, value in options.items()}
    if names == (IDENTITY,) and severity is None and not options:
        return [SyntheticShift(())]
    if not names:
        names = registry.names(modality)
        if severity is not None:
            names = tuple(name for name in names if registry.severities(name))
    return [
        SyntheticShift((component(name, level, options, modality),))
        for name in names
        for level in _levels(registry.severities(name, options, modality), severity)
    ]


def _levels(legal: tuple[int, ...], severity: Severity) -> list[int] | list[None]:
    if severity is None:
        return list(legal) or [None]
    levels = list(severity) if isinstance(severity, Iterable) else [severity]
    if not levels:
        raise ShiftError("severity is empty; give a level, several levels, or None for all.")
    return levels
