"""`--emid-shard K/N`: every test in exactly one shard, a scenario never in two."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_emid.__main__ import main

SUITE = """
import pytest
from pytest_emid import assert_emid_below, assert_information_retained

@pytest.mark.parametrize("shift", [f"blur:{percent}" for percent in (100, 99, 98, 97, 96, 50, 40)])
def test_a(measure_emid, shift):
    assert_information_retained(measure_emid(shift), 0.9)

@pytest.mark.parametrize("shift", [f"blur:{percent}" for percent in (97, 96, 50)])
def test_b(measure_emid, shift):
    assert_emid_below(measure_emid(shift), 0.5)

@pytest.mark.xfail(strict=True)
def test_known(measure_emid):
    assert_information_retained(measure_emid("frost:30"), 0.9)

@pytest.mark.parametrize("n", range(3))
def test_other(n):
    pass
"""
PASSING = SUITE.replace("96, 50, 40)", "96)").replace("96, 50)", "96)")


def shards(project: pytest.Pytester, total: int, *arguments: str) -> list[pytest.RunResult]:
    return [
        project.runpytest(f"--emid-shard={number}/{total}", f"--emid-json=shard-{number}.json", *arguments)
        for number in range(1, total + 1)
    ]


def load(project: pytest.Pytester, name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((project.path / name).read_text("utf-8"))
    return document


def merged(project: pytest.Pytester, *names: str) -> int:
    return main(["merge", *(str(project.path / name) for name in names), "--out", str(project.path / "merged.json")])


def ran(project: pytest.Pytester, number: int) -> list[str]:
    return [test["nodeid"].partition("::")[2] for test in load(project, f"shard-{number}.json")["tests"]]


@pytest.mark.parametrize("arguments", [[], ["-n1"]], ids=["serial", "xdist"])
def test_the_shards_together_are_the_run(
    project: pytest.Pytester, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    project.makepyfile(test_x=SUITE)
    whole = project.runpytest("--emid-json=whole.json")
    whole.assert_outcomes(passed=11, failed=2, xfailed=1)
    runs = shards(project, 3, *arguments)
    outcomes = [run.parseoutcomes() for run in runs]
    assert sum(one.get("passed", 0) for one in outcomes) == 11
    assert sum(one.get("failed", 0) for one in outcomes) == 2
    if not arguments:
        assert [sum(one[key] for key in one if key != "deselected") for one in outcomes] == [
            14 - one["deselected"] for one in outcomes
        ]
    rows = [{entry["scenario"] for entry in load(project, f"shard-{k}.json")["results"]} for k in (1, 2, 3)]
    assert sorted(map(len, rows)) == [2, 3, 3]
    assert sum(map(len, rows)) == len(set.union(*rows)) == 8
    capsys.readouterr()
    assert merged(project, "shard-3.json", "shard-1.json", "shard-2.json") == 1
    assert (project.path / "merged.json").read_bytes() == (project.path / "whole.json").read_bytes()
    # and the same words
    lines = whole.stdout.lines
    start = next(i for i, line in enumerate(lines) if line.strip("=") == " emid ")
    end = next(i for i, line in enumerate(lines) if "short test summary info" in line)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].strip("=") == " emid "
    assert [*lines[start + 1 : end], "FAILED: 3 shards"] == printed[1:]
    assert any(line.startswith("Holm over the 11 gates of this run: ") for line in printed)


def test_the_header_says_which_shard_it_is(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=PASSING)
    result = project.runpytest("--emid-shard=2/2")
    result.stdout.fnmatch_lines(["emid: *, shard 2/2 (--emid-shard)", "collected * / * deselected / * selected"])


def test_a_shard_does_not_depend_on_order_and_hardly_on_other_tests(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=PASSING)
    shards(project, 2)
    before = [set(ran(project, number)) for number in (1, 2)]
    project.makepyfile(test_x=PASSING.replace("(100, 99, 98, 97, 96)", "(96, 97, 98, 99, 100)"))
    shards(project, 2)
    assert [set(ran(project, number)) for number in (1, 2)] == before


def test_a_selection_is_balanced_too(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=PASSING)
    shards(project, 2, "-k", "test_b or known")
    assert sorted(len({test.partition("[")[2] for test in ran(project, number)}) for number in (1, 2)) == [1, 2]


def test_two_models_share_no_shard_by_force(project: pytest.Pytester) -> None:
    # Two models answer the same scenario for themselves.
    conftest = project.path / "conftest.py"
    conftest.write_text(
        conftest.read_text().replace(
            '@pytest.fixture(scope="session")\ndef emid_model():\n    return Answers()',
            '@pytest.fixture(scope="session", params=["one", "two"])\n'
            "def emid_model(request):\n    return Answers(request.param)",
        )
    )
    project.makepyfile(
        test_x="""
        import pytest

        @pytest.mark.parametrize("shift", ["blur:99"])
        def test_a(measure_emid, shift):
            measure_emid(shift)
        """
    )
    shards(project, 2)
    assert sorted([ran(project, 1), ran(project, 2)]) == [["test_a[one-blur:99]"], ["test_a[two-blur:99]"]]


def test_tests_that_measure_nothing_are_in_the_first(project: pytest.Pytester) -> None:
    project.makepyfile(test_x="import pytest\n@pytest.mark.parametrize('n', range(4))\ndef test_x(n): pass")
    first, second = shards(project, 2)
    first.assert_outcomes(passed=4)
    second.assert_outcomes(deselected=4)


@pytest.mark.parametrize("arguments", [[], ["-n1"]], ids=["serial", "xdist"])
def test_an_empty_shard_is_no_error_unless_the_run_is_empty(project: pytest.Pytester, arguments: list[str]) -> None:
    project.makepyfile(test_x="def test_x(): pass")
    first, second = shards(project, 2, *arguments)
    assert (first.ret, second.ret) == (pytest.ExitCode.OK, pytest.ExitCode.OK)
    assert merged(project, "shard-1.json", "shard-2.json") == 0
    assert {run.ret for run in shards(project, 2, "-k", "nothing", *arguments)} == {pytest.ExitCode.NO_TESTS_COLLECTED}


@pytest.mark.parametrize("value", ["0/2", "3/2", "1", "1/2/3", "a/b", "-1/2", "1/0"])
def test_what_is_no_shard_is_refused(project: pytest.Pytester, value: str) -> None:
    result = project.runpytest(f"--emid-shard={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --emid-shard: '{value}' is not legal. Legal: K/N with integers 1 <= K <= N."])


# merging


def error(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err.strip()


def test_a_failure_elsewhere_fails_the_merged_run(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=PASSING)
    shards(project, 2)
    assert merged(project, "shard-1.json", "shard-2.json") == 0
    project.makepyfile(test_x=PASSING.replace("    pass", "    assert n != 1"))
    shards(project, 2)
    assert merged(project, "shard-1.json", "shard-2.json") == 1


def test_a_shard_that_ended_early_fails_the_merged_run(
    project: pytest.Pytester, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.path)
    stop = "\n\ndef test_stop(measure_emid):\n    measure_emid('blur:99')\n    pytest.exit('enough', returncode=0)\n"
    project.makepyfile(test_x=PASSING.replace("\n@pytest.mark.xfail", f"{stop}\n@pytest.mark.xfail"))
    [run] = shards(project, 1)
    assert run.ret == 0
    capsys.readouterr()
    assert main(["merge", "shard-1.json"]) == 1
    assert (
        "MISSING: shard 1/1 (shard-1.json) ended before test_x.py::test_known, test_x.py::test_stop ran. Nothing that "
        "they gate was checked."
    ) in " ".join(capsys.readouterr().out.split())


def test_what_does_not_belong_together_is_not_merged(
    project: pytest.Pytester, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.path)
    project.makepyfile(test_x=PASSING)
    shards(project, 3)

    def refuses(*names: str) -> str:
        capsys.readouterr()
        assert main(["merge", *names]) == 2
        return error(capsys).removeprefix("python -m pytest_emid merge: ")

    assert refuses("shard-1.json") == (
        "the report of shard 2/3, 3/3 is missing: 1 of 3 are given. Nothing that they gate was checked."
    )
    assert refuses("shard-1.json", "shard-2.json", "shard-1.json", "shard-3.json") == (
        "shard 1/3 is given twice: shard-1.json and shard-1.json."
    )
    project.runpytest("--emid-json=whole.json")
    assert refuses("whole.json", "shard-1.json") == (
        "cannot merge whole.json: it is the report of a whole run. A shard writes its report with --emid-shard=K/N "
        "--emid-json=PATH."
    )
    assert refuses("nowhere.json") == ("cannot merge nowhere.json: [Errno 2] No such file or directory: 'nowhere.json'")
    (project.path / "x.json").write_text("[]")
    assert refuses("x.json") == "cannot merge x.json: x.json was not written by --emid-json or --emid-save."
    project.runpytest("--emid-shard=2/4", "--emid-json=x.json")
    assert refuses("shard-1.json", "x.json", "shard-3.json") == (
        "cannot merge shard 2/4 (x.json) with shard 1/3 (shard-1.json): they are shards of 4 and of 3. Give the "
        "reports of one run."
    )
    project.runpytest("--emid-shard=2/3", "--emid-json=x.json", "--emid-confidence=0.9")
    assert refuses("shard-1.json", "x.json", "shard-3.json") == (
        "cannot merge shard 2/3 (x.json) with shard 1/3 (shard-1.json): --emid-confidence is 0.9 in the one and 0.95 "
        "in the other. Run all shards with the same options."
    )
    project.runpytest("--emid-shard=2/3", "--emid-json=x.json", "-k", "test_a")
    assert refuses("shard-1.json", "x.json", "shard-3.json") == (
        "cannot merge shard 2/3 (x.json) with shard 1/3 (shard-1.json): they are shards of different selections of "
        "tests. Run all shards on the same commit, with the same paths, -k and -m."
    )
    document = load(project, "shard-2.json")
    (project.path / "x.json").write_text(json.dumps({**document, "plan": {}}))
    assert refuses("shard-1.json", "x.json", "shard-3.json") == (
        "cannot merge x.json: it is of --emid-plan, and nothing was measured. Run without it."
    )
    (project.path / "x.json").write_text(json.dumps({**document, "version": "9.9"}))
    from pytest_emid import __version__

    assert refuses("shard-1.json", "x.json", "shard-3.json") == (
        f"cannot merge x.json: pytest-emid 9.9 wrote it, and this is {__version__}. Merge with the version that wrote "
        "it."
    )


def test_shards_that_got_other_clean_answers_say_so(
    project: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    project.makepyfile(test_x=PASSING)
    shards(project, 2)
    path = project.path / "shard-2.json"
    document = load(project, path.name)
    for result in document["results"]:
        for record in result["clean"]["records"][:4]:
            record["response"] = "another answer"
    path.write_text(json.dumps(document))
    capsys.readouterr()
    assert merged(project, "shard-1.json", "shard-2.json") == 0
    assert (
        f"shard 2/2 ({path}) got other answers to 4 of 90 clean questions than shard 1/2 "
        f"({project.path / 'shard-1.json'}): this model does not answer the same when it is asked again."
    ) in capsys.readouterr().out
