import hashlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pytest_emid.data import LazyImage
from pytest_emid.data.records import load_records
from pytest_emid.errors import DataError


def png(level):
    buffer = BytesIO()
    Image.new("RGB", (3, 2), (level, level, level)).save(buffer, "PNG")
    return buffer.getvalue()


def record(**changes):
    return {"id": "a", "image": png(0), "question": "What?", "reference": "That.", **changes}


def refused(records, **options):
    with pytest.raises(DataError) as caught:
        load_records(records, **{"name": "mine", **options})
    return str(caught.value)


def test_a_list_of_dicts():
    image = Image.new("L", (3, 2), 9)
    lazy = LazyImage(lambda: image, "made")
    dataset = load_records(
        [
            record(id=1, category="conv"),
            record(id="b", category=None, cluster="own"),
            record(id=np.int64(3), image={"bytes": png(0), "path": "x.png"}, category=2),
            record(id="d", image=image),
            record(id="e", image=lazy),
        ],
        name="mine",
    )
    key = f"image-{hashlib.sha256(png(0)).hexdigest()[:16]}"
    assert dataset.name == "mine"
    assert dataset.ids == ("1", "b", "3", "d", "e")
    assert [sample.category for sample in dataset] == ["conv", "", "2", "", ""]
    assert dataset.clusters[:3] == (key, "own", key)
    assert dataset.clusters[3].startswith("image-")
    assert dataset.clusters[4] == "made"
    assert dataset[0].image is dataset[1].image is dataset[2].image
    assert [sample.open_image().getpixel((0, 0)) for sample in dataset] == [(0, 0, 0)] * 3 + [(9, 9, 9)] * 2


def test_columns_are_mapped_and_rows_are_numbered_without_ids():
    rows = [{"picture": png(i), "text": f"q{i}", "answer": f"a{i}", "kind": "x"} for i in range(2)]
    columns = {"image": "picture", "question": "text", "reference": "answer", "category": "kind"}
    dataset = load_records(rows, columns=columns)
    assert (dataset.name, dataset.ids) == ("records", ("0", "1"))
    assert [(s.question, s.reference, s.category) for s in dataset] == [("q0", "a0", "x"), ("q1", "a1", "x")]
    other = load_records([record()], columns={"id": "question"})
    assert other.ids == ("What?",)


def test_paths_are_relative_to_the_folder_and_opened_on_use(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.png").write_bytes(png(7))
    paths = ["sub/a.png", "sub/../sub/a.png", tmp_path / "sub" / "a.png"]
    dataset = load_records([record(id=str(i), image=p) for i, p in enumerate(paths)], images=tmp_path)
    assert set(dataset.clusters) == {"sub/a.png"}
    assert dataset[0].image is dataset[2].image
    assert dataset[0].image.source == f"{tmp_path / 'sub' / 'a.png'} (records, record 0 (sample '0'))"
    assert dataset[1].open_image().getpixel((0, 0)) == (7, 7, 7)
    (tmp_path / "sub" / "a.png").write_bytes(png(8))
    assert dataset[1].open_image().getpixel((0, 0)) == (8, 8, 8)
    (tmp_path / "sub" / "a.png").unlink()
    with pytest.raises(DataError, match=r"^records, record 0 \(sample '0'\): there is no image .*a\.png\. Put it"):
        dataset[1].open_image()


@pytest.mark.parametrize(
    "name", ["../secret.png", "a/../../secret.png", "/etc/hostname", "link.png", "folder/secret.png"]
)
def test_paths_that_leave_the_folder_are_refused(tmp_path, name):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.png").write_bytes(png(0))
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "folder").symlink_to(tmp_path)
    assert refused([record(image=name)], images=root) == (
        f"mine, record 0 (sample 'a'): {name!r} leads out of the dataset's folder {root}. "
        "Move the file into it, or pass the folder that holds all files."
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"image": "none.png"},
            "mine, record 0 (sample 'a'): there is no image 'none.png' in {root}. "
            "Put it there, or pass the folder that holds it: images=...",
        ),
        (
            {"image": "https://example.org/a.png"},
            "mine, record 0 (sample 'a'): 'https://example.org/a.png' is an address, not a file. "
            "Download it, and name the file.",
        ),
        ({"image": "a\0b"}, "mine, record 0 (sample 'a'): 'a\\x00b' is not a path: embedded null byte."),
        (
            {"image": None},
            "mine, record 0 (sample 'a'): the image is None. "
            "It must be a path, a picture, or the bytes of an image file.",
        ),
        (
            {"question": " \n"},
            "mine, record 0 (sample 'a'): the question in column 'question' is empty. Add it, or leave the sample out.",
        ),
        (
            {"reference": ["x", 1]},
            "mine, record 0 (sample 'a'): reference answer 2 in column 'reference' is 1, not text. "
            "Give texts only, none of them empty.",
        ),
        (
            {"reference": []},
            "mine, record 0 (sample 'a'): the list of reference answers in column 'reference' is empty. Add one.",
        ),
        ({"id": 1.5}, "mine, record 0: the id in column 'id' is 1.5; text or an integer is needed."),
        ({"id": True}, "mine, record 0: the id in column 'id' is True; text or an integer is needed."),
        ({"id": ""}, "mine, record 0: the id in column 'id' is ''; text or an integer is needed."),
        ({"category": [1]}, "mine, record 0 (sample 'a'): column 'category' holds [1], which is no label."),
    ],
)
def test_bad_values(tmp_path, change, message):
    assert refused([record(**change)], images=tmp_path) == message.replace("{root}", str(tmp_path))


