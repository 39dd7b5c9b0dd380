"""pytest's hooks, and nothing else: options become a frozen config, reports carry what was found.

Importing this module imports nothing heavy, and little of this package. A run without a test that measures pays for
the options; what records is loaded when such a test is collected, torch, numpy and the like when it is set up.

`-p no:emid` switches the plugin off: tests that request its fixtures then fail, and its ini options are unknown.

PYTEST_DONT_REWRITE: this module asserts nothing.
"""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_emid.plugin import config as options
from pytest_emid.plugin.config import CONFIG, FIXTURE, KEYWORD, PAYLOAD, SHARED, SHEET, START, shared_folder

if TYPE_CHECKING:
    from pytest_emid.plugin.ledger import Ledger

pytest_plugins = ("pytest_emid.plugin.provided",)
"""Where the fixtures are."""
BEGAN: Final = "emid_began"
"""In a worker's input: when the run began, so that all its processes agree on what is fresh."""
WATCH: Final = pytest.StashKey[Any]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options and ini values of one name each."""
    options.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Wrong configuration ends the run here, before anything is collected."""
    config.addinivalue_line("markers", options.MARKER_LINE)
    config.stash[CONFIG] = options.from_pytest(config)
    config.stash[START] = getattr(config, "workerinput", {}).get(BEGAN, time.time())
    effective = config.stash[CONFIG]
    if effective.contact_sheet is not None and config.getoption("dist", "no") != "no":
        raise pytest.UsageError(f"{effective.origin('contact_sheet')}: one process draws the contact sheet. Add -n0.")
    if effective.shard is not None:
        from pytest_emid.plugin.parsing import parse_shard
        from pytest_emid.plugin.sharding import Sharding

        config.pluginmanager.register(Sharding(parse_shard(effective.shard), config), "emid-sharding")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a pytest-xdist worker, also one that replaces a crashed one, when the run began and what it shares."""
    node.workerinput[BEGAN] = node.config.stash[START]
    node.workerinput[SHARED] = shared_folder(node.config)
    if WATCH not in node.config.stash:
        from pytest_emid.plugin.patience import Watch

        node.config.stash[WATCH] = Watch(node.config, shared_folder(node.config))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Report, unless this is a worker. Registered after pytest's own session, so that its hooks come before those."""
    if not _is_worker(session.config):
        session.config.pluginmanager.register(Reporter(session.config), "emid-reporter")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """`--emid-list-shifts` lists instead of running."""
    if config.option.emid_list_shifts is None:
        return None
    from pytest_emid.plugin.reports import shift_list

    text = config.option.emid_list_shifts
    return shift_list.main(options.from_pytest(config), config.invocation_params.dir, config.rootpath, text)


