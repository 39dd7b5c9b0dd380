import hashlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from refusals import refused

from pytest_emid.data import LazyImage
from pytest_emid.data.records import load_records
from pytest_emid.errors import DataError


def png(level):
    buffer = BytesIO()
    Image.new("RGB", (3, 2), (level, level, level)).save(buffer, "PNG")
    return buffer.getvalue()


def record(**changes):
    return {"id": "a", "image": png(0), "question": "What?", "reference": "That.", **changes}


def loaded(records, **options):
    return load_records(records, **{"name": "mine", **options})


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
    assert refused(dataset[1].open_image, DataError) == (
        f"records, record 0 (sample '0'): there is no image {tmp_path / 'sub' / 'a.png'}. "
        "Put it there, or leave the sample out."
    )


@pytest.mark.parametrize(
    "name", ["../secret.png", "a/../../secret.png", "/etc/hostname", "link.png", "folder/secret.png"]
)
def test_paths_that_leave_the_folder_are_refused(tmp_path, name):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.png").write_bytes(png(0))
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "folder").symlink_to(tmp_path)
    link = f", by a link to {tmp_path / 'secret.png'}" if name in ("link.png", "folder/secret.png") else ""
    assert refused(lambda: loaded([record(image=name)], images=root), DataError) == (
        f"mine, record 0 (sample 'a'): {name!r} leads out of the dataset's folder {root}{link}. "
        "Move the file into it, or pass the folder that holds all files."
    )


def test_a_pandas_frame():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed (it comes with pytest-emid[datasets])")
    frame = pandas.DataFrame([record(id=1, category="conv"), record(id=2)], index=[7, 9])
    dataset = load_records(frame, name="frame")
    assert dataset.ids == ("1", "2")
    assert [sample.category for sample in dataset] == ["conv", ""]
    frame.loc[9, "reference"] = float("nan")
    assert refused(lambda: loaded(frame), DataError) == (
        "mine, record 1 (sample '2'): the reference answer in column 'reference' is nan, not text. "
        "Convert it to one text."
    )


def test_a_pandas_frame_with_two_columns_of_one_name():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed (it comes with pytest-emid[datasets])")
    frame = pandas.DataFrame(
        [["What?", "That.", "This.", png(0)]], columns=["question", "reference", "reference", "image"]
    )
    assert refused(lambda: loaded(frame), DataError) == "mine: two columns are named 'reference'. Rename one."


RENAME = "Rename the right one, or name it with columns="
WHERE = " (load_table, load_records, load_hub) or --emid-columns"
ENCODED = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAf" + "A" * 5000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": "none.png"}, "there is no image 'none.png' in {root}. "
         "Put it there, or pass the folder that holds it: images=..."),
        ({"image": "https://example.org/a.png"}, "'https://example.org/a.png' is an address, not a file. "
         "Download it, and name the file."),
        ({"image": "a\0b"}, "'a\\x00b' is not a path: embedded null byte."),
        ({"image": [png(1), None]}, "picture 2 of 2 in column 'image' is missing. Add it, or leave the sample out."),
        ({"image": 3}, "the image is 3. It must be a path, a picture, or the bytes of an image file."),
        ({"image": Image.new("F", (2, 2), 0.5)}, "the picture in memory holds floating-point numbers, and which of "
         "them is white is unknown. Save it with 8 bits."),
        ({"image": f"x{ENCODED}"}, f"{'x' + ENCODED[:39]!r}... (5041 characters) is too long for a path. If it is a "
         "picture, encoded in text (base64), decode it and pass its bytes to load_records, or save it as a file."),
        ({"question": " \n"}, "the question in column 'question' is empty. Add it, or leave the sample out."),
        ({"reference": ["x", 1]}, "reference answer 2 in column 'reference' is 1, not text. "
         "Give texts only, none of them empty."),
        ({"category": [1]}, "column 'category' holds [1], which is no label."),
    ],
)  # fmt: skip
def test_bad_values_name_record_and_sample(tmp_path, change, message):
    assert refused(lambda: loaded([record(**change)], images=tmp_path), DataError) == (
        f"mine, record 0 (sample 'a'): {message.replace('{root}', str(tmp_path))}"
    )


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        *(
            (lambda value=value: loaded([record(id=value)]), DataError,
             f"mine, record 0: the id in column 'id' is {value!r}; text or an integer is needed.")
            for value in (1.5, True, "")
        ),
        (lambda: loaded([record(image="a.png")]), DataError,
         "mine, record 0 (sample 'a'): the image is the path 'a.png'. Pass the folder that holds it: images=..."),
        (lambda: loaded([{"id": 1, "image": png(0), "asked": "?", "reference": "."}]), DataError,
         "mine, record 0: there is no column 'question' or 'query' for the question. There are: 'id', 'image', "
         f"'asked', 'reference'. {RENAME}{{'question': ...}}{WHERE} question=NAME."),
        (lambda: loaded([{"image": png(0), "question": "?", "said": "."}]), DataError,
         "mine, record 0: there is no column 'reference' or 'reference_answer' for the reference. "
         f"There are: 'image', 'question', 'said'. {RENAME}{{'reference': ...}}{WHERE} reference=NAME."),
        (lambda: loaded([record()], columns={"category": "kind"}), DataError,
         "mine, record 0: there is no column 'kind' for the category. There are: 'id', 'image', 'question', "
         f"'reference'. {RENAME}{{'category': ...}}{WHERE} category=NAME."),
        (lambda: loaded([record()], columns={"answer": "reference"}), DataError,
         "columns names 'answer', which is no field of a sample. "
         "Fields: id, image, question, reference, category, cluster, options, hint."),
        (lambda: loaded([record(), {"question": "?", "reference": ".", "image": png(0)}]), DataError,
         "mine, record 1: there is no 'id' in this record; it holds 'question', 'reference', 'image'. "
         "Add it, or leave the record out."),
        (lambda: loaded([record(), {"id": "b", "image": png(0), "question": "?"}]), DataError,
         "mine, record 1: there is no 'reference' in this record; it holds 'id', 'image', 'question'. "
         "Add it, or leave the record out."),
        (lambda: loaded([record(id=1), record(id=2), record(id="1")]), DataError,
         "mine, record 2: the id '1' is already that of mine, record 0. "
         "Ids pair clean with shifted samples, so each must be unique."),
        (lambda: loaded([]), DataError, "mine: there is no record in it."),
        (lambda: loaded("a.jsonl"), DataError,
         "mine: records are a list of dicts, or a table of pandas, polars or pyarrow, not str. "
         "For a file use load_table."),
        (lambda: loaded([record(), 3]), DataError, "mine, record 1: a dict is needed, not int."),
    ],
)  # fmt: skip
def test_refusals(call, error, message):
    assert refused(call, error) == message


def test_several_references_of_which_the_first_is_embedded():
    dataset = load_records([record(reference=["red", "crimson"]), record(id="b", reference=["blue"])], name="mine")
    assert (dataset[0].reference, dataset[0].accepted) == ("red", ("red", "crimson"))
    assert (dataset[1].references, dataset[1].accepted) == ((), ("blue",))
    changed = dataset[0].with_(reference="rot")
    assert changed.accepted == ("rot", "crimson")