def test_a_path_needs_a_folder():
    assert refused([record(image="a.png")]) == (
        "mine, record 0 (sample 'a'): the image is the path 'a.png'. Pass the folder that holds it: images=..."
    )


def test_wrong_columns_list_what_is_there():
    assert refused([{"id": 1, "image": png(0), "query": "?", "reference": "."}]) == (
        "mine, record 0: there is no column 'question' for the question. There are: 'id', 'image', 'query', "
        "'reference'. Rename the right one, or name it with columns={'question': ...} (load_table, "
        "load_records, load_hub)."
    )
    assert refused([{"image": png(0), "question": "?", "answer": "."}]) == (
        "mine, record 0: there is no column 'reference' or 'reference_answer' for the reference. "
        "There are: 'image', 'question', 'answer'. Rename the right one, or name it with "
        "columns={'reference': ...} (load_table, "
        "load_records, load_hub)."
    )
    assert refused([record()], columns={"category": "kind"}) == (
        "mine, record 0: there is no column 'kind' for the category. There are: 'id', 'image', 'question', "
        "'reference'. Rename the right one, or name it with columns={'category': ...} (load_table, "
        "load_records, load_hub)."
    )
    assert refused([record()], columns={"answer": "reference"}) == (
        "columns names 'answer', which is no field of a sample. "
        "Fields: id, image, question, reference, category, cluster."
    )
    assert refused([record(), {"question": "?", "reference": ".", "image": png(0)}]) == (
        "mine, record 1: there is no 'id' in this record; it holds 'question', 'reference', 'image'. "
        "Add it, or leave the record out."
    )
    assert refused([record(), {"id": "b", "image": png(0), "question": "?"}]) == (
        "mine, record 1: there is no 'reference' in this record; it holds 'id', 'image', 'question'. "
        "Add it, or leave the record out."
    )


def test_repeated_ids_name_both_records():
    assert refused([record(id=1), record(id=2), record(id="1")]) == (
        "mine, record 2: the id '1' is already that of mine, record 0. "
        "Ids pair clean with shifted samples, so each must be unique."
    )


def test_what_is_no_list_of_records():
    assert refused([]) == "mine: there is no record in it."
    assert refused("a.jsonl") == (
        "mine: records are a list of dicts or a pandas data frame, not str. For a file use load_table."
    )
    assert refused([record(), 3]) == "mine, record 1: a dict is needed, not int."


def test_a_pandas_frame():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed (it comes with pytest-emid[datasets])")
    frame = pandas.DataFrame([record(id=1, category="conv"), record(id=2)], index=[7, 9])
    dataset = load_records(frame, name="frame")
    assert dataset.ids == ("1", "2")
    assert [sample.category for sample in dataset] == ["conv", ""]
    frame.loc[9, "reference"] = float("nan")
    assert refused(frame) == (
        "mine, record 1 (sample '2'): the reference answer in column 'reference' is nan, not text. "
        "Convert it to one text."
    )


def test_a_pandas_frame_with_two_columns_of_one_name():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed (it comes with pytest-emid[datasets])")
    frame = pandas.DataFrame(
        [["What?", "That.", "This.", png(0)]], columns=["question", "reference", "reference", "image"]
    )
    assert refused(frame) == "mine: two columns are named 'reference'. Rename one."


def test_a_picture_in_memory_without_an_agreed_white():
    assert refused([record(image=Image.new("F", (2, 2), 0.5))]) == (
        "mine, record 0 (sample 'a'): the picture in memory holds floating-point numbers, and which of them is "
        "white is unknown. Save it with 8 bits."
    )


def test_an_encoded_picture_is_not_taken_for_a_path(tmp_path):
    assert refused([record(image="iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAf" + "A" * 5000)], images=tmp_path) == (
        "mine, record 0 (sample 'a'): 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAf'... (5040 characters) is too long for "
        "a path. If it is a picture, encoded in text (base64), decode it and pass its bytes to load_records, or save "
        "it as a file."
    )


def test_several_references_of_which_the_first_is_embedded():
    dataset = load_records([record(reference=["red", "crimson"]), record(id="b", reference=["blue"])], name="mine")
    assert (dataset[0].reference, dataset[0].accepted) == ("red", ("red", "crimson"))
    assert (dataset[1].references, dataset[1].accepted) == ((), ("blue",))
    changed = dataset[0].with_(reference="rot")
    assert changed.accepted == ("rot", "crimson")
