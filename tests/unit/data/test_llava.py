import json
import os
from pathlib import Path

import pytest
from PIL import Image

from pytest_emid import shifts
from pytest_emid.data.llava import load_llava, load_prompts
from pytest_emid.errors import DataError
from pytest_emid.models.recorded import RecordedModel

NEEDS_REFERENCE = pytest.mark.skipif(
    "EMID_REFERENCE" not in os.environ, reason="EMID_REFERENCE does not name the reference data"
)
QUESTIONS = [
    {"question_id": 0, "image": "a.jpg", "text": "What is it?", "category": "conv"},
    {"question_id": 1, "image": "a.jpg", "text": "Describe it.", "category": "detail"},
    {"question_id": 5, "image": "b.jpg", "text": "Why?"},
]
ANSWERS = [{"question_id": i, "text": f"Answer {i}.", "prompt": f"Frage {i}?"} for i in (5, 0, 9, 1)]


def lines(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


@pytest.fixture
def files(tmp_path):
    for name, colour in (("a.jpg", "black"), ("b.jpg", "white")):
        Image.new("RGB", (2, 2), colour).save(tmp_path / name)
    return lines(tmp_path / "questions.jsonl", QUESTIONS), tmp_path, lines(tmp_path / "answers.jsonl", ANSWERS)


def refused(*args):
    with pytest.raises(DataError) as caught:
        load_llava(*args)
    return str(caught.value)


def test_questions_images_and_answers_meet_by_question_id(files):
    dataset = load_llava(*files)
    assert dataset.name == "questions"
    assert [(s.id, s.question, s.reference, s.category, s.cluster) for s in dataset] == [
        ("0", "What is it?", "Answer 0.", "conv", "a.jpg"),
        ("1", "Describe it.", "Answer 1.", "detail", "a.jpg"),
        ("5", "Why?", "Answer 5.", "", "b.jpg"),
    ]
    named = load_llava(files[0], files[1], {0: "x", "1": "y", 5: "z"}, name="mine")
    assert (named.name, [s.reference for s in named]) == ("mine", ["x", "y", "z"])


def test_unanswered_questions_are_listed(files):
    questions, images, answers = files
    lines(answers, ANSWERS[:1])
    assert refused(questions, images, answers) == (
        f"{answers}: no answer to 2 of 3 questions: {questions}, line 1 ('0'), {questions}, line 2 ('1'). "
        "Add the answers, or leave the questions out."
    )
    assert refused(questions, images, {}) == (
        f"the answers: no answer to 3 of 3 questions: {questions}, line 1 ('0'), {questions}, line 2 ('1'), "
        f"{questions}, line 3 ('5'). Add the answers, or leave the questions out."
    )


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([QUESTIONS[0], QUESTIONS[0]], "{q}, line 2: the id '0' is already that of {q}, line 1. "
         "Ids pair clean with shifted samples, so each must be unique."),
        ([{"question_id": 0, "image": "a.jpg", "question": "?"}], "{q}, line 1: there is no column 'text' for the "
         "question. There are: 'question_id', 'image', 'question', 'reference'. "
         "Rename the right one, or name it with columns={'question': ...} (load_table, load_records, load_hub) "
         "or --emid-columns question=NAME."),
        ([{**QUESTIONS[0], "image": "../a.jpg"}], "{q}, line 1 (sample '0'): '../a.jpg' leads out of the dataset's "
         "folder {root}. Move the file into it, or pass the folder that holds all files."),
        ([{**QUESTIONS[0], "image": "c.jpg"}], "{q}, line 1 (sample '0'): there is no image 'c.jpg' in {root}. "
         "Put it there, or pass the folder that holds it: images=..."),
        ([{**QUESTIONS[0], "text": ""}], "{q}, line 1 (sample '0'): the question in column 'text' is empty. "
         "Add it, or leave the sample out."),
        ([], "{q}: there is no question in it."),
    ],
)  # fmt: skip
def test_bad_questions(files, records, message):
    questions, images, answers = files
    lines(questions, records)
    expected = message.replace("{q}", str(questions)).replace("{root}", str(images))
    assert refused(questions, images, answers) == expected


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([ANSWERS[0], ANSWERS[0]], "{a}, line 2: question '5' is already in {a}, line 1. Keep one of them."),
        ([{"question_id": 0}], "{a}, line 1: a record needs 'text'; this one holds 'question_id'."),
        ([{"question_id": None, "text": "x"}], "{a}, line 1: a record needs 'question_id'; this one holds "
         "'question_id', 'text'."),
        ([{"question_id": 0, "text": " "}], "{a}, line 1 (question '0'): 'text' is empty. "
         "Add the text, or leave it out."),
        ([], "{a}: there is no record in it."),
    ],
)  # fmt: skip
def test_bad_answers(files, records, message):
    questions, images, answers = files
    lines(answers, records)
    assert refused(questions, images, answers) == message.replace("{a}", str(answers))


