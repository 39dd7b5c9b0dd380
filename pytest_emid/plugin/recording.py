"""The hooks that record every test, in suites that measure. Others do without: each hook costs some microseconds."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from pytest_emid.plugin.config import KEYWORD, PAYLOAD
from pytest_emid.plugin.recorder import RECORDER, activated, current

__all__ = ["Recording", "start"]


def start(config: pytest.Config) -> bool:
    """Record from now on; False where that is done already."""
    if config.pluginmanager.has_plugin("emid-recording"):
        return False
    config.pluginmanager.register(Recording(), "emid-recording")
    return True


class Recording:
    """Attributes what is measured and decided to the test that runs, and lets it travel on that test's reports."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Everything that happens in a test is recorded as that test's."""
        with activated(item):
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """A new attempt begins; a wrong marker is an error of its test, if it measures."""
        __tracebackhide__ = True
        recorder = item.stash.get(RECORDER, None)
        if recorder is not None:
            recorder.begin_attempt()
        elif KEYWORD in item.keywords:
            current()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Results and decisions ride on the report as plain data, serially and from pytest-xdist's workers alike."""
        recorder = item.stash.get(RECORDER, None)
        if recorder is None:
            return (yield)
        recorder.publish(item.user_properties)
        report = yield
        if KEYWORD in item.keywords or not recorder.is_empty:
            setattr(report, PAYLOAD, recorder.drain())
        return report
