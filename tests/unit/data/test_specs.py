"""A dataset by a word or a path: every kind, relative paths, and errors that say what there is."""

import json
from pathlib import Path

import pytest
from PIL import Image

from pytest_emid.data import export, load, load_llava_folder, scenes_dataset
from pytest_emid.data import specs as module
from pytest_emid.data.specs import KINDS
from pytest_emid.errors import DataError

ROWS = [
    {"id": "1", "image": "images/a.png", "question": "What?", "reference": "A cat."},
    {"id": "2", "image": "images/a.png", "question": "Where?", "reference": "At home."},
]


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def refused(spec, **options):
    with pytest.raises(DataError) as caught:
        load(spec, **options)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path):
    """A folder in LLaVA's layout, with a table beside it."""
    (tmp_path / "bench" / "images").mkdir(parents=True)
    Image.new("RGB", (2, 2), (1, 2, 3)).save(tmp_path / "bench" / "images" / "a.png")
    questions = [{"question_id": i, "image": "a.png", "text": f"What, {i}?", "category": "conv"} for i in range(3)]
    answers = [{"question_id": i, "text": f"That {i}."} for i in range(3)]
    (tmp_path / "bench" / "questions.jsonl").write_text(lines(questions))
    (tmp_path / "bench" / "answers.jsonl").write_text(lines(answers))
    (tmp_path / "bench" / "t.jsonl").write_text(lines(ROWS))
    return tmp_path / "bench"


def test_a_table_a_folder_and_an_export(folder, tmp_path):
    table = load(folder / "t.jsonl")
    assert (table.name, table.ids, table[1].question) == ("t", ("1", "2"), "Where?")
    bench = load(str(folder))
    assert (bench.name, bench.ids, bench[2].reference) == ("bench", ("0", "1", "2"), "That 2.")
    assert bench[0].open_image().getpixel((0, 0)) == (1, 2, 3)
    clean = scenes_dataset(6)
    export(clean, tmp_path / "kept")
    loaded = load(tmp_path / "kept")
    assert (loaded.name, loaded.ids) == ("scenes", clean.ids)


def test_a_limit_takes_the_first(folder):
    assert load(folder, 2).ids == ("0", "1")
    assert load(folder, 5).ids == ("0", "1", "2")
    assert len(load("scenes:hard", 2)) == 2


def test_relative_paths_start_at_the_root(folder, tmp_path, monkeypatch):
    assert load("bench/t.jsonl", root=tmp_path).ids == ("1", "2")
    assert load("bench", root=tmp_path).name == "bench"
    assert load(str(folder), root="/nowhere").name == "bench"
    monkeypatch.chdir(folder)
    assert load("t.jsonl").ids == ("1", "2")
    assert load(".").name == "bench"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load("~/bench/t.jsonl").ids == ("1", "2")


def test_scenes_win_over_a_file_of_that_name(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    folder.rename("scenes")
    assert len(load("scenes")) == 300
    assert load("./scenes").name == "scenes"
    assert len(load("./scenes")) == 3


def test_other_names_in_llavas_layout(folder):
    (folder / "questions.jsonl").rename(folder / "qa90_questions.jsonl")
    (folder / "answers.jsonl").rename(folder / "qa90_gpt4_answer.jsonl")
    assert load_llava_folder(folder, name="mine").name == "mine"
    assert len(load(folder)) == 3
    (folder / "bard_answers.jsonl").write_text("")
    assert refused(folder) == (
        f"{folder}: there is no answers.jsonl, which LLaVA's layout has, and it could be bard_answers.jsonl, "
        "qa90_gpt4_answer.jsonl. Rename the right one to answers.jsonl, or pass the files to data.load_llava."
    )
    (folder / "qa90_questions.jsonl").unlink()
    assert refused(folder) == (
        f"{folder}: there is no questions.jsonl, which LLaVA's layout has, nor *questions.jsonl. Rename the right one "
        "to questions.jsonl, or pass the files to data.load_llava."
    )


def test_llavas_layout_without_images(folder):
    (folder / "images").rename(folder / "pictures")
    assert refused(folder) == (
        f"{folder}: there is no folder images, which LLaVA's layout has. Put the pictures there."
    )


def test_errors_in_the_files_name_file_and_line(folder):
    (folder / "t.jsonl").write_text(lines([*ROWS, {**ROWS[0], "id": "3", "image": "images/b.png"}]))
    assert refused(folder / "t.jsonl") == (
        f"{folder / 't.jsonl'}, line 3 (sample '3'): there is no image 'images/b.png' in {folder}. "
        "Put it there, or pass the folder that holds it: images=..."
    )


def test_a_folder_of_something_else(tmp_path):
    assert refused(tmp_path) == (
        f"{tmp_path}: neither a folder that data.export wrote (there is no manifest.json) nor one in LLaVA's layout "
        "(questions.jsonl, answers.jsonl and the folder images). If it is one for Hugging Face datasets, write "
        f"hub:{tmp_path}."
    )


def test_what_there_is_not(tmp_path):
    assert refused("coco", root=tmp_path) == (
        f"there is no dataset 'coco', and no file or folder {tmp_path / 'coco'}. {KINDS}"
    )
    assert refused("my/data.jsonl") == (
        f"there is no dataset 'my/data.jsonl', and no file or folder {Path.cwd() / 'my' / 'data.jsonl'}. {KINDS}"
    )
    assert refused("hub:") == f"dataset 'hub:' names nothing on the Hugging Face Hub. {KINDS}"
    assert KINDS == (
        "A dataset is scenes (also scenes:LANGUAGE, scenes:DOMAIN or scenes:DOMAIN:LANGUAGE), a file (.jsonl, .json, "
        ".csv, .tsv, .parquet), a folder in LLaVA's layout or one that data.export wrote, or hub:OWNER/NAME:SPLIT. For "
        "anything else define the fixture emid_dataset in conftest.py and return a pytest_emid.Dataset."
    )


def test_a_seed_is_for_scenes(folder):
    assert load("scenes:easy", 3, seed=4).fingerprint == scenes_dataset(3, 4, domain="easy").fingerprint
    assert refused(str(folder), seed=4) == (
        f"dataset {str(folder)!r} is not drawn at random, so it has no seed 4. Leave the seed out."
    )


@pytest.mark.parametrize(
    ("spec", "asked"),
    [
        ("hub:a/b", ("a/b", None, {"revision": None})),
        ("hub:a/b:night", ("a/b", "night", {"revision": None})),
        ("hub:a/b@1f2e:night", ("a/b", "night", {"revision": "1f2e"})),
        ("hub:a/b@main", ("a/b", None, {"revision": "main"})),
        ("hub:a/b/ai2d:train", ("a/b", "train", {"revision": None, "config": "ai2d"})),
        ("hub:a/b/Art@1f2e:dev", ("a/b", "dev", {"revision": "1f2e", "config": "Art"})),
        ("hub:local:night", ("ROOT/local", "night", {})),
        ("hub:local", ("ROOT/local", None, {})),
        ("hub:odd:name", ("ROOT/odd:name", None, {})),
    ],
)
def test_the_parts_of_a_hub_name(tmp_path, monkeypatch, spec, asked):
    (tmp_path / "local").mkdir()
    (tmp_path / "odd:name").mkdir()
    calls = []

    def load_hub(path, split, **options):
        calls.append((str(path).replace(str(tmp_path), "ROOT"), split, options))
        return scenes_dataset(3)

    monkeypatch.setattr(module, "load_hub", load_hub)
    load(spec, root=tmp_path)
    assert calls == [asked]
