"""What GitHub shows of a job: the step's summary, and annotations at the lines of gates that did not pass."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pytest_emid.measuring.verdicts import Decision, Verdict
from pytest_emid.plugin.ledger import Row
from pytest_emid.plugin.reports.asked import asked
from pytest_emid.plugin.reports.explain import headline
from pytest_emid.plugin.reports.markdown import SUMMARY, summary

__all__ = ["MOST", "annotated", "append"]

MOST: Final = 10
"""Annotations of a kind that GitHub shows of a step; it drops the others without a word."""
LONGEST: Final = 2_000
"""Characters of an annotation."""


def append(path: Path, rows: Sequence[Row], problems: Sequence[str]) -> None:
    """Append the summary to the step's, in what other tools have left of it.

    Raises:
        OSError: it cannot be written.
    """
    taken = path.stat().st_size if path.exists() else 0
    left = SUMMARY - taken - 1
    if left > 1_000:
        with path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write("\n" * bool(taken) + summary(rows, problems, left))


def annotated(reports: Sequence[Any], rows: Sequence[Row], problems: Sequence[str], root: Path) -> Iterator[str]:
    """Workflow commands, at most `MOST` errors and `MOST` warnings: the last one counts what is left out.

    Args:
        reports: failing phases of tests, which say where.
        rows: the measurements; none where another plugin annotates failing tests.
        problems: what is missing, as sentences.
        root: where paths in node ids begin.
    """
    where: dict[str, Any] = {}
    for report in reports:
        where.setdefault(report.nodeid, report)
    errors = [_command("error", {"title": "pytest-emid"}, problem) for problem in problems]
    warnings: list[str] = []
    for row in rows:
        for decision in row.decisions:
            if decision.verdict is Verdict.PASS or decision in row.expected:
                continue
            report = next((where[nodeid] for nodeid in row.nodeids if nodeid in where), None)
            place = {} if report is None else _place(report, root)
            command = _command(
                "error" if report is not None else "warning",
                {**place, "title": f"{decision.verdict} {decision.scenario}: {asked(decision)}"},
                _told(decision),
            )
            (errors if report is not None else warnings).append(command)
    for kind, commands in (("error", errors), ("warning", warnings)):
        yield from commands if len(commands) <= MOST else commands[: MOST - 1]
        if len(commands) > MOST:
            yield _command(kind, {"title": "pytest-emid"}, f"{len(commands) - MOST + 1} more: see the job's summary.")


def _told(decision: Decision) -> str:
    return f"{headline(decision)}\n{decision.reason}"[:LONGEST]


def _place(report: Any, root: Path) -> dict[str, str]:
    """File and line of the failing assertion where it is in the repository, else of the test."""
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or root)
    crash = getattr(report.longrepr, "reprcrash", None)
    path, line = (root / report.location[0], (report.location[1] or 0) + 1)
    if crash is not None:
        crashed = Path(root, crash.path)
        if crashed.name == path.name:
            path, line = crashed, crash.lineno
    shown = path.relative_to(workspace) if path.is_relative_to(workspace) else path
    return {"file": shown.as_posix(), "line": str(line)}


def _command(kind: str, properties: dict[str, str], message: str) -> str:
    """As GitHub reads them: what separates is escaped."""
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {told}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
