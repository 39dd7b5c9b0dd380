"""A test that is run again does not get another chance at a verdict."""

from __future__ import annotations

import pytest

# What plugins that rerun failures do, in a few lines: the same item runs again, and earlier reports are "rerun".
RERUNS = """

def pytest_addoption(parser):
    parser.addoption("--again", type=int, default=0)
    parser.addoption("--silently", action="store_true")


def pytest_runtest_protocol(item, nextitem):
    from _pytest.runner import runtestprotocol

    for attempt in range(item.config.option.again + 1):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        last = attempt == item.config.option.again or not any(report.failed for report in reports)
        for report in reports:
            if not last and report.failed:
                report.outcome = "rerun"
            if last or not item.config.option.silently:
                item.ihook.pytest_runtest_logreport(report=report)
        if last:
            return True
        if hasattr(item, "_initrequest"):
            item._initrequest()
"""

LUCKY = """
from pytest_emid import assert_information_retained
from emid_factory import make_result

tries = []

def test_lucky(measure_emid):
    tries.append(1)
    # A model that samples: another answer, and so another result, on every try.
    result = make_result("blur:1", retained=0.5 if len(tries) == 1 else 0.99)
    assert_information_retained(result, 0.9)
"""


@pytest.fixture
def rerunning(project: pytest.Pytester) -> pytest.Pytester:
    project.makeconftest((project.path / "conftest.py").read_text() + RERUNS)
    project.makeini("[pytest]\naddopts = -p no:rerunfailures -p no:flaky\n")
    return project


@pytest.mark.parametrize("silently", [[], ["--silently"]], ids=["logged", "dropped"])
def test_the_first_verdict_stands(rerunning: pytest.Pytester, silently: list[str]) -> None:
    rerunning.makepyfile(test_x=LUCKY)
    result = rerunning.runpytest("--again=2", *silently)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "E *AssertionError: FAIL: information retained under blur:1 is 49.*",
            "E *attempt    1 decided this; running a test again does not give another chance.",
            "E *information, direct * kept 49.*",
            "1 ran again: test_x.py::test_lucky. The first verdict of a gate stands.",
        ]
    )
    verdicts = {line.split()[-5] for line in result.stdout.lines if line.startswith("blur:1 ")}
    assert "FAIL" in verdicts
    assert "MISSING" not in result.stdout.str()


def test_a_failure_that_is_no_verdict_may_be_run_again(rerunning: pytest.Pytester) -> None:
    rerunning.makepyfile(
        test_x="""
        from pytest_emid import assert_information_retained

        tries = []

        def test_x(measure_emid):
            tries.append(1)
            if len(tries) == 1:
                raise ConnectionError("the server was away")
            assert_information_retained(measure_emid("blur:96"), 0.9)
        """
    )
    result = rerunning.runpytest("--again=2")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["blur:96 * PASS retained >= *"])


def test_a_measurement_that_could_not_be_made_may_be_made_again(rerunning: pytest.Pytester) -> None:
    rerunning.makepyfile(
        test_x="""
        import pytest
        from pytest_emid import assert_information_retained

        tries = []

        @pytest.fixture(scope="session", autouse=True)
        def stumbling_measurer(fake_measurer):
            from pytest_emid.errors import UnavailableError

            original = fake_measurer.measure

            def measure(self, shift, **how):
                tries.append(1)
                if len(tries) == 1:
                    raise UnavailableError("the server was away")
                return original(self, shift)

            fake_measurer.measure = measure

        def test_x(measure_emid):
            assert_information_retained(measure_emid("blur:96"), 0.9)
        """
    )
    result = rerunning.runpytest("--again=2")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["blur:96 * PASS retained >= 90 %"])
    assert rerunning.runpytest().ret == pytest.ExitCode.TESTS_FAILED


def test_results_of_a_dropped_report_are_sent_again(rerunning: pytest.Pytester) -> None:
    rerunning.makepyfile(
        test_x="""
        from pytest_emid import assert_information_retained

        tries = []

        def test_x(measure_emid):
            result = measure_emid("blur:96")
            tries.append(1)
            assert len(tries) > 1
            assert_information_retained(result, 0.9)
        """
    )
    result = rerunning.runpytest("--again=2", "--silently")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["blur:96 * PASS retained >= *"])


def test_pytest_rerunfailures(project: pytest.Pytester) -> None:
    pytest.importorskip("pytest_rerunfailures")
    project.makepyfile(test_x=LUCKY)
    result = project.runpytest("--reruns=2", "-p", "no:flaky")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["1 ran again: test_x.py::test_lucky. The first verdict of a gate stands."])


THREE = """
from emid_factory import make_result
from pytest_emid import assert_emi_above, assert_emid_below, assert_information_retained

tries = []

def test_three(measure_emid):
    tries.append(1)
    result = make_result("blur:1", retained={retained})
    assert_emi_above(result, -1e6, side="clean")
    assert_emid_below(result, 1e6)
    assert_information_retained(result, 0.9)
"""


@pytest.mark.parametrize("retained", ["0.5", "0.5 + len(tries) / 100"], ids=["same answers", "other answers"])
def test_gates_are_counted_and_not_attempts(rerunning: pytest.Pytester, retained: str) -> None:
    rerunning.makepyfile(test_x=THREE.format(retained=retained))
    for arguments in ([], ["--again=2"]):
        run = rerunning.runpytest(*arguments)
        run.stdout.fnmatch_lines(["Holm over the 3 gates of this run: 1 of 1 FAIL stand. --emid-family=3 decides *"])
