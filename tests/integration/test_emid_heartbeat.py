"""A run that measures is never silent for long: in a log without a terminal, and under pytest-xdist."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from pytest_emid.models.server import retries
from pytest_emid.plugin.reports import heartbeat
from pytest_emid.plugin.reports.heartbeat import Heartbeat, Reported, State, states_in

SLOW = """
import time
import pytest
from pytest_emid.plugin.reports import heartbeat

@pytest.fixture(scope="session", autouse=True)
def slow_measurer(fake_measurer):
    heartbeat.SILENCE = heartbeat.OFTEN = 0.1
    original = fake_measurer.measure

    def measure(self, shift, **how):
        for done in range(0, 91, 30):
            self.options["progress"](str(shift), done, 90)
            time.sleep(0.7)
        return original(self, shift)

    fake_measurer.measure = measure

def test_x(measure_emid): measure_emid("blur:95")
"""


def test_words() -> None:
    state = State("gw1", 7, "blur:3", 120, 450, 4.125, 2, 9)
    assert state.told({9: "gw0"}) == (
        "gw1 blur:3 120/450, 4.12 answers/s, about 80 s left, 2 requests tried again, waits for gw0"
    )
    assert State(label="blur\x1b[2J:3", waits_for=9).told({}) == "blur\\x1b[2J:3, waits for process 9"


def test_a_worker_tells_its_controller(tmp_path: Path) -> None:
    told = Reported("gw0", tmp_path / "gw0.state")
    told.begin("blur:3")
    assert [state.label for state in states_in(tmp_path)] == ["blur:3"]
    told.asks("blur:3", 3, 9)
    retries.note()
    told.write()
    (state,) = states_in(tmp_path)
    assert (state.who, state.done, state.total, state.retries) == ("gw0", 3, 9, 1)
    (tmp_path / "gw1.state").write_text("{half")
    assert len(list(states_in(tmp_path))) == 1
    told.end()
    assert list(states_in(tmp_path)) == []


def test_it_speaks_up_only_after_a_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "OFTEN", 0.01)
    monkeypatch.setattr(heartbeat, "SILENCE", 0.1)
    said: list[str] = []
    beat = Heartbeat(lambda: [State(label="blur:3")], said.append)
    beat.start()
    deadline = time.monotonic() + 10
    while len(said) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    beat.stop()
    assert said[:2] == ["emid: blur:3"] * 2
    before = len(said)
    time.sleep(0.15)
    assert len(said) == before


def test_requests_that_are_sent_again_are_counted() -> None:
    class Request:
        def __init__(self, tried: str) -> None:
            self.headers = {retries.HEADER: tried}

    before = retries.seen()
    for tried in ("0", "1", "2"):
        retries.hook()(Request(tried))
    assert retries.seen() - before == 2


@pytest.mark.parametrize("arguments", [[], ["-n1"]], ids=["one process", "xdist"])
def test_a_log_without_a_terminal_says_how_far_it_is(project: pytest.Pytester, arguments: list[str]) -> None:
    project.makepyfile(test_x=SLOW)
    if arguments:  # the controller is another process than the test
        with (project.path / "conftest.py").open("a") as conftest:
            conftest.write("\nfrom pytest_emid.plugin.reports import heartbeat\nheartbeat.SILENCE = 0.1\n")
    result = project.runpytest_subprocess("-p", "no:cacheprovider", *arguments)
    result.assert_outcomes(passed=1)
    who = "gw0 " if arguments else ""
    lines = [
        line for line in result.stdout.lines if re.match(rf"emid: {who}blur:95 \d+/90, [\d.]+ answers/s, about ", line)
    ]
    assert lines
    assert "emid" not in "\n".join(project.runpytest_subprocess("-q", "--no-summary", *arguments).stdout.lines)
