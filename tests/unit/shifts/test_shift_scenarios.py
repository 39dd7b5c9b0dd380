import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from refusals import refused

from pytest_emid import shifts
from pytest_emid.data import Dataset, load, scenes_dataset
from pytest_emid.data.scenes.domains import DOMAINS
from pytest_emid.data.scenes.languages import LANGUAGES
from pytest_emid.errors import ShiftError
from pytest_emid.shifts.base import Shift
from pytest_emid.shifts.presets import PRESETS
from pytest_emid.shifts.scenarios import SUITES, scenario, scenarios

REFERENCE = os.environ.get("EMID_REFERENCE")


@pytest.mark.parametrize(
    ("suite", "everything", "visual", "textual", "joint"),
    [
        ("llavabench-synthetic", 35, 7, 5, 25),
        ("scenes-synthetic", 35, 7, 5, 25),
        ("llavabench-natural", 28, 4, 7, 19),
        ("scenes-natural", 28, 4, 7, 19),
        ("vittle-27", 28, 10, 10, 10),
        ("vlm-robustbench", 100, 100, 1, 1),
        ("transmission", 37, 37, 1, 1),
        ("smoke", 7, 6, 2, 1),
    ],
)
def test_each_suite_and_its_filters_begin_with_the_clean_scenario(suite, everything, visual, textual, joint):
    listed = scenarios(suite)
    sizes = [len(listed), *(len(scenarios(suite, modality=m)) for m in "VTJ")]
    assert sizes == [everything, visual, textual, joint]
    assert all(scenarios(suite, modality=m)[0] == listed[0] for m in "VTJ")
    assert [one.kind for one in listed].count("ID") == 1
    assert len({one.id for one in listed}) == len({one.alias for one in listed}) == everything
    assert all(isinstance(one, Shift) and str(one) == one.id for one in listed)


def test_sixty_one_shifts_of_scenes():
    shifted = [one for suite in ("scenes-synthetic", "scenes-natural") for one in scenarios(suite) if one.kind != "ID"]
    assert len({one.id for one in shifted}) == 34 + 27


def test_names_of_the_paper():
    aliases = {one.alias: one.id for suite in SUITES[:2] for one in scenarios(suite)}
    assert aliases["llava_bench_coco"] == "identity"
    assert aliases["llava_bench_coco_frost_5_KeyboardAug_3"] == "frost:5+keyboard(rates=published):3"
    assert aliases["llava_bench_coco_defocus_blur_1_sr_7"] == "defocus_blur:1+synonym(rates=published):7"
    assert aliases["llava_bench_coco_English"] == "coco:en"
    assert aliases["llava_bench_in_the_wild_hard_Korean"] == "wild_hard:ko"


@pytest.mark.skipif(REFERENCE is None, reason="needs the authors' files: set EMID_REFERENCE")
@pytest.mark.parametrize(("file", "suite"), [("SYNTHETIC", SUITES[0]), ("NATURAL", SUITES[1])])
def test_aliases_are_the_keys_of_the_published_results(file, suite):
    folder = Path(REFERENCE) / "llavabench"
    published = json.loads((folder / "published_results" / f"{file}-ALL-llava-v1.5-13b.json").read_text())
    assert [one.alias for one in scenarios(suite)] == list(published["EMI"])
    assert [one.alias for one in scenarios(suite) if one.kind != "ID"] == list(published["EMID"])
    for one in scenarios(suite):  # the three domains of the wild share their files
        recorded = one.alias.replace("_easy", "").replace("_normal", "").replace("_hard", "")
        assert (folder / "responses" / f"{recorded}_llava-v1.5-13b.jsonl").exists()


def test_synthetic_ids_are_canonical_and_their_modalities_those_of_the_shifts():
    for one in scenarios("scenes-synthetic"):
        assert one.shift.id == one.id
        assert one.shift.modality == one.modality
        assert one.paired


@pytest.mark.parametrize("suite", PRESETS)
def test_presets_hold_ids_that_parse(suite):
    for one in scenarios(suite)[1:]:
        assert str(shifts.parse(one.id)) == one.id == one.shift.id
        assert one.shift.modality == one.modality


def test_a_synthetic_scenario_is_its_shift():
    dataset = scenes_dataset(6)
    one = scenario("scenes_frost_1_KeyboardAug_3")
    shifted = one.apply(dataset, 4)
    direct = shifts.parse("frost:1+keyboard(rates=published):3").apply(dataset, 4)
    assert shifted.fingerprint == direct.fingerprint
    assert [s.question for s in shifted] == [s.question for s in direct]


@pytest.mark.parametrize("suite", ["scenes-synthetic", "scenes-natural"])
def test_every_scenario_of_scenes_applies(suite):
    dataset = scenes_dataset(30)
    assert scenarios(suite)[0].apply(dataset, 0) is dataset
    seen = {dataset.fingerprint}
    for one in scenarios(suite)[1:]:
        shifted = one.apply(dataset, 0)
        seen.add(shifted.fingerprint)
        assert len(shifted) == 30
        assert (shifted.ids == dataset.ids) == one.paired
        assert ([s.reference for s in shifted] == [s.reference for s in dataset]) == one.paired
    assert len(seen) == len(scenarios(suite))


