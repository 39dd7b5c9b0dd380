"""`--emid-contact-sheet PATH` and `--emid-list-shifts`: looking at shifts."""

from __future__ import annotations

import re

import pytest

from pytest_emid import shifts

TESTS = """
import pytest

@pytest.mark.parametrize("severity", [60, 90])
def test_a(measure_emid, severity):
    measure_emid(Fake(severity), seed=severity)


class Fake:
    modality, paired = "textual", True

    def __init__(self, severity):
        self.id = f"fake:{severity}"

    def __str__(self):
        return self.id

    def apply(self, dataset, seed):
        return dataset.map("shifted", lambda s: s.with_(question=f"{s.question} ({self.id}, {seed})"))
"""


def test_the_page_shows_what_tests_measured_on_their_own_dataset(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=TESTS)
    result = project.runpytest("--emid-contact-sheet=deep/sheet.html")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["contact sheet of 2 scenarios: deep/sheet.html"])
    page = (project.path / "deep" / "sheet.html").read_text("utf-8")
    assert re.findall(r"<h2>Dataset <bdi>(\w+)</bdi>, seed (\d+)</h2>", page) == [("fake", "60"), ("fake", "90")]
    assert page.count("<ins> (fake:60, 60)</ins>") == page.count("<ins> (fake:90, 90)</ins>") == 4


def test_nothing_is_written_where_nothing_is_measured(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_x(): pass")
    result = pytester.runpytest("--emid-contact-sheet=sheet.html")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*contact sheet of*")
    assert not (pytester.path / "sheet.html").exists()


def test_a_page_that_cannot_be_written_fails_the_run(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=TESTS)
    (project.path / "file").write_text("")
    result = project.runpytest("--emid-contact-sheet=file/sheet.html")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    text = " ".join(result.stdout.str().split())
    assert "MISSING: --emid-contact-sheet: cannot write file/sheet.html: [Errno" in text
    assert "contact sheet of" not in text


def test_spread_runs_are_refused(project: pytest.Pytester) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    project.makepyfile(test_x=TESTS)
    result = project.runpytest("--emid-contact-sheet=sheet.html", "-n2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: --emid-contact-sheet: one process draws the contact sheet. Add -n0." in result.stderr.lines
    project.runpytest("--emid-contact-sheet=sheet.html", "-n2", "-n0").assert_outcomes(passed=2)
    assert (project.path / "sheet.html").exists()


def test_the_list_names_every_shift_and_runs_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_x(): assert 0")
    pytester.makeconftest(
        """
        from pytest_emid import shifts

        @shifts.register_textual("shout_it", severities=[1, 2, 9])
        def shout_it(text, severity, rng):
            '''All capitals.

            More.'''
            return text.upper()
        """
    )
    try:
        result = pytester.runpytest("--emid-list-shifts")
    finally:
        shifts.unregister("shout_it")
    assert result.ret == pytest.ExitCode.OK
    lines = result.stdout.lines
    listed = [line.split()[0] for line in lines if line.startswith("  ")]
    assert sorted(listed) == sorted([*shifts.names(), "shout_it"])
    assert f"visual shifts ({len(shifts.names('visual'))}):" in lines
    assert f"textual shifts ({len(shifts.names('textual')) + 1}):" in lines
    words = [" ".join(line.split()) for line in lines]
    assert words[words.index("custom:") + 1] == "shout_it 1,2,9 All capitals."
    assert "frost 1-5 Ice crystals on a window pane in front of the scene (ImageNet-C; textures are " in (
        " ".join(words)
    )
    assert any("rates=standard|published [1-7]" in word for word in words if word.startswith("synonym 1-5 "))
    text = " ".join(words)
    for suite in ("llavabench-synthetic", "llavabench-natural", "scenes-synthetic", "scenes-natural"):
        assert all(scenario.id in text for scenario in shifts.scenarios(suite))
    assert "llavabench-synthetic, scenes-synthetic (35): identity, synonym(rates=published):4, " in text
    assert any(word.startswith("normalise_only - Lower-cased") for word in words)
    assert not any("test session starts" in line for line in lines)


def test_the_list_draws_every_shift(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_emid.plugin.reports import shift_list

    monkeypatch.setattr(shift_list, "every_shift", lambda: shifts.visual("contrast"))
    result = pytester.runpytest("--emid-list-shifts", "--emid-contact-sheet=a/sheet.html", "--emid-seed=7")
    assert result.ret == pytest.ExitCode.OK
    path = pytester.path / "a" / "sheet.html"
    result.stdout.fnmatch_lines([f"contact sheet of 5 scenarios on scenes: {path}"])
    assert "<h2>Dataset <bdi>scenes</bdi>, seed 7</h2>" in path.read_text("utf-8")


def test_the_list_is_searched(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest("--emid-list-shifts=Occl")
    assert [line.split()[0] for line in result.stdout.lines if line] == ["visual", "overlay:", "occlusion"]
    suite = pytester.runpytest("--emid-list-shifts=smoke")
    assert any(line.startswith("smoke (7): identity, pad:3, fog:3, ") for line in suite.stdout.lines)
    none = pytester.runpytest("--emid-list-shifts=xyzzy")
    assert none.ret == pytest.ExitCode.USAGE_ERROR
    assert any("no shift has 'xyzzy' in its name, kind or summary. Kinds: geometry, " in x for x in none.stderr.lines)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--emid-seed=x", "--emid-seed: 'x' is not legal. Legal: an integer of at least 0."),
        ("--emid-dataset=scene", "--emid-list-shifts: there is no dataset 'scene', and no file or folder "),
    ],
)
def test_wrong_values_are_usage_errors(pytester: pytest.Pytester, argument: str, message: str) -> None:
    result = pytester.runpytest("--emid-list-shifts", "--emid-contact-sheet=s.html", argument)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert any(line.startswith(f"ERROR: {message}") for line in result.stderr.lines)
    assert not (pytester.path / "s.html").exists()
