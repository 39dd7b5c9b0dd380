"""Without an override and without an option there is nothing to measure, and the error says what to write."""

from __future__ import annotations

import pytest

from pytest_emid.plugin.defaults import UNDEFINED_DATASET, UNDEFINED_MODEL

TEST = "def test_x(measure_emid): measure_emid('defocus_blur:1')"


@pytest.mark.parametrize(("defined", "message"), [("emid_dataset", UNDEFINED_MODEL), ("emid_model", UNDEFINED_DATASET)])
def test_an_undefined_fixture_is_a_usage_error_with_an_example(
    pytester: pytest.Pytester, defined: str, message: str
) -> None:
    pytester.makeconftest(f"import pytest\n@pytest.fixture(scope='session')\ndef {defined}(): return None")
    pytester.makepyfile(TEST)
    result = pytester.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    first, *rest = message.splitlines()
    shown = [line.removeprefix("E").strip() for line in result.stdout.lines]
    start = next(i for i, line in enumerate(shown) if line.endswith(f"UsageError: {first}"))
    assert shown[start + 1 : start + 1 + len(rest)] == [line.strip() for line in rest]
    assert not (pytester.path / ".emid").exists()


def test_an_unknown_name_says_which_there_are(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TEST)
    result = pytester.runpytest("--emid-model=tiny-llava", "--emid-dataset=scene")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [f"E *DataError: there is no dataset 'scene', and no file or folder {pytester.path / 'scene'}. A dataset is *"]
    )


@pytest.mark.parametrize(
    ("arguments", "ini", "message"),
    [
        (["--emid-undecided=skip"], "", "--emid-undecided: 'skip' is not legal. Legal: fail, xfail or warn."),
        (["--emid-limit=-5"], "", "--emid-limit: '-5' is not legal. Legal: an integer of at least 0 (0: all samples)."),
        ([], "emid_undecided = skip", "ini emid_undecided: 'skip' is not legal. Legal: fail, xfail or warn."),
        (
            [],
            "emid_seed = one",
            "ini emid_seed: invalid literal for int() with base 10: 'one'. Legal: an integer of at least 0.",
        ),
        ([], "emid_confidence = 2", "ini emid_confidence: 2.0 is not legal. Legal: a number from 0.5 to below 1."),
    ],
)
def test_wrong_configuration_ends_the_run(
    pytester: pytest.Pytester, arguments: list[str], ini: str, message: str
) -> None:
    pytester.makeini(f"[pytest]\n{ini}\n")
    pytester.makepyfile("def test_x(): pass")
    result = pytester.runpytest(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {message}" in result.stderr.lines


def test_numbers_of_native_toml_are_read(pytester: pytest.Pytester) -> None:
    if pytest.version_tuple < (9,):
        pytest.skip("pytest 9 reads [tool.pytest]")
    pytester.makepyprojecttoml("[tool.pytest]\nemid_seed = 4\nemid_confidence = 0.9\nemid_model = 'tiny-llava'\n")
    pytester.makepyfile("def test_x(): pass")
    result = pytester.runpytest()
    result.stdout.fnmatch_lines(
        [
            "emid: model tiny-llava (ini emid_model), dataset from fixture emid_dataset, encoders auto (default), "
            "seed 4 (ini emid_seed), confidence 0.9 (ini emid_confidence)"
        ]
    )
