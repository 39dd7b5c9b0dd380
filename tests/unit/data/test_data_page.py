"""What docs/how-to/data.md and natural.md show runs, on files of the names that they use; their tables are complete."""

import base64
import csv
import gc
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from pytest_emid import data
from pytest_emid.data.columns import COLUMNS
from pytest_emid.data.scenes.domains import DOMAINS
from pytest_emid.data.scenes.languages import LANGUAGES
from pytest_emid.data.tables import READERS
from pytest_emid.errors import DataError

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to"
PAGE = "\n".join((HOW_TO / name).read_text(encoding="utf-8") for name in ("data.md", "natural.md"))
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Everything that the page names, as a user would have it."""
    for name in ("photos", "pictures", "bench/images", "photos_dataset"):
        (tmp_path / name).mkdir(parents=True)
        Image.new("RGB", (32, 32), "grey").save(tmp_path / name / "sofa.png")
    example = json.loads(re.search(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)[1])
    rows = [{**example, "id": str(i), "category": ("conv", "detail")[i % 2]} for i in range(80)]
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with (tmp_path / "export.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "image", "prompt", "label"])
        writer.writerows([i, "sofa.png", f"Who, {i}?", "A cat."] for i in range(80))
    encoded = base64.b64encode((tmp_path / "photos" / "sofa.png").read_bytes()).decode()
    choice = f"index\timage\tquestion\tA\tB\tanswer\tsplit\n1\t{encoded}\tWho?\tcat\tdog\tA\tdev\n"
    choice += "2\t1\tWho?\tx\ty\tB\ttest\n"
    (tmp_path / "MMBench_DEV_EN.tsv").write_text(choice)
    for name, key in (("questions", "text"), ("answers", "text")):
        lines = [{"question_id": i, "image": "sofa.png", key: f"{name} {i}."} for i in range(3)]
        (tmp_path / "bench" / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    prompts = [{"question_id": i, "prompt": f"who is {i}", "text": "A cat."} for i in range(80)]
    (tmp_path / "recorded_answers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in prompts))
    night = [{"image": "sofa.png", "question": f"Who, {i}?", "answer": "A cat."} for i in range(3)]
    (tmp_path / "photos_dataset" / "night.jsonl").write_text("".join(json.dumps(row) + "\n" for row in night))
    front = "configs:\n- config_name: default\n  data_files:\n  - split: night\n    path: night.jsonl\n"
    (tmp_path / "photos_dataset" / "README.md").write_text(f"---\n{front}---\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_examples_run(folder):
    space = {}
    for block in BLOCKS:
        if "load_hub" not in block:
            exec(compile(block, "docs/how-to/data.md", "exec"), space)
    assert space["mine"].ids == space["again"].ids == tuple(map(str, range(80)))
    assert space["other"][3].question == "Who, 3?"
    assert len(space["early"]) == 10
    assert [(s.id, s.accepted) for s in space["dev"]] == [("1", ("A", "cat"))]
    (named,) = data.load_table("MMBench_DEV_EN.tsv", where="split=test")  # shows the picture of a row that is left out
    assert (named.id, named.open_image().size) == ("2", (32, 32))
    assert (space["bench"].name, len(space["bench"])) == ("bench", 3)
    assert space["small"][0].reference == "It is red."
    assert set(space["by_hand"].clusters) == {"sofa"}
    assert space["by_hand"][0].open_image().getpixel((0, 0)) == (128, 128, 128)
    assert [s.category for s in space["sixty"]].count("conv") == 30
    assert space["thirty"].ids == tuple(map(str, range(30)))
    assert space["split"].ids == ("17", "4")
    assert (space["german"].paired, space["hard"].paired) == (True, False)
    assert space["shifted"].ids == data.load("scenes", 60).ids
    assert space["replayed"].apply(space["mine"], 0)[7].question == "who is 7"
    assert space["again"][0].question != space["mine"][0].question


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_example_of_hugging_face_datasets_runs(folder, monkeypatch):
    module = pytest.importorskip("datasets", reason="datasets is not installed: pip install 'pytest-emid[datasets]'")
    monkeypatch.setattr(module.config, "HF_DATASETS_CACHE", folder / "cache")
    space = {"data": data}
    (block,) = (block for block in BLOCKS if "load_hub" in block)
    exec(compile(block, "docs/how-to/data.md", "exec"), space)
    assert space["splits"] == ("night",)
    assert [sample.id for sample in space["night"]] == ["0", "1", "2"]
    assert space["night"][0].open_image().size == (32, 32)
    gc.collect()  # `datasets` leaves files open; here, and not in a later test


def test_the_fixture_of_the_page_makes_a_dataset(folder):
    block = next(block for block in BLOCKS if "def emid_dataset" in block)
    space = {}
    (folder / "sofa.png").write_bytes((folder / "photos" / "sofa.png").read_bytes())
    exec(compile(block.replace('@pytest.fixture(scope="session")\n', ""), "docs/how-to/data.md", "exec"), space)
    assert len(space["emid_dataset"]()) == 60


def test_the_names_of_the_page_load(folder):
    row = re.findall(r"^\| (`.*?) \| ", PAGE, flags=re.MULTILINE)
    scenes, files, *_ = (re.findall(r"`([^`]+)`", cell) for cell in row)
    for name in scenes:
        assert data.load(name, 3).name == name
    assert [Path(name).suffix for name in files] == list(READERS)
    data.export(data.scenes_dataset(3), folder / "kept")
    for name in ("mine.jsonl", "bench", "kept"):
        assert f"`{name}`" in PAGE
        assert len(data.load(name)) >= 3


def test_the_tables_are_complete():
    for field, columns in COLUMNS.items():
        listed = ", ".join(f"`{column}`" for column in columns)
        assert f"| `{field}` | {listed} |" in PAGE
    for code, language in LANGUAGES.items():
        assert re.search(rf"^\| {language.name} \| `{code}` \| (often|rarely|never) \|$", PAGE, flags=re.MULTILINE)
    assert all(f"`{name}`" in PAGE for name in DOMAINS)


def test_the_error_of_the_page_is_what_is_said(folder):
    line = next(line for line in PAGE.splitlines() if line.startswith("mine.jsonl, line 61"))
    rows = (folder / "mine.jsonl").read_text().split("\n")
    rows[60] = json.dumps({**json.loads(rows[60]), "id": "77", "image": "photos/sofa2.png"})
    (folder / "mine.jsonl").write_text("\n".join(rows))
    with pytest.raises(DataError) as caught:
        data.load_table("mine.jsonl")
    assert str(caught.value).replace(f" in {folder.resolve()}.", " in /data.") == line
