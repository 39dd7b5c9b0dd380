"""Under pytest-xdist: the same numbers, and nothing passes whose result was lost."""

from __future__ import annotations

import pytest

TESTS = """
import pytest
from pytest_emid import assert_information_retained

@pytest.mark.parametrize("percent", [100, 97, 96, 95])
def test_a(measure_emid, percent):
    assert_information_retained(measure_emid(f"blur:{percent}"), 0.9)
"""


def test_values_that_cannot_be_sent_are_made_to(project: pytest.Pytester) -> None:
    # NumPy scalars in a report abort an xdist run; a lone surrogate in an assertion message does so too.
    project.makepyfile(
        test_x="""
        from dataclasses import replace
        import numpy as np
        import pytest
        from emid_factory import estimate, make_result
        from pytest_emid import assert_emid_below, assert_information_retained

        def nasty(measure_emid):
            answers = [f"\\ud83d\\x00{i}" for i in range(90)]
            result = make_result("x\\ud83d:1", retained=0.6, responses=answers, settings={"seed": "\\udfff"})
            return replace(result, seed=np.int64(3), emid=estimate(np.float64(0.5), np.float64(0.1), np.int64(90)))

        def test_fails(measure_emid):
            assert_information_retained(nasty(measure_emid), 0.9)

        def test_passes(measure_emid):
            assert_emid_below(nasty(measure_emid), np.float64(0.9))
        """
    )
    result = project.runpytest("-n1", "--junit-xml=junit.xml")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["E *AssertionError: FAIL: information retained under x[?]:1 is 60.5 %*", "x[?]:1 *FAIL retained >= 90 %"]
    )


def test_results_survive_the_crash_of_another_tests_worker(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x=TESTS
        + """

def test_z_crashes(measure_emid):
    import os
    measure_emid("blur:50")
    os._exit(1)
"""
    )
    result = project.runpytest("-n2")
    result.assert_outcomes(passed=4, failed=1)
    rows = [line.split()[0] for line in result.stdout.lines if line.startswith("blur:")]
    assert rows == ["blur:95", "blur:96", "blur:97", "blur:100"]


def test_another_plugin_that_loses_the_workers_last_words_loses_nothing_of_ours(project: pytest.Pytester) -> None:
    project.makeconftest(
        (project.path / "conftest.py").read_text()
        + """

def pytest_sessionfinish(session):
    if hasattr(session.config, "workerinput"):
        import numpy as np
        session.config.workeroutput["another"] = np.float64(1.0)
"""
    )
    project.makepyfile(test_x=TESTS.replace("0.9)", "0.99)"))
    result = project.runpytest("-n1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    rows = [line.split()[0] for line in result.stdout.lines if line.startswith("blur:")]
    assert rows == ["blur:95", "blur:96", "blur:97", "blur:100"]


@pytest.mark.parametrize("arguments", [[], ["-n1"]], ids=["serial", "xdist"])
def test_a_test_whose_results_did_not_arrive_fails(project: pytest.Pytester, arguments: list[str]) -> None:
    project.makeconftest(
        (project.path / "conftest.py").read_text()
        + """

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item):
    report = yield
    if "96" in item.name:
        del report.emid
    return report
"""
    )
    project.makepyfile(test_x=TESTS)
    result = project.runpytest("--junit-xml=junit.xml", *arguments)
    result.assert_outcomes(passed=3, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    lost = "ran, but its results did not arrive. Nothing that it gates was checked."
    result.stdout.fnmatch_lines([f"emid: this test {lost}", f"MISSING: test_x.py::test_a[[]96[]] {lost}"])
    assert 'failures="1"' in (project.path / "junit.xml").read_text()


def test_a_result_that_was_dropped_on_the_way_fails_the_run(project: pytest.Pytester) -> None:
    project.makeconftest(
        (project.path / "conftest.py").read_text()
        + """

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item):
    report = yield
    report.emid["results"].clear()
    return report
"""
    )
    project.makepyfile(test_x=TESTS)
    result = project.runpytest("-k", "96", "--no-summary")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    # pytest 8 leaves plugins no word under --no-summary
    assert pytest.version_tuple < (9,) or (
        "MISSING: test_x.py::test_a[96] measured 1 results, of which 1 did not arrive. "
        "Another plugin dropped or replaced the" in result.stdout.lines
    )


def test_it_works_without_xdist(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=TESTS)
    project.runpytest("-p", "no:xdist").assert_outcomes(passed=4)


def test_subtests_carry_their_results(project: pytest.Pytester) -> None:
    if pytest.version_tuple < (9,):
        pytest.skip("pytest 9 has subtests")
    project.makepyfile(
        test_x="""
        from pytest_emid import assert_information_retained

        def test_x(measure_emid, subtests):
            for percent in (96, 50, 97):
                with subtests.test(percent=percent):
                    assert_information_retained(measure_emid(f"blur:{percent}"), 0.9)
        """
    )
    result = project.runpytest()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    rows = [(line.split()[0], line.split()[-5]) for line in result.stdout.lines if line.startswith("blur:")]
    assert rows == [("blur:50", "FAIL"), ("blur:96", "PASS"), ("blur:97", "PASS")]