def pytest_report_header(config: pytest.Config) -> str | None:
    """What the run is configured to measure; silent in projects that configure nothing."""
    effective = config.stash[CONFIG]
    if not effective.origins:
        return None
    from pytest_emid.plugin.reports.terminal import header

    return header(effective)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that measure, so that `-m emid` selects them and their reports can be told from others."""
    measures = False
    for item in items:
        if FIXTURE in getattr(item, "fixturenames", ()):
            measures = True
            item.keywords[KEYWORD] = True
            if item.get_closest_marker("emid") is None:
                item.add_marker("emid")
    if measures and config.stash[CONFIG].replay is not None:
        from pytest_emid.plugin import replaying

        replaying.take_over(items, config.stash[CONFIG])
    if config.stash[CONFIG].plan:
        others = [item for item in items if KEYWORD not in item.keywords]
        if others:
            config.hook.pytest_deselected(items=others)
            items[:] = [item for item in items if KEYWORD in item.keywords]
    # Gates can be asked about results that were saved, too.
    if measures or "pytest_emid.plugin.assertions" in sys.modules:
        from pytest_emid.plugin import recorder

        recorder.start(config)


def pytest_assertrepr_compare(config: pytest.Config, op: str, left: object, right: object) -> list[str] | None:
    """`assert result.emid <= 0.05` explains itself in its first six lines."""
    module = sys.modules.get("pytest_emid.information.intervals.estimate")
    estimates = [side for side in (left, right) if module is not None and isinstance(side, module.Estimate)]
    if not estimates:
        return None
    from pytest_emid.plugin.recorder import current
    from pytest_emid.plugin.reports.explain import compare

    recorder = current()
    return compare(estimates[0], op, left, right, recorder.results if recorder is not None else ())


class Reporter:
    """The hooks of the process that reports: the only one, or pytest-xdist's controller."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config.stash[CONFIG]
        self._ledger: Ledger | None = None
        self._problems: list[str] = []
        self._stopped = ""
        self._last: list[str] = []

    @property
    def ledger(self) -> Ledger:
        """Made when it is first needed, which in most suites is never."""
        if self._ledger is None:
            from pytest_emid.plugin.ledger import Ledger

            self._ledger = Ledger(planned=self._config.plan)
        return self._ledger

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that measures but whose results did not arrive has not passed, whatever its report says."""
        payload, measures = getattr(report, PAYLOAD, None), KEYWORD in report.keywords
        if (measures or payload is not None) and not self.ledger.receive(report, payload, measures):
            report.outcome = "failed"
            report.longrepr = "emid: this test ran, but its results did not arrive. Nothing that it gates was checked."

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Ctrl-C, or `pytest.exit`, which may even ask for exit status 0."""
        self._stopped = f"{excinfo.typename}: {excinfo.value}".rstrip(": ")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write what was asked for, and fail the run when something is missing."""
        try:
            self._finish(session)
        finally:
            if WATCH in session.config.stash:
                session.config.stash[WATCH].stop()
            shutil.rmtree(shared_folder(session.config), ignore_errors=True)

    def _finish(self, session: pytest.Session) -> None:
        if session.config.option.collectonly:
            return
        if self._ledger is not None:
            from pytest_emid.plugin.unused import without_effect

            ledger = self._ledger
            self._problems = ledger.problems()
            self._problems += without_effect(self._config, lambda: [row.result for row in ledger.rows()])
        for key in ("json", "save"):
            self._write(session, key)
        self._keep_baseline(session)
        if self._ledger is not None or SHEET in session.config.stash:
            from pytest_emid.plugin.publishing import publish

            self._problems += publish(self.ledger, self._problems, session.config)
        if self._problems:
            session.testsfailed = max(session.testsfailed, len(self._problems))
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _write(self, session: pytest.Session, key: str) -> None:
        """Write the run to the file that an option names."""
        if (named := getattr(self._config, key)) is None:
            return
        from pytest_emid.plugin.reports import json

        try:
            json.write(session.config.invocation_params.dir / named, self._document(session, key))
        except OSError as error:
            self._problems.append(f"{self._config.origin(key)}: cannot write {named}: {error}.")

    def _keep_baseline(self, session: pytest.Session) -> None:
        """The first run under `auto` becomes the baseline, and so does one that is accepted in words."""
        if self._ledger is None or self._config.plan or self._config.baseline is None:
            return
        from pytest_emid.plugin.baselines import keep

        stopped = self._why_stopped(session) or " ".join(self._problems)
        try:
            self._last = keep(session, self._document(session), self._ledger, stopped)
        except (ValueError, OSError) as error:
            self._problems.append(str(error))

    def _document(self, session: pytest.Session, key: str = "") -> dict[str, Any]:
        from pytest_emid.plugin.publishing import document

        return document(self.ledger, session, self._why_stopped(session), bool(self._problems), key == "json")

    def _why_stopped(self, session: pytest.Session) -> str:
        """Why the run ended before its last test, in words; empty where it did not."""
        if self._stopped:
            return self._stopped
        if session.exitstatus == pytest.ExitCode.INTERNAL_ERROR:
            return "an internal error"
        if session.exitstatus == pytest.ExitCode.INTERRUPTED or session.shouldfail or session.shouldstop:
            return str(session.shouldfail or session.shouldstop or "interrupted")
        return ""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """One section, one row a measurement; nothing when no test had to do with this plugin."""
        if self._ledger is None and not self._problems:
            return
        if self._config.plan:
            from pytest_emid.plugin.reports.plan import summarize_plan

            summarize_plan(terminalreporter, self.ledger.plan)
        from pytest_emid.plugin.reports.terminal import summarize

        first = ""
        if self._config.baseline is not None:
            from pytest_emid.plugin.baselines import since

            first = since(terminalreporter.config, self.ledger)
        summarize(terminalreporter, self.ledger, self._problems, self._config, first, self._last)
        from pytest_emid.plugin.publishing import announce

        announce(self.ledger, self._problems, terminalreporter)


def _is_worker(config: pytest.Config) -> bool:
    """Whether this is one of pytest-xdist's workers, which reports nothing itself."""
    return hasattr(config, "workerinput")
