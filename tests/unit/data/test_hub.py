import gc
import sys
from io import BytesIO

import pytest
from PIL import Image

from pytest_emid.data.hub import hub_splits, load_hub
from pytest_emid.errors import DataError

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def datasets(tmp_path, monkeypatch):
    module = pytest.importorskip("datasets", reason="datasets is not installed: pip install 'pytest-emid[datasets]'")
    monkeypatch.setattr(module.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    module.disable_progress_bars()
    yield module
    gc.collect()  # `datasets` leaves files open; here, and not in a later test


def png(level, size=(4, 3)):
    buffer = BytesIO()
    Image.new("RGB", size, (level, level, level)).save(buffer, "PNG")
    return buffer.getvalue()


def rows(language, image=None):
    return [
        {
            "question_id": i,
            "image": image or {"bytes": png(i // 3), "path": None},
            "question": f"{language} {i}?",
            "reference_answer": f"Answer {i}.",
            "category": "conv",
            "unused": i,
        }
        for i in range(6)
    ]


@pytest.fixture
def folder(datasets, tmp_path):
    """As on the Hub: one parquet file for each split, which the README names."""
    from pyarrow import Table, parquet

    path = tmp_path / "bench"
    path.mkdir()
    splits = ("coco_English", "coco_German")
    for split in splits:
        parquet.write_table(Table.from_pylist(rows(split)), path / f"{split}.parquet")
    files = "".join(f"  - split: {split}\n    path: {split}.parquet\n" for split in splits)
    features = "".join(
        f"  - name: {name}\n    dtype: {dtype}\n"
        for name, dtype in {
            "question_id": "int64",
            "image": "image",
            "question": "string",
            "reference_answer": "string",
            "category": "string",
            "unused": "int64",
        }.items()
    )
    (path / "README.md").write_text(
        f"---\ndataset_info:\n  features:\n{features}configs:\n- config_name: default\n  data_files:\n{files}---\n"
    )
    return path


def refused(*args, **options):
    with pytest.raises(DataError) as caught:
        load_hub(*args, **options)
    return str(caught.value)


def test_splits_are_datasets_with_lazy_images_that_cluster(folder):
    assert hub_splits(folder) == ("coco_English", "coco_German")
    english, german = load_hub(folder, "coco_English"), load_hub(folder, "coco_German", name="german")
    assert (english.name, german.name) == ("coco_English", "german")
    assert english.ids == german.ids == ("0", "1", "2", "3", "4", "5")
    assert (english[1].question, german[1].question) == ("coco_English 1?", "coco_German 1?")
    assert (english[1].reference, english[1].category) == ("Answer 1.", "conv")
    assert english.clusters == german.clusters
    assert [len(set(english.clusters)), english[0].image is english[2].image] == [2, True]
    assert english[5].open_image().getpixel((0, 0)) == (1, 1, 1)
    assert english.fingerprint == load_hub(folder, "coco_English").fingerprint != german.fingerprint


def test_wrong_splits_and_columns_list_what_is_there(folder):
    where = f"dataset {str(folder)!r}"
    assert refused(folder) == f"{where}: name a split. Splits: coco_English, coco_German."
    assert refused(folder, "English") == f"{where}: there is no split 'English'. Splits: coco_English, coco_German."
    assert refused(folder, "coco_English", columns={"reference": "answer"}) == (
        f"{folder}, split coco_English, row 0: there is no column 'answer' for the reference. There are: "
        "'question_id', 'image', 'question', 'reference_answer', 'category', 'unused'. "
        "Rename the right one, or name it with columns={'reference': ...} (load_table, load_records, load_hub) "
        "or --emid-columns reference=NAME."
    )
    renamed = load_hub(folder, "coco_English", columns={"category": "unused", "id": "question"})
    assert (renamed[3].category, renamed[3].id) == ("3", "coco_English 3?")


def test_a_folder_of_images_has_one_split(datasets, tmp_path):
    path = tmp_path / "pictures"
    path.mkdir()
    lines = ["file_name,question,reference"]
    for i in range(3):
        (path / f"{i}.png").write_bytes(png(i))
        lines.append(f"{i}.png,What is {i}?,It is {i}.")
    (path / "metadata.csv").write_text("\n".join(lines))
    dataset = load_hub(path)
    assert dataset.name == "train"
    assert dataset.ids == ("0", "1", "2")
    assert dataset.clusters == ("0.png", "1.png", "2.png")
    assert dataset[2].open_image().getpixel((0, 0)) == (2, 2, 2)


def test_what_save_to_disk_wrote_keeps_its_splits(datasets, tmp_path):
    tables = {split: datasets.Dataset.from_list(rows(split)) for split in ("day", "night")}
    datasets.DatasetDict(tables).save_to_disk(str(tmp_path / "both"))
    assert hub_splits(tmp_path / "both") == ("day", "night")
    assert [sample.question for sample in load_hub(tmp_path / "both", "night")][:2] == ["night 0?", "night 1?"]
    assert refused(tmp_path / "both", "dusk") == (
        f"dataset {str(tmp_path / 'both')!r}: there is no split 'dusk'. Splits: day, night."
    )
    tables["day"].save_to_disk(str(tmp_path / "one"))
    assert hub_splits(tmp_path / "one") == ("train",)
    assert load_hub(tmp_path / "one")[1].open_image().getpixel((0, 0)) == (0, 0, 0)


def test_a_dataset_cannot_name_files_outside_its_folder(datasets, tmp_path):
    from pyarrow import Table, parquet

    (tmp_path / "secret.png").write_bytes(png(0))
    path = tmp_path / "evil"
    path.mkdir()
    for name in (str(tmp_path / "secret.png"), "../secret.png"):
        record = {"image": name, "question": "What?", "reference": "That."}
        parquet.write_table(Table.from_pylist([record]), path / "train.parquet")
        assert refused(path) == (
            f"{path}, split train, row 0 (sample '0'): {name!r} leads out of the dataset's folder {path}. "
            "Move the file into it, or pass the folder that holds all files."
        )


@pytest.mark.parametrize("place", ["HF_DATASETS_CACHE", "HF_HUB_CACHE", "elsewhere"])
def test_what_the_hub_delivers_may_name_files_of_its_caches_only(datasets, tmp_path, monkeypatch, place):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "HF_HUB_CACHE"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "HF_DATASETS_CACHE")
    path = tmp_path / place / "a.png"
    path.parent.mkdir()
    path.write_bytes(png(5))
    table = datasets.Dataset.from_list([{"image": str(path), "question": "What?", "reference_answer": "That."}])
    asked = {}

    def load_dataset(path, **options):
        asked.update(options, path=path)
        return datasets.DatasetDict({"ID": table.cast_column("image", datasets.Image())})

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    if place == "elsewhere":
        assert refused("owner/name").startswith(
            f"owner/name, split ID, row 0 (sample '0'): {str(path)!r} leads out of the dataset's folder "
        )
    else:
        dataset = load_hub("owner/name", revision="abc", config="v1")
        assert dataset[0].open_image().getpixel((0, 0)) == (5, 5, 5)
        assert asked == {"path": "owner/name", "name": "v1", "split": None, "revision": "abc"}


def test_errors_of_the_hub_name_the_dataset(datasets, monkeypatch):
    def fail(*args, **options):
        raise ConnectionError("no route")

    monkeypatch.setattr(datasets, "load_dataset", fail)
    monkeypatch.setattr(datasets, "get_dataset_split_names", fail)
    assert refused("owner/name") == (
        "dataset 'owner/name' cannot be loaded: ConnectionError: no route. Check the id, the network and your access."
    )
    with pytest.raises(DataError) as caught:
        hub_splits("owner/name")
    assert str(caught.value) == (
        "the splits of dataset 'owner/name' cannot be looked up: ConnectionError: no route. "
        "Check the path or id, the network and your access."
    )


def test_what_cannot_be_loaded(datasets, tmp_path):
    (tmp_path / "empty").mkdir()
    message = refused(tmp_path / "empty")
    assert message.startswith(f"dataset {str(tmp_path / 'empty')!r} cannot be loaded: ")
    assert message.endswith(". Check the folder.")
    with pytest.raises(DataError, match=r"^the splits of dataset '.*empty' cannot be looked up: "):
        hub_splits(tmp_path / "empty")


@pytest.mark.parametrize("function", [load_hub, hub_splits])
def test_without_the_package_the_error_says_what_to_install(monkeypatch, function):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError) as caught:
        function("owner/name")
    assert str(caught.value) == (
        "dataset 'owner/name': Hugging Face datasets need the package datasets: pip install 'pytest-emid[datasets]'."
    )


def test_class_labels_are_read_by_name_and_pictures_lie_at_any_depth(datasets, tmp_path):
    features = datasets.Features(
        {
            "images": datasets.Sequence(datasets.Image()),
            "texts": [{"user": datasets.Value("string"), "assistant": datasets.Value("string")}],
            "category": datasets.ClassLabel(names=["photo", "chart"]),
            "split": datasets.Value("string"),
        }
    )
    turns = [{"user": "What?", "assistant": "That."}, {"user": "Who?", "assistant": "She."}]
    rows = [
        {"images": [{"bytes": png(i), "path": None}], "texts": turns, "category": i % 3 - 1, "split": f"s{i}"}
        for i in range(3)
    ]
    datasets.Dataset.from_list(rows, features=features).save_to_disk(str(tmp_path / "cauldron"))
    dataset = load_hub(tmp_path / "cauldron")
    assert [sample.category for sample in dataset] == ["", "", "photo", "photo", "chart", "chart"]
    assert (dataset.ids[3], dataset[3].question, dataset[3].reference) == ("3", "Who?", "She.")
    assert dataset[5].open_image().getpixel((0, 0)) == (2, 2, 2)
    assert len(load_hub(tmp_path / "cauldron", where="split=s1")) == 2
    shouted = load_hub(tmp_path / "cauldron", map=lambda row: {**row, "category": row["split"].upper()})
    assert shouted[4].category == "S2"


def test_a_class_label_as_the_right_option(datasets, tmp_path):
    features = datasets.Features(
        {
            "image": datasets.Image(),
            "question": datasets.Value("string"),
            "choices": datasets.Sequence(datasets.Value("string")),
            "answer": datasets.ClassLabel(names=["A", "B"]),
        }
    )
    row = {"image": {"bytes": png(0), "path": None}, "question": "What?", "choices": ["cat", "dog"], "answer": 1}
    datasets.Dataset.from_list([row], features=features).save_to_disk(str(tmp_path / "mc"))
    assert load_hub(tmp_path / "mc")[0].accepted == ("B", "dog")