def test_natural_ids_are_what_load_takes():
    dataset = scenes_dataset(9, 2)
    for one in scenarios("scenes-natural", data_seed=2)[1:]:
        shifted, loaded = one.apply(dataset, 0), load(one.id, 9, 2)
        assert [s.question for s in shifted] == [s.question for s in loaded]
        assert loaded.name == one.id


def test_a_part_of_the_scenes_is_translated_sample_by_sample():
    dataset = scenes_dataset(60).subset(7, seed=1)
    shifted = scenario("scenes:el").apply(dataset, 0)
    assert shifted.ids == dataset.ids
    assert [s.reference for s in shifted] == [s.reference for s in dataset]
    assert all(s.question != clean.question for s, clean in zip(shifted, dataset, strict=True))


def test_a_target_gives_the_data_by_the_papers_name():
    asked = []

    def target(one):
        asked.append(one.alias)
        return load("scenes:hard:hi", 6) if one.kind == "J" else load("scenes:hi", 6)

    listed = {one.id: one for one in scenarios("llavabench-natural", target=target)}
    paired = listed["coco:hi"].apply(scenes_dataset(6), 0)
    unpaired = listed["wild_hard:hi"].apply(scenes_dataset(6), 0)
    assert asked == ["llava_bench_coco_Hindi", "llava_bench_in_the_wild_hard_Hindi"]
    assert paired.ids == scenes_dataset(6).ids
    assert unpaired.ids[0] == "hard-000000-conversation"
    pictures = scenarios("llavabench-synthetic", target=target)[5].apply(scenes_dataset(6), 0)
    assert asked[-1] == "llava_bench_coco_defocus_blur_1"
    assert pictures.ids == scenes_dataset(6).ids


@pytest.mark.parametrize(
    ("name", "suite"),
    [
        ("scenes:de", "scenes-natural"),
        ("coco:ko", "llavabench-natural"),
        ("llava_bench_coco_frost_1_sr_4", "llavabench-synthetic"),
    ],
)
def test_a_scenario_that_is_parsed_as_a_shift(name, suite):
    assert refused(lambda: shifts.parse(name), ShiftError) == (
        f"{name!r} is a scenario of {suite}, not the id of a shift: take shifts.scenario({name!r})."
    )
    assert scenario(name).suite == suite


FOREIGN = Dataset("mine", [scenes_dataset(1)[0].with_(id="photo-7")])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: scenario("scenes:de").apply(scenes_dataset(3, seed=5), 0), ShiftError,
         "scenario 'scenes:de' translates the questions of scenes of seed 0, but sample 'scene-000000-conversation' "
         "of dataset 'scenes' is not one of them. Shift scenes_dataset(n, seed) with "
         'scenarios("scenes-natural", data_seed=seed).'),
        (lambda: scenario("scenes:de").apply(FOREIGN, 0), ShiftError,
         "scenario 'scenes:de' translates the questions of scenes of seed 0, but sample 'photo-7' of dataset 'mine' "
         'is not one of them. Shift scenes_dataset(n, seed) with scenarios("scenes-natural", data_seed=seed).'),
        (lambda: scenario("coco:ko").apply(scenes_dataset(3), 0), ShiftError,
         "scenario 'coco:ko' of llavabench-natural has no data of its own. Say where it comes from, such as "
         'scenarios("llavabench-natural", target=lambda s: data.load_hub("changdae/llavabench-shift-natural-v1", '
         's.alias)); or take "scenes-natural", which needs none.'),
        (lambda: scenarios("imagenet"), ShiftError,
         "there is no suite 'imagenet'. Suites: llavabench-synthetic, llavabench-natural, scenes-synthetic, "
         "scenes-natural, vittle-27, vlm-robustbench, transmission, smoke."),
        (lambda: scenarios("scenes-natural", modality="visual"), ShiftError,
         "modality 'visual' is not one of V, T, J; leave it out for all."),
        (lambda: scenario("scenes:xx", "scenes-natural"), ShiftError,
         "there is no scenario 'scenes:xx' in suite scenes-natural. Did you mean 'scenes'? "
         "scenarios(suite) lists ids and aliases."),
    ],
)  # fmt: skip
def test_refusals(call, error, message):
    assert refused(call, error) == message


def test_languages_and_domains_are_those_of_the_data():
    module = importlib.import_module("pytest_emid.shifts.scenarios")
    assert {code: language.name for code, language in LANGUAGES.items()} == module.LANGUAGES
    assert list(module.DOMAINS["scenes"]) == list(DOMAINS)


def test_the_names_are_public():
    assert shifts.scenarios is scenarios
    assert shifts.scenario("scenes:hard:ko") == scenario("scenes:hard:ko")


def test_naming_scenarios_imports_no_numpy():
    code = (
        "import sys; from pytest_emid.shifts.scenarios import SUITES, scenarios; "
        "[scenarios(s) for s in SUITES]; assert 'numpy' not in sys.modules and 'PIL' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