def test_prompts(files):
    assert load_prompts(files[2]) == {"5": "Frage 5?", "0": "Frage 0?", "9": "Frage 9?", "1": "Frage 1?"}
    with pytest.raises(DataError) as caught:
        load_prompts(files[0])
    assert str(caught.value) == (
        f"{files[0]}, line 1: a record needs 'prompt'; this one holds 'question_id', 'image', 'text', 'category'."
    )


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """The two benchmarks by name, with images of one colour each, and the folder of answers."""
    reference = Path(os.environ["EMID_REFERENCE"]) / "llavabench"
    images = tmp_path_factory.mktemp("images")
    loaded = {}
    for name, prefix in (("llava_bench_coco", "coco"), ("llava_bench_in_the_wild", "wild")):
        questions = reference / "questions" / f"{prefix}_questions.jsonl"
        for line in questions.read_text("utf-8").splitlines():
            file = images / json.loads(line)["image"]
            if not file.exists():
                number = len(list(images.iterdir()))
                Image.new("RGB", (2, 2), (4 * number, 255 - 4 * number, 9)).save(file, quality=100, subsampling=0)
        loaded[name] = load_llava(
            questions, images, reference / "questions" / f"{prefix}_answers_gpt4.jsonl", name=name
        )
    return loaded, reference / "responses"


def of_benchmark(bench, path):
    return bench["llava_bench_coco" if path.name.startswith("llava_bench_coco") else "llava_bench_in_the_wild"]


@NEEDS_REFERENCE
def test_the_real_benchmarks_load(bench):
    coco, wild = bench[0].values()
    assert (len(coco), len(set(coco.clusters))) == (90, 30)
    assert (len(wild), len(set(wild.clusters))) == (60, 24)
    assert {s.category for s in (*coco, *wild)} == {"conv", "detail", "complex"}


@NEEDS_REFERENCE
def test_every_real_scenario_aligns_with_its_questions(bench):
    loaded, folder = bench
    files = {}
    for path in sorted(folder.glob("*.jsonl")):
        dataset = of_benchmark(loaded, path)
        prompts = load_prompts(path)
        assert tuple(prompts) == dataset.ids, path
        shifted = shifts.parallel_text(path.stem, prompts).apply(dataset, 0) if _changed(prompts, dataset) else dataset
        answers = dict(RecordedModel(path).respond(shifted))
        assert sorted(answers) == list(range(len(dataset)))
        files.setdefault(path.stem.rpartition("_llava")[2], {})[path.stem.rpartition("_llava")[0]] = shifted
    assert {model: len(names) for model, names in files.items()} == {"-v1.5-13b": 49, "-v1.6-vicuna-13b": 49}
    # in-the-wild files serve three domains each: all samples, the easy and the hard ones
    splits = json.loads((folder.parent / "questions" / "wild_split_indices.json").read_text())
    scenarios = {}
    for name, dataset in files["-v1.5-13b"].items():
        scenarios[name] = dataset
        if dataset.ids == loaded["llava_bench_in_the_wild"].ids:
            for domain in ("easy", "hard"):
                chosen = map(str, sorted(splits[f"{domain}_ood_fst_cd_new"]))
                scenarios[f"{name}_{domain}"] = dataset.select(chosen, name=f"{name}_{domain}")
    sizes = [len(dataset) for dataset in scenarios.values()]
    assert {n: sizes.count(n) for n in set(sizes)} == {90: 35 + 7, 60: 7, 30: 14}
    assert len(scenarios) == 35 + 28
    languages = ("English", "German", "Chinese", "Korean", "Greek", "Arabic", "Hindi")
    assert sum(any(language in name for language in languages) for name in scenarios) == 4 * 7


def _changed(prompts, dataset):
    return any(prompts[sample.id] != sample.question for sample in dataset)


@NEEDS_REFERENCE
def test_the_published_synonym_shift_normalises_every_question(bench):
    loaded, folder = bench
    coco = loaded["llava_bench_coco"]
    files = sorted(folder.glob("llava_bench_coco*_sr_[47]_*.jsonl"))
    assert len(files) == 2 * 2 * 7
    normalised = {s.id: s.question for s in shifts.parse("normalise_only(protect=none)").apply(coco, 0)}
    for path in files:
        prompts = load_prompts(path)
        assert sum(prompts[s.id] == s.question for s in coco) == 0, path
        assert all(
            text == text.lower() and set(text) <= set("abcdefghijklmnopqrstuvwxyz ") for text in prompts.values()
        )
    # the control arm does that and nothing else: its words are the question's
    changed = [s for s in coco if normalised[s.id] != s.question]
    assert len(changed) == 90
    for sample in coco:
        words = "".join(c for c in sample.question.lower().replace("-", " ") if c.isalnum() or c == " ").split()
        assert normalised[sample.id].split() == words
