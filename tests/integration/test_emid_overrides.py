"""Users override fixtures in conftest.py: for the whole suite, for one directory, with parameters."""

from __future__ import annotations

import pytest


def test_every_directory_is_measured_with_its_own_model(project: pytest.Pytester) -> None:
    # pytest keeps a session-scoped fixture for the whole run, whatever the later directories override.
    for name in ("a", "b"):
        folder = project.mkdir(name)
        (folder / "conftest.py").write_text(
            "import pytest\nfrom pathlib import Path\n"
            "@pytest.fixture(scope='session')\n"
            "def emid_model(emid_model):\n"
            f"    return type(emid_model)({name!r})\n"
        )
        (folder / f"test_{name}.py").write_text(
            f"def test_x(measure_emid):\n    assert measure_emid('blur:95').model == {name!r}\n"
        )
    project.makepyfile(test_top="def test_x(measure_emid): assert measure_emid('blur:95').model == 'fake'")
    result = project.runpytest()
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        ["model a (fixture emid_model, a/conftest.py:3)*", "model b (fixture emid_model, b/conftest.py:3)*"]
    )


def test_an_option_that_an_override_leaves_without_effect_is_named(project: pytest.Pytester) -> None:
    project.makepyfile(test_x="def test_x(measure_emid): measure_emid('blur:95')")
    result = project.runpytest("--emid-model=tiny-llava")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["model fake (fixture emid_model, conftest.py:*, overrides --emid-model), *"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    said = " ".join(line.strip() for line in result.outlines)
    assert (
        "--emid-model=tiny-llava had no effect: the fixture emid_model gives what was measured, fake (fixture" in said
    )
    assert "or let the fixture take what it names: def emid_model(emid_model)." in said


def test_an_option_of_the_ini_file_may_be_overridden(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\nemid_model = tiny-llava\n")
    project.makepyfile(test_x="def test_x(measure_emid): measure_emid('blur:95')")
    assert project.runpytest().ret == pytest.ExitCode.OK


def test_an_option_that_one_directory_takes_has_an_effect(project: pytest.Pytester) -> None:
    (project.mkdir("a") / "test_a.py").write_text("def test_x(measure_emid): measure_emid('blur:95')\n")
    (project.mkdir("b") / "test_b.py").write_text(
        "import pytest\n"
        "@pytest.fixture(scope='session')\n"
        "def emid_model(emid_model): return type(emid_model)('b')\n"
        "def test_x(measure_emid): measure_emid('blur:95')\n"
    )
    assert project.runpytest("--emid-model=tiny-llava").ret == pytest.ExitCode.OK


def test_a_parametrized_model_is_measured_once_a_parameter(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x="""
        import pytest
        import conftest

        @pytest.fixture(scope="session", params=["one", "two"])
        def emid_model(request):
            return conftest.Answers(request.param)

        @pytest.mark.parametrize("shift", ["blur:95", "blur:94"])
        def test_x(measure_emid, shift, request):
            assert measure_emid(shift).model == request.node.callspec.params["emid_model"]
        """
    )
    result = project.runpytest()
    result.assert_outcomes(passed=4)
    lines = [line for line in result.stdout.lines if line.startswith("blur:")]
    assert len(lines) == 4


def test_measuring_in_fixtures_of_every_scope(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x="""
        import pytest

        @pytest.fixture(scope="session")
        def whole_run(measure_emid): return measure_emid("blur:96")

        @pytest.fixture(scope="module")
        def module(measure_emid): return measure_emid("blur:97")

        @pytest.fixture
        def late(measure_emid):
            yield
            measure_emid("blur:98")

        def test_x(whole_run, module, late, fake_measurer):
            assert (whole_run.scenario, module.scenario) == ("blur:96", "blur:97")

        def test_y(whole_run, module): pass
        """
    )
    result = project.runpytest("--emid-json=out.json")
    result.assert_outcomes(passed=2)
    lines = [line.split()[0] for line in result.stdout.lines if line.startswith("blur:")]
    assert lines == ["blur:96", "blur:97", "blur:98"]


def test_a_scenario_is_measured_once_a_run(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x="""
        import pytest

        @pytest.mark.parametrize("repeat", range(3))
        def test_x(measure_emid, repeat, fake_measurer):
            before = fake_measurer.made
            first, again = measure_emid("blur:91"), measure_emid("blur:91")
            assert first is again
            assert fake_measurer.made == before + (repeat == 0)
        """
    )
    project.runpytest().assert_outcomes(passed=3)


def test_the_fixture_can_be_requested_by_name(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x="""
        def test_x(request):
            assert request.getfixturevalue("measure_emid")("blur:95").scenario == "blur:95"
        """
    )
    result = project.runpytest()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["blur:95 *"])


def test_unittest_cases_can_measure(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x="""
        import unittest
        import pytest

        class TestX(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _measure(self, measure_emid):
                self.measure = measure_emid

            def test_x(self):
                assert self.measure("blur:95").scenario == "blur:95"
        """
    )
    result = project.runpytest()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["blur:95 *"])


def test_a_model_that_is_a_function_or_a_name_is_made_one(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x="""
        import pytest

        @pytest.fixture(scope="session")
        def emid_model():
            def shout(images, questions): return ["!"] * len(images)
            return shout

        def test_x(measure_emid):
            assert measure_emid("blur:95").model == "shout"
        """
    )
    project.runpytest().assert_outcomes(passed=1)


def test_a_dataset_must_be_one(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x="""
        import pytest

        @pytest.fixture(scope="session")
        def emid_dataset():
            return [1, 2]

        def test_x(measure_emid): measure_emid("blur:95")
        """
    )
    result = project.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E *UsageError: emid_dataset must be a pytest_emid.Dataset, not list (fixture emid_dataset, test_x.py:3). "
            "Make one: pytest_emid.Dataset(name, samples)."
        ]
    )


def test_outside_of_a_test_there_is_nothing_to_attribute(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x="""
        from pytest_emid.plugin import recorder

        def test_x(measure_emid):
            with recorder.activated(None):
                measure_emid("blur:95")
        """
    )
    result = project.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E *UsageError: measure_emid was called while no test was running. Call it in a test or a fixture."]
    )


def test_hypothesis_can_drive_it(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x="""
        from hypothesis import given, settings, strategies as st
        from pytest_emid import assert_information_retained

        @settings(deadline=None, max_examples=30, database=None, derandomize=True)
        @given(st.integers(50, 100))
        def test_x(measure_emid, percent):
            assert_information_retained(measure_emid(f"blur:{percent}"), 0.7)
        """
    )
    result = project.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *AssertionError: FAIL: information retained under blur:50 is *", "*percent=50,*"])
