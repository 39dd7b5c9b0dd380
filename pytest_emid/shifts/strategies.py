"""Hypothesis strategies: let Hypothesis look for the smallest shift that breaks a model."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from pytest_emid.errors import ShiftError
from pytest_emid.shifts import registry
from pytest_emid.shifts.component import component
from pytest_emid.shifts.definition import MODALITIES
from pytest_emid.shifts.synthetic import SyntheticShift

__all__ = ["shifts"]


def shifts(
    names: str | Sequence[str] | None = None,
    *,
    modalities: str | Sequence[str] = MODALITIES,
    min_severity: int = 1,
    max_severity: int | None = None,
    max_components: int = 2,
) -> st.SearchStrategy[SyntheticShift]:
    """Shifts of one to `max_components` different components, each at its default options.

    A failing example shrinks towards fewer components and lower severities, then towards names that stand earlier
    in `names`. It is printed as `shifts.parse('defocus_blur:3')`, which makes the same shift again.

    Args:
        names: the shifts to draw from; by default every shift of the modalities that has severities, built in or
            registered. A shift without severities is drawn only when it is named, and so is one that writes on
            pictures what depends on the samples, for which a picture alone is too little.
        modalities: `visual`, `textual` or both; the components of one shift may be of either.
        min_severity: the lowest level drawn.
        max_severity: the highest level drawn; None means each shift's highest.
        max_components: how many components a shift has at most.

    Raises:
        ShiftError: a name or a modality is unknown, or no shift has a level within the bounds.

    Example:
        >>> from hypothesis import given, settings
        >>> from pytest_emid import strategies
        >>> @settings(max_examples=3, database=None, derandomize=True)
        ... @given(strategies.shifts("keyboard", max_severity=2))
        ... def test_typos(shift):
        ...     assert shift.severity <= 2
        >>> test_typos()
    """
    if isinstance(modalities, str):
        modalities = (modalities,)
    for modality in modalities:
        registry.names(modality)  # an unknown one is an error even beside explicit names
    if isinstance(names, str):
        names = (names,)
    if max_components < 1:
        raise ShiftError(f"max_components must be at least 1, not {max_components}.")
    pool: dict[str, list[int | None]] = {}
    for name in names if names is not None else registry.names():
        if registry.modality_of(name) not in modalities or (names is None and registry.writes(name)):
            continue
        legal = registry.severities(name)
        top = max_severity if max_severity is not None else max(legal, default=0)
        levels: list[int | None] = [level for level in legal if min_severity <= level <= top]
        if not legal and names is not None:
            levels = [None]
        if levels:
            pool[name] = levels
    if not pool:
        which = f" of {', '.join(names) or 'none'}" if names is not None else ""
        levels_wanted = f"{min_severity} to {'its highest' if max_severity is None else max_severity}"
        raise ShiftError(
            f"no {' or '.join(modalities)} shift{which} has a severity from {levels_wanted}. "
            "Widen the bounds, or name other shifts."
        )
    one = st.sampled_from(list(pool)).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(pool[name])))
    several = st.lists(one, min_size=1, max_size=min(max_components, len(pool)), unique_by=lambda drawn: drawn[0])
    return several.map(lambda drawn: SyntheticShift(tuple(component(name, level) for name, level in drawn)))
