"""example_suites/llava_bench_61: its 61 scenarios, and the two lines that switch model and data."""

from __future__ import annotations

import re
import shutil
import sys
import types
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "example_suites" / "llava_bench_61"


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    ignored = shutil.ignore_patterns(".*", "__pycache__")
    shutil.copytree(EXAMPLE, pytester.path, dirs_exist_ok=True, ignore=ignored)
    return pytester


def listed(pytester: pytest.Pytester, *arguments: str) -> list[str]:
    result = pytester.runpytest("--collect-only", "-q", "-p", "no:cacheprovider", *arguments)
    return [line.partition("::")[2] for line in result.stdout.lines if "::" in line]


def test_the_scenarios_bear_the_papers_names(suite: pytest.Pytester) -> None:
    names = listed(suite)
    assert len(names) == len(set(names)) == 34 + 27
    assert names[0] == "test_synthetic[scenes_sr_4]"
    assert names[33] == "test_synthetic[scenes_frost_5_KeyboardAug_3]"
    assert names[34] == "test_natural[scenes_training_German]"
    assert names[-1] == "test_natural_joint[scenes_hard_Hindi]"
    published = listed(suite, "--emid-dataset=hub:owner/name:split")
    assert len(published) == 61
    assert published[0] == "test_synthetic[llava_bench_coco_sr_4]"
    assert published[-1] == "test_natural_joint[llava_bench_in_the_wild_hard_Hindi]"


@pytest.mark.parametrize(
    ("words", "number"), [("Korean", 4), ("frost_5 and not sr", 3), ("hard", 7), ("synthetic", 34), ("natural", 27)]
)
def test_scenarios_are_selected_by_words(suite: pytest.Pytester, words: str, number: int) -> None:
    assert len(listed(suite, "-k", words)) == number


def test_two_lines_switch_to_a_hub_model_and_the_authors_data(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    import emid_factory

    from pytest_emid import data, encoders, models
    from pytest_emid.data import specs

    asked: list[tuple[str, str]] = []

    def load_hub(path: str, split: str, **options: Any) -> data.Dataset:
        asked.append((path, split))
        return data.Dataset(split, [sample.with_(image=sample.open_image()) for sample in data.scenes_dataset(9)])

    class Measurer(emid_factory.FakeMeasurer):
        def measure(self, shift: Any, **how: Any) -> Any:
            shift.apply(self.dataset, 0)
            return emid_factory.make_result(shift.id, model=self.model.name)

    fake = types.ModuleType("pytest_emid.measuring.measurer")
    fake.Measurer = Measurer
    monkeypatch.setitem(sys.modules, fake.__name__, fake)
    # what only the Hub knows
    load_model, load_encoders = models.load, encoders.load
    known = {
        "llava-hf/llava-1.5-7b-hf": models.RecordedModel({"x": "y"}, name="llava-1.5"),
        "paper": load_encoders("tiny"),
    }
    monkeypatch.setattr(models, "load", lambda spec, **_: known[spec] if isinstance(spec, str) else load_model(spec))
    monkeypatch.setattr(
        encoders, "load", lambda spec, **_: known[spec] if isinstance(spec, str) else load_encoders(spec)
    )
    monkeypatch.setattr(data, "load_hub", load_hub)
    monkeypatch.setattr(specs, "load_hub", load_hub)
    lines = re.search(r"```ini\n(.*?)```", (EXAMPLE / "README.md").read_text("utf-8"), flags=re.DOTALL)
    assert lines is not None
    ini = (EXAMPLE / "pytest.ini").read_text("utf-8")
    for line in lines[1].splitlines():
        ini, count = re.subn(rf"^{line.partition(' = ')[0]} = .*$", line, ini, flags=re.MULTILINE)
        assert count == 1
    (suite.path / "pytest.ini").write_text(ini, "utf-8")
    result = suite.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(passed=61)
    result.stdout.fnmatch_lines(["emid: model llava-hf/llava-1.5-7b-hf (ini emid_model), dataset hub:changdae/*"])
    synthetic, natural = ("changdae/llavabench-shift-synthetic-v1", "changdae/llavabench-shift-natural-v1")
    assert asked[0] == (synthetic, "llava_bench_coco")
    assert [path for path, _ in asked[1:]] == [synthetic] * 34 + [natural] * 27
    names = [re.search(r"\[(.*)\]", name)[1] for name in listed(suite)]
    assert [split for _, split in asked[1:]] == names


@pytest.mark.slow
def test_a_part_of_the_suite_runs_offline(suite: pytest.Pytester) -> None:
    """Cold and small: one synthetic and one natural scenario of each pairing."""
    chosen = "(defocus_blur_1 and not sr and not Keyboard) or scenes_hard_Hindi"
    result = suite.runpytest_subprocess("-k", chosen, "--emid-limit=60", "-p", "no:xdist")
    outcomes = result.parseoutcomes()
    assert outcomes.get("passed", 0) + outcomes.get("xfailed", 0) == 2, result.stdout.str()
    result.stdout.fnmatch_lines(["defocus_blur:1 *", "scenes:hard:hi *"])
