"""What the fixtures do: the defaults that options name, and which measurer a test's call gets."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from spelled_world import ENCODERS, Replaced, Told, answered, as_it_is, pairs, spoiled

from pytest_emid.data import Dataset, Sample, scenes_dataset
from pytest_emid.errors import BudgetError, DataError, ModelError, UnavailableError
from pytest_emid.measuring.verdicts import UndecidedWarning
from pytest_emid.plugin import recorder
from pytest_emid.plugin.config import CONFIG, EmidConfig
from pytest_emid.plugin.defaults import (
    default_calibration,
    default_dataset,
    default_encoders,
    default_model,
)
from pytest_emid.plugin.fixtures import MeasureEmid

CLEAN = answered(30)
SHIFTED = spoiled(CLEAN)
SHIFT = Replaced(SHIFTED.dataset)
CALIBRATION = Dataset("calibration", pairs(60, 99, "c")[0])


class Counting(Told):
    """Counts the answers that it gives."""

    asked = 0

    def respond(self, samples: Any) -> Iterator[Any]:
        for answer in super().respond(samples):
            self.asked += 1
            yield answer


class Item:
    """As much of a pytest item as the fixtures look at: fixture values by name."""

    def __init__(self, config: EmidConfig, **values: Any) -> None:
        self.nodeid, self.stash = "test_x.py::test_a", pytest.Stash()
        self.config = SimpleNamespace(stash=pytest.Stash(), rootpath=None, option=SimpleNamespace(fulltrace=False))
        self.config.stash[CONFIG] = config
        self.values = {
            "emid_model": Counting(CLEAN, SHIFTED), "emid_dataset": CLEAN.dataset, "emid_encoders": ENCODERS,
            "emid_calibration": CALIBRATION, "emid_critic": "club-ridge", "emid_normalise": as_it_is,
            "emid_metrics": {}, "emid_measures": "retained", "emid_judge": None, **values,
        }  # fmt: skip
        self._request = SimpleNamespace(getfixturevalue=self.values.__getitem__)
        self.session = SimpleNamespace(_fixturemanager=SimpleNamespace(getfixturedefs=lambda name, node: None))

    def iter_markers(self, name: str) -> list[Any]:
        return []


def measure(item: Item, measuring: MeasureEmid, shift: Any = SHIFT, **options: Any) -> Any:
    with recorder.activated(item):  # type: ignore[arg-type]
        return measuring(shift, **options)


@pytest.fixture
def measuring(tmp_path: Any) -> Iterator[MeasureEmid]:
    made = MeasureEmid(EmidConfig(), tmp_path)
    yield made
    made.close()


NO_CACHE = EmidConfig(cache_dir="none")


# which measurer


def test_a_measurement_is_made_once_and_recorded_for_each_test(measuring: MeasureEmid) -> None:
    item = Item(NO_CACHE)
    result = measure(item, measuring)
    other = Item(NO_CACHE, **item.values)
    assert measure(other, measuring) is result
    assert item.values["emid_model"].asked == 60
    for one in (item, other):
        assert one.stash[recorder.RECORDER].results == (result,)
    assert (result.scenario, result.n, result.seed, result.emid.confidence) == ("replaced:1", 30, 0, 0.95)
    assert result.settings == {
        "model": "told (fixture emid_model)",
        "dataset": "world s (fixture emid_dataset)",
        "encoders": f"{ENCODERS.name} (fixture emid_encoders)",
        "limit": "0 (default)",
        "seed": "0 (default)",
        "confidence": "0.95 (default)",
        "family": "1 (default)",
        "query": "mean of picture and question",
    }
    assert result.critic.fitted_on == "60 disjoint reference pairs"


@pytest.mark.parametrize(
    "other",
    [
        {"emid_model": Counting(CLEAN, SHIFTED, name="another")},
        {"emid_dataset": Dataset("another", list(CLEAN.dataset))},
        {"emid_encoders": type(ENCODERS)(ENCODERS.image, ENCODERS.text)},
        {"emid_calibration": None},
    ],
    ids=lambda other: next(iter(other)),
)
def test_tests_that_see_other_fixtures_are_measured_with_these(measuring: MeasureEmid, other: dict[str, Any]) -> None:
    item = Item(NO_CACHE)
    result = measure(item, measuring)
    assert measure(Item(NO_CACHE, **{**item.values, **other}), measuring) is not result
    assert measure(Item(NO_CACHE, **item.values), measuring) is result


@pytest.mark.parametrize(
    ("config", "confidence"),
    [
        (EmidConfig(cache_dir="none", seed=4), 0.95),
        (EmidConfig(cache_dir="none", confidence=0.9), 0.9),
        (EmidConfig(cache_dir="none", family=5), 0.99),
    ],
)
def test_tests_with_other_options_are_measured_with_these(
    measuring: MeasureEmid, config: EmidConfig, confidence: float
) -> None:
    item = Item(NO_CACHE)
    result = measure(item, measuring)
    other = measure(Item(config, **item.values), measuring)
    assert other is not result
    assert (other.seed, other.emid.confidence) == (config.seed, pytest.approx(confidence))


def test_arguments_of_a_call_win(measuring: MeasureEmid) -> None:
    item = Item(EmidConfig(cache_dir="none", limit=18, seed=2))
    shift = Dataset("half", list(SHIFTED.dataset)[:15])
    result = measure(item, measuring, shift, limit=12, seed=5)
    assert (result.clean.n, result.n, result.seed) == (12, 15, 5)
    assert (result.settings["limit"], result.settings["seed"]) == ("12 (call)", "5 (call)")
    assert measure(item, measuring, shift).clean.n == 18
    assert measure(item, measuring, shift, limit=0).clean.n == 30
    with pytest.raises(pytest.UsageError, match=r"^argument limit: -1 is not legal"):
        measure(item, measuring, shift, limit=-1)


def test_it_measures_in_tests_only(measuring: MeasureEmid) -> None:
    with pytest.raises(pytest.UsageError) as caught:
        measuring(SHIFT)
    assert str(caught.value) == "measure_emid was called while no test was running. Call it in a test or a fixture."


def test_a_dataset_that_is_none_is_refused(measuring: MeasureEmid) -> None:
    with pytest.raises(pytest.UsageError) as caught:
        measure(Item(NO_CACHE, emid_dataset=[1]), measuring)
    assert str(caught.value) == (
        "emid_dataset must be a pytest_emid.Dataset, not list (fixture emid_dataset). Make one: "
        "pytest_emid.Dataset(name, samples)."
    )


def test_who_looks_sees_the_clean_set_the_shift_and_the_seed(tmp_path: Any) -> None:
    seen: list[Any] = []
    measuring = MeasureEmid(EmidConfig(), tmp_path, look=lambda *what: seen.append(what))
    item = Item(EmidConfig(cache_dir="none", seed=6))
    result = measure(item, measuring)
    assert seen == [(CLEAN.dataset, SHIFT, 6), (CLEAN.dataset, SHIFT, 6, result)]


def test_progress_is_told_and_closed(tmp_path: Any) -> None:
    class Bar:
        def __init__(self) -> None:
            self.told: list[Any] = []

        def __call__(self, *what: Any) -> None:
            self.told.append(what)

        def announce(self, *what: Any) -> None:
            self.told.append("announced")

        def begin(self, label: str) -> None:
            self.told.append(f"{label} began")

        def close(self) -> None:
            self.told.append("closed")

    bar = Bar()
    measuring = MeasureEmid(EmidConfig(), tmp_path, bar)  # type: ignore[arg-type]
    measure(Item(NO_CACHE), measuring)
    assert ("clean", 30, 30) in bar.told
    assert "announced" in bar.told
    assert bar.told[0].endswith(" began")
    assert (bar.told[-1], bar.told.count("closed")) == ("closed", 1)


# the cache


def test_answers_are_kept_in_the_folder_that_the_option_names(tmp_path: Any) -> None:
    for folder in ("a", "a", "b"):
        measuring, item = MeasureEmid(EmidConfig(), tmp_path), Item(EmidConfig(cache_dir=folder))
        measure(item, measuring)
        measuring.close()
        assert (tmp_path / folder).is_dir()
        if folder == "b":
            assert item.values["emid_model"].asked == 60
    assert item.values["emid_model"].asked == 60
    again = Item(EmidConfig(cache_dir="a"))
    measuring = MeasureEmid(EmidConfig(), tmp_path)
    measure(again, measuring)
    measuring.close()
    assert again.values["emid_model"].asked == 0
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


def test_a_run_that_asks_anew_takes_only_what_it_asked_itself(tmp_path: Any) -> None:
    config = EmidConfig(cache="refresh")
    asked = []
    for _ in range(2):
        measuring, item = MeasureEmid(EmidConfig(), tmp_path), Item(config)
        measure(item, measuring)
        measuring.close()
        asked.append(item.values["emid_model"].asked)
    assert asked == [60, 60]


# a plan, and what cannot be asked


def test_a_plan_is_noted_and_the_test_skipped(measuring: MeasureEmid) -> None:
    item = Item(EmidConfig(cache_dir="none", plan=True))
    with pytest.raises(pytest.skip.Exception, match=r"^planned$"):
        measure(item, measuring)
    notes = item.stash[recorder.RECORDER]
    assert [need["label"] for need in notes.drain()["needs"]] == ["clean", "replaced:1"]
    assert (notes.results, item.values["emid_model"].asked) == ((), 0)


class Broke(Counting):
    error: Exception = BudgetError("told: the budget is spent.")

    def respond(self, samples: Any) -> Iterator[Any]:
        raise self.error
        yield


SPENT = (
    "UNDECIDED: {} was not measured: told: the budget is spent. Of the 30 answers to {!r}, 0 are cached. Raise the "
    "model's budget, or measure fewer samples (--emid-limit); what is cached costs nothing."
)


@pytest.mark.parametrize(
    ("shift", "name"),
    [(SHIFT, "replaced:1"), ("identity", "identity"), (Dataset("spare", list(SHIFTED.dataset)), "spare")],
    ids=["shift", "id", "dataset"],
)
@pytest.mark.parametrize(
    ("undecided", "raised"),
    [("fail", AssertionError), ("xfail", pytest.xfail.Exception), ("warn", pytest.skip.Exception)],
)
def test_a_spent_budget_leaves_the_gates_undecided(
    measuring: MeasureEmid, undecided: str, raised: type[BaseException], shift: Any, name: str
) -> None:
    item = Item(EmidConfig(cache_dir="none", undecided=undecided), emid_model=Broke(CLEAN, SHIFTED))
    if undecided == "warn":
        with pytest.warns(UndecidedWarning) as warned, pytest.raises(raised) as caught:
            measure(item, measuring, shift)
        assert str(warned[0].message) == SPENT.format(name, name)
    else:
        with pytest.raises(raised) as caught:
            measure(item, measuring, shift)
    assert str(caught.value) == SPENT.format(name, name)
    [told] = item.stash[recorder.RECORDER].drain()["unmeasured"]
    assert told["scenario"] == name
    assert told["reason"].startswith("told: the budget is spent.")


def test_a_server_that_is_away_is_an_error(measuring: MeasureEmid) -> None:
    model = Broke(CLEAN, SHIFTED)
    model.error = UnavailableError("told: away.")
    item = Item(NO_CACHE, emid_model=model)
    with pytest.raises(UnavailableError, match=r"^told: away\. Of the 30 answers"):
        measure(item, measuring)
    notes = item.stash[recorder.RECORDER]
    assert (notes.asked, notes.results, notes.decisions) == (True, (), ())


@pytest.mark.parametrize(
    ("fulltrace", "cause", "deeper"), [(False, None, False), (True, None, True), (False, OSError("x"), True)]
)
def test_what_says_what_to_do_shows_no_frames_of_ours(
    measuring: MeasureEmid, monkeypatch: pytest.MonkeyPatch, fulltrace: bool, cause: Exception | None, deeper: bool
) -> None:
    def refused(*arguments: Any) -> Any:
        raise ModelError("told: a number is no answer.") from cause

    monkeypatch.setattr(MeasureEmid, "_result", refused)
    item = Item(NO_CACHE, emid_model=Broke(CLEAN, SHIFTED))
    item.config.option.fulltrace = fulltrace
    with pytest.raises(ModelError) as caught:
        measure(item, measuring)
    assert ("refused" in [entry.name for entry in caught.traceback]) is deeper


# defaults


def test_without_a_name_the_message_shows_how_to_define_the_fixture(tmp_path: Any) -> None:
    for call, kind in (
        (lambda: default_model(EmidConfig()), "model"),
        (lambda: default_dataset(EmidConfig(), tmp_path), "dataset"),
    ):
        with pytest.raises(pytest.UsageError) as caught:
            call()
        assert f"def emid_{kind}():" in str(caught.value)
        assert f"--emid-{kind}=" in str(caught.value)


def test_names_that_are_none() -> None:
    with pytest.raises(ModelError):
        default_model(EmidConfig(model="no such model"))
    with pytest.raises(DataError):
        default_dataset(EmidConfig(dataset="no-such-file.csv"), None)  # type: ignore[arg-type]


def test_a_dataset_is_whole_and_scenes_are_as_many_as_a_limit_asks_for(tmp_path: Any) -> None:
    assert len(default_dataset(EmidConfig(dataset="scenes", limit=7), tmp_path)) == len(
        default_dataset(EmidConfig(dataset="scenes"), tmp_path)
    )
    usual = len(default_dataset(EmidConfig(dataset="scenes"), tmp_path))
    assert len(default_dataset(EmidConfig(dataset="scenes", limit=usual + 6), tmp_path)) == usual + 6


def test_a_relative_path_of_an_ini_file_begins_at_its_folder(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Image.new("RGB", (4, 4)).save(tmp_path / "root" / "p.png")
    (tmp_path / "root" / "mine.jsonl").write_text('{"id": "1", "image": "p.png", "question": "q", "reference": "r"}\n')
    config = EmidConfig().overridden({"dataset": "mine.jsonl", "limit": 50}, lambda option: f"ini {option.ini}")
    assert default_dataset(config, tmp_path / "root").ids == ("1",)
    with pytest.raises(DataError):
        default_dataset(EmidConfig(dataset="mine.jsonl"), tmp_path / "root")


def test_scenes_are_calibrated_on_scenes_of_their_kind() -> None:
    for language in ("en", "de"):
        calibration = default_calibration(scenes_dataset(6, language=language))
        assert calibration is not None
        wanted = scenes_dataset(1000, stream="calibration", language=language)
        assert calibration.fingerprint == wanted.fingerprint
    assert default_calibration(CLEAN.dataset) is None
    assert default_calibration(SimpleNamespace()) is None  # type: ignore[arg-type]


def test_encoders_of_scenes_are_tiny_and_others_by_name() -> None:
    mine = Dataset("mine", [Sample("1", Image.new("RGB", (4, 4)), "q", "r")])
    tiny = default_encoders(EmidConfig(), scenes_dataset(6))
    assert default_encoders(EmidConfig(encoders="tiny"), mine).name == tiny.name


# a judge, and the noise floor


class Steady(Counting):
    """Says the same whenever it is asked."""

    def redrawn(self, number: int) -> Steady:
        return self


def test_a_call_s_repeat_asks_the_clean_set_again(measuring: MeasureEmid) -> None:
    model = Steady(CLEAN, SHIFTED)
    item = Item(EmidConfig(), emid_model=model)
    assert measure(item, measuring).floor is None
    assert model.asked == 60
    found = measure(item, measuring, repeat=2)
    assert (found.floor.repeats, found.floor.differ) == (2, 0.0)
    assert found.settings["repeat"] == "2 (call)"
    assert model.asked == 120


def test_whatever_makes_a_model_judges(measuring: MeasureEmid) -> None:
    found = measure(Item(EmidConfig(), emid_judge=lambda images, prompts: ["8 8\nAlike."] * len(prompts)), measuring)
    assert found.judged.clean.answer_scores == found.judged.shifted.answer_scores == (8.0,) * 30
    assert any("it does not judge" in obstacle.reason for obstacle in found.obstacles)
    assert measure(Item(EmidConfig()), measuring).judged is None
