"""What a run leaves behind for people: a page, a summary in Markdown, and what GitHub shows of a job."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_emid.plugin.config import CONFIG, SHEET, EmidConfig, shared_folder

if TYPE_CHECKING:
    from pytest_emid.plugin.ledger import Ledger

__all__ = ["announce", "document", "keep_pictures", "pictures_of", "publish"]

PICTURES: Final = "pictures"
"""In the folder that the processes of a run share."""
ANNOTATES: Final = "pytest_github_actions_annotate_failures"
"""Another plugin that annotates every failing test."""


def keep_pictures(config: pytest.Config, shared: str) -> Callable[..., None] | None:
    """What is told of every measurement, and keeps copies of the pictures behind it for the process that reports."""
    if config.stash[CONFIG].html is None:
        return None
    from pytest_emid.plugin.reports.thumbnails import Thumbnails

    return Thumbnails(Path(shared, PICTURES)).add


def pictures_of(shared: str) -> dict[str, str]:
    """What was kept, by digest."""
    from pytest_emid.plugin.reports.thumbnails import gathered

    return gathered(Path(shared, PICTURES))


def document(
    ledger: Ledger, session: pytest.Session, stopped: str, has_problems: bool, pictured: bool = False
) -> dict[str, Any]:
    """All of the run as plain data: what `--emid-json` and `--emid-save` write.

    Args:
        ledger: what was measured.
        session: of the run.
        stopped: why the run ended before its last test; empty where it did not.
        has_problems: whether something is missing.
        pictured: whether what was kept for a page goes with it.
    """
    effective = session.config.stash[CONFIG]
    whole = {**ledger.document(), "options": effective.deciding()}
    whole |= {"complete": not stopped, **({"incomplete": stopped} if stopped else {})}
    if pictured and effective.html is not None:
        whole["pictures"] = pictures_of(shared_folder(session.config))
    if effective.plan:
        whole["plan"] = ledger.plan.to_dict()
    if effective.shard is not None:
        from pytest_emid.plugin.sharding import SHARD

        failed = has_problems or session.exitstatus != pytest.ExitCode.OK
        shard: dict[str, Any] = session.config.stash.get(SHARD, {})
        whole["shard"] = {**shard, "of": effective.shard, "failed": failed}
    return whole


def publish(ledger: Ledger, problems: Sequence[str], config: pytest.Config) -> list[str]:
    """Write what was asked for; what cannot be written is a problem, in a sentence."""
    effective, here = config.stash[CONFIG], config.invocation_params.dir
    return [
        f"{effective.origin(key)}: cannot write {getattr(effective, key)}: {error}."
        for key, error in _failures(ledger, problems, effective, here, config)
    ]


def _failures(
    ledger: Ledger, problems: Sequence[str], effective: EmidConfig, here: Path, config: pytest.Config
) -> Iterator[tuple[str, OSError]]:
    sheet = config.stash.get(SHEET, None)
    if sheet is not None and effective.contact_sheet is not None:
        try:
            sheet.write(here / effective.contact_sheet)
        except OSError as error:
            del config.stash[SHEET]  # there is none to speak of
            yield "contact_sheet", error
    if effective.plan:
        return
    rows = ledger.rows() if effective.html or effective.markdown or _on_github(effective) else []
    if effective.html is not None:
        from pytest_emid.plugin.reports import page, strips

        try:
            pictures = pictures_of(shared_folder(config))
            page.write(here / effective.html, rows, problems, pictures)
            strips.write(here / effective.html, rows, pictures)
        except OSError as error:
            yield "html", error
    if effective.markdown is not None:
        from pytest_emid.data.writing import writing
        from pytest_emid.plugin.reports.markdown import COMMENT, summary

        try:
            with writing(here / effective.markdown) as stream:
                stream.write(summary(rows, problems, COMMENT))
        except OSError as error:
            yield "markdown", error
    if rows and _on_github(effective) and (path := os.environ.get("GITHUB_STEP_SUMMARY")):
        from pytest_emid.plugin.reports.github import append

        try:
            append(Path(path), rows, problems)
        except OSError as error:
            yield "github", error


def announce(ledger: Ledger, problems: Sequence[str], terminal: pytest.TerminalReporter) -> None:
    """Name the pages, and print GitHub's annotations, once."""
    effective = terminal.config.stash[CONFIG]
    sheet = terminal.config.stash.get(SHEET, None)
    if sheet is not None and terminal.verbosity > -2:
        terminal.write_line(f"contact sheet of {sheet.scenarios} scenarios: {effective.contact_sheet}")
    if effective.plan:
        return
    if effective.html is not None and terminal.verbosity > -2:
        terminal.write_line(f"page of {len(ledger.rows())} scenarios with their samples: {effective.html}")
    if not _on_github(effective):
        return
    from pytest_emid.plugin.reports.github import annotated

    taken = terminal.config.pluginmanager.has_plugin(ANNOTATES)
    for line in annotated(_reports(terminal), [] if taken else ledger.rows(), problems, terminal.config.rootpath):
        terminal.write_line(line)


def _on_github(effective: EmidConfig) -> bool:
    return effective.github != "no" and os.environ.get("GITHUB_ACTIONS") == "true"


def _reports(terminal: pytest.TerminalReporter) -> list[Any]:
    """The failing phases of all tests."""
    return [report for kind in ("failed", "error") for report in terminal.stats.get(kind, [])]
