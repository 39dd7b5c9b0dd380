"""`--emid-dataset` takes scenes by language and domain, files, folders and Hugging Face datasets."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from PIL import Image

ROWS = [
    {"id": str(i), "image": f"images/{i // 3}.png", "question": f"What, {i}?", "reference": f"That {i}."}
    for i in range(12)
]
TEST = """
def test_x(measure_emid, emid_dataset, emid_encoders, emid_calibration):
    result = measure_emid("blur:95")
    calibration = "none" if emid_calibration is None else f"{len(emid_calibration)} of {emid_calibration.name}"
    print(f"{emid_dataset.name}: {result.n} of {len(emid_dataset)}; {emid_encoders.name}; calibrated on {calibration}")
"""
TINY = "tiny-clip + tiny-xlm-r"
OWN_DATASET = """
@pytest.fixture(scope="session")
def emid_dataset():
    return make_dataset()
"""


@pytest.fixture
def suite(project: pytest.Pytester) -> pytest.Pytester:
    """A project that leaves its dataset, and what follows from it, to the options; numbers are made up."""
    conftest = project.path / "conftest.py"
    text, _, encoders = conftest.read_text("utf-8").partition('@pytest.fixture(scope="session")\ndef emid_dataset')
    assert "def emid_encoders" in encoders
    conftest.write_text(text, "utf-8")
    project.makepyfile(test_x=TEST)
    return project


def write_images(folder: Path) -> None:
    (folder / "images").mkdir(parents=True)
    for i in range(4):
        Image.new("RGB", (4, 4), (i, i, i)).save(folder / "images" / f"{i}.png")


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def said(pytester: pytest.Pytester, *arguments: str) -> str:
    result = pytester.runpytest("-rP", "--emid-encoders=tiny", *arguments)
    result.assert_outcomes(passed=1)
    return next(line for line in result.stdout.lines if "calibrated on" in line)


@pytest.mark.parametrize("spec", ["scenes", "scenes:ar", "scenes:hard", "scenes:easy:zh"])
def test_scenes_of_every_language_and_domain(suite: pytest.Pytester, spec: str) -> None:
    assert said(suite, f"--emid-dataset={spec}") == f"{spec}: 300 of 300; {TINY}; calibrated on 1000 of {spec}"
    limited = said(suite, f"--emid-dataset={spec}", "--emid-encoders=auto", "--emid-limit=60")
    assert limited == f"{spec}: 60 of 300; {TINY}; calibrated on 1000 of {spec}"
    more = said(suite, f"--emid-dataset={spec}", "--emid-limit=330")
    assert more == f"{spec}: 330 of 330; {TINY}; calibrated on 1000 of {spec}"


def test_a_marker_may_ask_for_more_than_the_limit(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_x=f"import pytest\n@pytest.mark.emid(limit=90){TEST}")
    assert said(suite, "--emid-dataset=scenes:de", "--emid-limit=60").startswith("scenes:de: 90 of 300;")


@pytest.mark.parametrize("name", ["mine.jsonl", "mine.json", "mine.csv", "mine.tsv", "mine.parquet"])
def test_a_table(suite: pytest.Pytester, name: str) -> None:
    write_images(suite.path)
    path = suite.path / name
    if name.endswith(".parquet"):
        pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed: pytest-emid[datasets] brings it")
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)
    elif name.endswith("sv"):
        mark = "\t" if name.endswith(".tsv") else ","
        rows = [list(ROWS[0]), *([f'"{value}"' for value in row.values()] for row in ROWS)]
        path.write_text("".join(mark.join(row) + "\n" for row in rows))
    else:
        path.write_text(json.dumps(ROWS) if name.endswith(".json") else lines(ROWS))
    assert said(suite, f"--emid-dataset={name}") == f"mine: 12 of 12; {TINY}; calibrated on none"
    assert said(suite, f"--emid-dataset={name}", "--emid-limit=9") == f"mine: 9 of 12; {TINY}; calibrated on none"


def test_columns_and_rows_from_the_command_line(suite: pytest.Pytester) -> None:
    write_images(suite.path)
    rows = [{"n": r["id"], "image": r["image"], "prompt": r["question"], "label": "x", "split": "ab"[i % 2]}
            for i, r in enumerate(ROWS)]  # fmt: skip
    (suite.path / "mine.jsonl").write_text(lines(rows))
    chosen = ("--emid-dataset=mine.jsonl", "--emid-columns=question=prompt,id=n")
    assert said(suite, *chosen) == f"mine: 12 of 12; {TINY}; calibrated on none"
    assert said(suite, *chosen, "--emid-where=split=b") == f"mine: 6 of 6; {TINY}; calibrated on none"
    result = suite.runpytest(*chosen, "--emid-where=splits")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *DataError: mine: where= asks for the column 'splits', which no record has.*"])


def test_a_folder_in_llavas_layout(suite: pytest.Pytester) -> None:
    folder = suite.path / "bench"
    write_images(folder)
    questions = [{"question_id": r["id"], "image": r["image"][7:], "text": r["question"]} for r in ROWS]
    (folder / "questions.jsonl").write_text(lines(questions))
    (folder / "answers.jsonl").write_text(lines([{"question_id": r["id"], "text": r["reference"]} for r in ROWS]))
    assert said(suite, "--emid-dataset=bench") == f"bench: 12 of 12; {TINY}; calibrated on none"


def test_an_exported_folder(suite: pytest.Pytester) -> None:
    from pytest_emid import data, shifts

    data.export(data.scenes_dataset(12), suite.path / "kept", shift=shifts.parse("contrast:1"))
    assert said(suite, "--emid-dataset=kept") == f"scenes/contrast:1: 12 of 12; {TINY}; calibrated on none"
    (suite.path / "kept" / "samples.jsonl").write_text("")
    result = suite.runpytest("--emid-dataset=kept")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *DataError: *samples.jsonl is not as it was written (sha256 differs). Copy the *"])


def test_a_folder_of_hugging_face_datasets(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    # looked up, not imported: pytester would forget it, and it cannot be imported twice
    if importlib.util.find_spec("datasets") is None:
        pytest.skip("datasets is not installed: pip install 'pytest-emid[datasets]'")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(suite.path / "hub-cache"))
    folder = suite.path / "bench"
    write_images(folder)
    (folder / "clean.jsonl").write_text(lines(ROWS))
    front = "configs:\n- config_name: default\n  data_files:\n  - split: clean\n    path: clean.jsonl\n"
    (folder / "README.md").write_text(f"---\n{front}---\n")
    result = suite.runpytest_subprocess("-rP", "--emid-encoders=tiny", "--emid-dataset=hub:bench:clean")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"clean: 12 of 12; {TINY}; calibrated on none"])
    result = suite.runpytest_subprocess("--emid-dataset=hub:bench:night")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *DataError: dataset 'bench': there is no split 'night'. Splits: clean."])


def test_paths_in_an_ini_file_start_at_rootdir(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    write_images(suite.path)
    (suite.path / "mine.jsonl").write_text(lines(ROWS))
    suite.makeini("[pytest]\nemid_dataset = mine.jsonl\n")
    folder = suite.mkdir("elsewhere")
    monkeypatch.chdir(folder)
    assert said(suite, "..") == f"mine: 12 of 12; {TINY}; calibrated on none"
    (folder / "mine.jsonl").write_text(lines([{**row, "image": "../images/0.png"} for row in ROWS]))
    result = suite.runpytest("..", "--emid-dataset=mine.jsonl")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *DataError: *mine.jsonl, line 1 (sample '0'): '../images/0.png' leads out of *"])
