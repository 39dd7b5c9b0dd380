"""A bar shows how far the model is: on a terminal and without `-s`, and nowhere else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TEST = """
import time
import pytest

@pytest.fixture(scope="session", autouse=True)
def slow_measurer(fake_measurer):
    original = fake_measurer.measure

    def measure(self, shift, **how):
        for done in range(0, 91, 10):
            if self.options["progress"] is not None:
                self.options["progress"](str(shift), done, 90)
            time.sleep(0.03)
        return original(self, shift)

    fake_measurer.measure = measure

def test_x(measure_emid):
    print("captured words")
    assert measure_emid("blur:95").n == 90

def test_y(measure_emid):
    measure_emid("blur:94")
"""


def run_on_a_terminal(path: Path, *arguments: str) -> str:
    """What a person sees who runs pytest in a terminal."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=path,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "PYTEST_ADDOPTS": ""},
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            chunk = os.read(ours, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        if not chunk:
            break
        seen += chunk
    os.close(ours)
    assert process.wait(timeout=60) == 0, seen.decode()
    return seen.decode()


def screen(seen: str) -> list[str]:
    """What remains on a terminal of unlimited size: just enough of one to follow pytest and the bar."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|[^\x1b]", seen):
        if part == "\n":
            row += 1
            lines += [""] * (row - len(lines) + 1)
        elif part == "\r":
            column = 0
        elif part.startswith("\x1b["):
            count = int(part[2:-1]) if part[2:-1].isdecimal() else 1
            row -= count if part[-1] == "A" else 0
            column += count if part[-1] == "C" else 0
        else:
            lines[row] = lines[row].ljust(column)[:column] + part + lines[row][column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["test_x.py .. [100%]"]),
        (["-v"], ["test_x.py::test_x PASSED [ 50%]", "test_x.py::test_y PASSED [100%]"]),
    ],
    ids=["dots", "verbose"],
)
def test_a_bar_is_drawn_and_leaves_no_trace(
    project: pytest.Pytester, arguments: list[str], expected: list[str]
) -> None:
    project.makepyfile(test_x=TEST)
    seen = run_on_a_terminal(project.path, *arguments)
    assert "emid blur:95:" in seen
    assert "/90 [" in seen
    assert "captured words" not in seen
    remains = screen(seen)
    assert not any("emid blur" in line for line in remains)
    start = next(i for i, line in enumerate(remains) if line.startswith("test_x.py"))
    assert [" ".join(line.split()) for line in remains[start : start + len(expected) + 1]] == [*expected, ""]


def test_a_bar_is_drawn_where_nothing_is_captured(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=TEST)
    seen = run_on_a_terminal(project.path, "-s")
    assert "emid blur:95:" in seen
    assert "captured words" in seen


def test_neither_failures_nor_captured_output_disturb_the_bar(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x=TEST
        + """

def test_fails(measure_emid, fake_measurer, monkeypatch):
    def fail(self, shift, **how):
        self.options["progress"]("failing", 0, 90)
        raise RuntimeError("the server is gone")
    monkeypatch.setattr(fake_measurer, "measure", fail)
    with pytest.raises(RuntimeError):
        measure_emid("blur:90")


def test_prints(measure_emid, capsys):
    print("before")
    measure_emid("blur:93")
    print("after")
    assert capsys.readouterr().out == "before\\nafter\\n"
"""
    )
    seen = run_on_a_terminal(project.path)
    assert "4 passed" in seen
    assert "emid failing:" in seen
    assert not any("emid failing" in line for line in screen(seen))


def test_silent_where_there_is_no_terminal(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=TEST)
    result = project.runpytest_subprocess()
    result.assert_outcomes(passed=2)
    assert "emid blur" not in result.stdout.str() + result.stderr.str()


def test_workers_draw_nothing(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=TEST)
    assert "emid blur" not in run_on_a_terminal(project.path, "-n1")


WAITS = """
import pytest

@pytest.fixture(scope="session", autouse=True)
def waiting_measurer(fake_measurer):
    original = fake_measurer.measure

    def measure(self, shift, **how):
        self.options["cache"]._waiting("waiting for 2 answers that process 77 on elsewhere is making.")
        return original(self, shift)

    fake_measurer.measure = measure

def test_x(measure_emid):
    assert measure_emid("blur:95").n == 90
"""


def test_for_whom_a_run_waits_is_said_while_it_waits(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=WAITS)
    said = "emid: waiting for 2 answers that process 77 on elsewhere is making."
    run = project.runpytest()
    run.assert_outcomes(passed=1)
    assert "\n".join(run.outlines[run.outlines.index(said) - 1 :]).startswith(f"test_x.py \n{said}\n.")
    assert said not in project.runpytest("-q").outlines
