"""The list of shifts that `--emid-list-shifts` prints."""

from __future__ import annotations

import itertools
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_emid import shifts
from pytest_emid.errors import EmidError, ShiftError
from pytest_emid.plugin.config import EmidConfig
from pytest_emid.shifts.registry import Definition
from pytest_emid.shifts.scenarios import SUITES

__all__ = ["every_shift", "lines", "main"]

FOOTER = """\
An id is name:severity, with options name(option=value):severity. Ids compose with +, pictures and text alike:
defocus_blur:3+keyboard:1. identity changes nothing. Another dataset is a natural shift:
pytest_emid.shifts.natural(dataset). Questions in another language: pytest_emid.shifts.translate(...)."""
WIDTH = 118


def main(config: EmidConfig, folder: Path, rootdir: Path, text: str = "") -> int:
    """Print the list; write the contact sheet of every shift, where one was asked for. Returns the exit status.

    Args:
        config: the options of the run.
        folder: where the run was started.
        rootdir: pytest's.
        text: list and draw only what holds it in its name, kind or summary; empty for all.

    Raises:
        pytest.UsageError: a package's shifts cannot be loaded, the dataset cannot be drawn, or the page not written.
    """
    try:
        for line in lines(text):
            sys.stdout.write(f"{line}\n")
        if config.contact_sheet is not None:
            _draw(config, folder / config.contact_sheet, rootdir, text)
    except (EmidError, OSError) as error:
        raise pytest.UsageError(f"--emid-list-shifts: {error}") from error
    return int(pytest.ExitCode.OK)


def _draw(config: EmidConfig, path: Path, rootdir: Path, text: str) -> None:
    from pytest_emid import data
    from pytest_emid.plugin.reports.contact_sheet import ContactSheet

    dataset = data.load(config.dataset or "scenes", root=config.start("dataset", rootdir))
    sheet = ContactSheet()
    wanted = {definition.name for definition in _found(text)}
    for shift in (one for one in every_shift() if one.components[0].name in wanted):
        sheet.add(dataset, shift, config.seed)
    sheet.write(path)
    sys.stdout.write(f"\ncontact sheet of {sheet.scenarios} scenarios on {dataset.name}: {path}\n")


def lines(text: str = "") -> Iterator[str]:
    """Every registered shift under its modality and kind: name, severities, what it does, options; then the suites.

    Args:
        text: only what holds it, in any case; suites are then those that it names.

    Raises:
        ShiftError: the shifts of an installed package cannot be loaded, or nothing holds the text.
    """
    definitions = _found(text)
    suites = [suite for suite in SUITES if not text or text.lower() in suite]
    if not definitions and not suites:
        kinds = ", ".join(dict.fromkeys(definition.kind for definition in shifts.definitions()))
        raise ShiftError(f"no shift has {text!r} in its name, kind or summary. Kinds: {kinds}.")
    width = max((len(definition.name) for definition in definitions), default=0)
    for modality, group in itertools.groupby(definitions, key=lambda definition: definition.modality):
        members = list(group)
        yield f"{modality} shifts ({len(members)}):"
        kinds_of = dict.fromkeys(definition.kind for definition in members)
        for kind in kinds_of:
            yield f" {kind}:"
            for definition in members:
                if definition.kind == kind:
                    yield f"  {definition.name:{width}}  {_levels(definition):5}  {_summary(definition)}"
        yield ""
    yield from _suites(suites)
    if not text:
        yield from FOOTER.splitlines()


def _found(text: str) -> list[Definition]:
    """The shifts that hold a text in their name, kind, modality or summary."""
    wanted = text.lower()
    return [d for d in shifts.definitions() if wanted in f"{d.name} {d.kind} {d.modality} {d.summary}".lower()]


def _suites(suites: list[str]) -> Iterator[str]:
    """The scenarios of some suites."""
    if not suites:
        return
    yield "suites of scenarios, by pytest_emid.shifts.scenarios(SUITE); the first of each changes nothing:"
    by_ids: dict[tuple[str, ...], list[str]] = {}
    for suite in suites:
        by_ids.setdefault(tuple(scenario.id for scenario in shifts.scenarios(suite)), []).append(suite)
    for ids, names in by_ids.items():
        listed = f"{', '.join(names)} ({len(ids)}): {', '.join(ids)}"
        yield from textwrap.wrap(listed, WIDTH, break_long_words=False, break_on_hyphens=False)
    yield ""


def every_shift() -> list[shifts.SyntheticShift]:
    """Every registered shift at every severity, with default options."""
    return [*shifts.visual(), *shifts.textual()]


def _value(definition: Definition, option: str, value: str) -> str:
    """A value of an option; with its levels in brackets where they are not the usual ones."""
    own = definition.variants.get(f"{option}={value}")
    return value if own is None else f"{value} [{_span(own)}]"


def _levels(definition: Definition) -> str:
    return _span(definition.severities)


def _span(levels: tuple[int, ...]) -> str:
    if not levels:
        return "-"
    if levels == tuple(range(levels[0], levels[-1] + 1)) and len(levels) > 1:
        return f"{levels[0]}-{levels[-1]}"
    return ",".join(map(str, levels))


def _summary(definition: Definition) -> str:
    options = "; ".join(f"{o}={'|'.join(_value(definition, o, v) for v in vs)}" for o, vs in definition.options.items())
    return f"{definition.summary}{f' ({options})' if options else ''}"
