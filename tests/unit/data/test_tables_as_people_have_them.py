"""Tables and pictures as people have them: right, or an error that names row, cause and remedy."""

import base64
import csv
import json
import unicodedata
import warnings
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from refusals import refused

from pytest_emid import Sample, data
from pytest_emid.errors import DataError

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8))


def encoded(image, format="PNG", **options):
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def row(image, **changes):
    return {"id": "a", "image": image, "question": "What is it?", "reference": "A cat.", **changes}


def lines(path, rows):
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path


# -- pictures --


def test_a_closed_picture(tmp_path):
    NOISE.save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        pass
    message = refused(lambda: data.load_records([row(picture)], name="mine"), DataError)
    assert message.startswith("mine, record 0 (sample 'a'): the picture in memory cannot be read any more (")
    assert message.endswith("Load it before its file is closed (image.load(), within the `with`), or give its path.")
    again = refused(Sample("a", picture, "q", "r").open_image, DataError)
    assert again.startswith("sample 'a': the picture in memory cannot be read any more (")


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage!", b"\xff\xfe", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_exif_that_cannot_be_read_is_passed_over(exif):
    jpeg = encoded(NOISE, "JPEG", exif=exif)
    assert data.load_records([row(jpeg)])[0].open_image().size == (64, 48)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's own, on opening
        opened = Image.open(BytesIO(jpeg))
    assert Sample("a", opened, "q", "r").open_image().size == (64, 48)


def test_heic_where_it_is_registered(tmp_path, monkeypatch):
    heic = b"\0\0\0\x18ftypheic\0\0\0\0" + b"\0" * 40
    for opened in (Image.OPEN, Image.EXTENSION):
        monkeypatch.setattr(Image, "OPEN" if opened is Image.OPEN else "EXTENSION", dict(opened))
    Image.init()
    Image.OPEN.pop("HEIF", None)
    (tmp_path / "a.heic").write_bytes(heic)
    sample = data.load_records([row("a.heic")], images=tmp_path)[0]
    assert refused(sample.open_image, DataError).endswith(
        "It is HEIC: pip install pillow-heif, and in conftest.py pillow_heif.register_heif_opener()."
    )
    pillow_heif = pytest.importorskip("pillow_heif", reason="pillow-heif is not installed")
    pillow_heif.register_heif_opener()
    NOISE.save(tmp_path / "a.heic")
    assert sample.open_image().size == (64, 48)
    assert data.load_records([row(Image.open(tmp_path / "a.heic"))])[0].open_image().size == (64, 48)


def test_an_opener_that_is_registered_late_is_used(tmp_path, monkeypatch):
    """As pillow_heif's, whose name of the format it bears."""
    monkeypatch.setattr(Image, "OPEN", dict(Image.OPEN))
    monkeypatch.setattr(Image, "ID", list(Image.ID))
    heic = b"\0\0\0\x18ftypheic" + encoded(NOISE)
    sample = data.load_records([row(heic)])[0]

    def opener(file, name):
        file.seek(12)
        return Image.open(BytesIO(file.read()))

    Image.register_open("HEIF", opener, lambda start: start[4:8] == b"ftyp")
    assert sample.open_image().tobytes() == NOISE.tobytes()


def test_animated_pictures_and_black_integers_are_refused():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    moving = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    for image in (moving, Image.open(BytesIO(moving))):
        message = refused(data.load_records([row(image)])[0].open_image, DataError)
        assert "is animated or has several pages, and a sample is one picture." in message
    dark = Image.fromarray(np.asarray(NOISE.convert("L")).astype(np.int32))
    assert "next to nothing could be seen" in refused(lambda: data.load_records([row(dark)]), DataError)


def test_pictures_in_text_are_decoded(tmp_path):
    text = base64.b64encode(encoded(NOISE)).decode()
    wrapped = "\n".join(text[i : i + 76] for i in range(0, len(text), 76))
    for cell in (text, wrapped, f"data:image/png;base64,{text}"):
        assert data.load_records([row(cell)])[0].open_image().tobytes() == NOISE.tobytes()
    message = refused(lambda: data.load_records([row(text[:200] + "*" + text[200:])], name="mine"), DataError)
    assert message.startswith("mine, record 0 (sample 'a'): the picture, encoded in text (base64), is damaged: ")


@pytest.mark.parametrize("stored", ["NFC", "NFD"])
def test_names_are_found_however_their_accents_are_written(tmp_path, stored):
    folder, name = (unicodedata.normalize(stored, text) for text in ("größe", "straße é.png"))
    (tmp_path / folder).mkdir()
    NOISE.save(tmp_path / folder / name)
    for form in ("NFC", "NFD"):
        named = unicodedata.normalize(form, "größe/straße é.png")
        assert data.load_records([row(named)], images=tmp_path)[0].open_image().size == (64, 48)


def test_windows_paths(tmp_path):
    (tmp_path / "photos").mkdir()
    NOISE.save(tmp_path / "photos" / "a.png")
    assert data.load_records([row(r"photos\a.png")], images=tmp_path).clusters == ("photos/a.png",)
    message = refused(lambda: data.load_records([row(r"C:\data\a.png")], name="mine", images=tmp_path), DataError)
    assert message == (
        f"mine, record 0 (sample 'a'): 'C:\\\\data\\\\a.png' is a path of a Windows machine. "
        f"Name the file as it lies in {tmp_path}: 'photos/a.png'."
    )
    message = refused(lambda: data.load_records([row(r"..\a.png")], name="mine", images=tmp_path / "photos"), DataError)
    assert message.startswith(r"mine, record 0 (sample 'a'): there is no image '..\\a.png' in ")


def test_folders_behind_links(tmp_path):
    (tmp_path / "real" / "photos").mkdir(parents=True)
    NOISE.save(tmp_path / "real" / "photos" / "a.png")
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    table = lines(tmp_path / "real" / "t.jsonl", [row("photos/a.png")])
    for name in (table, tmp_path / "linked" / "t.jsonl"):
        assert data.load(name)[0].open_image().size == (64, 48)


def test_files_of_one_content_are_one_cluster_whatever_they_are_called(tmp_path):
    for name in ("a.png", "copy.png"):
        NOISE.save(tmp_path / name)
    other = bytearray((tmp_path / "a.png").read_bytes())
    other[-1] ^= 1
    (tmp_path / "same size.png").write_bytes(other)
    names = ["a.png", "copy.png", "same size.png", "a.png"]
    dataset = data.load_records([row(n, id=str(i)) for i, n in enumerate(names)], images=tmp_path)
    assert dataset.clusters == ("a.png", "a.png", "same size.png", "a.png")
    assert dataset[0].image is dataset[1].image is dataset[3].image


# -- tables --


def test_integer_labels_beside_gaps_and_numbers_as_answers():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    rows = [
        row(encoded(NOISE), id=str(i), category=c, reference=r) for i, (c, r) in enumerate([(1, 3), (None, 4), (2, 5)])
    ]
    dataset = data.load_records(pandas.DataFrame(rows))
    assert [sample.category for sample in dataset] == ["1", "", "2"]
    assert [sample.reference for sample in dataset] == ["3", "4", "5"]
    assert data.load_records([row(encoded(NOISE), reference=2.5)])[0].reference == "2.5"


class FakeFrame:
    """What of a polars frame is used, and the method that it shares with pandas and means another thing by."""

    def __init__(self, rows):
        self.rows, self.columns = rows, list(rows[0])

    def iter_rows(self, *, named):
        assert named
        return iter(self.rows)

    def to_dict(self, *, as_series=True):
        raise AssertionError("that is pandas'")


class FakeQuery:
    def __init__(self, rows):
        self.rows = rows

    def lazy(self):
        return self

    def collect(self):
        return FakeFrame(self.rows)


def as_pandas(rows):
    return pytest.importorskip("pandas", reason="pandas is not installed").DataFrame(rows)


def as_polars(rows):
    return pytest.importorskip("polars", reason="polars is not installed").DataFrame(rows)


def as_pyarrow(rows):
    return pytest.importorskip("pyarrow", reason="pyarrow is not installed").Table.from_pylist(rows)


@pytest.mark.parametrize("table", [FakeFrame, FakeQuery, as_pandas, as_polars, as_pyarrow])
def test_tables_of_every_library(table):
    dataset = data.load_records(table([row(encoded(NOISE), id=i) for i in range(2)]))
    assert dataset.ids == ("0", "1")
    assert dataset[1].open_image().tobytes() == NOISE.tobytes()


def test_a_value_longer_than_python_allows_in_tables(tmp_path):
    text = base64.b64encode(encoded(NOISE.resize((400, 300)), "BMP")).decode()
    assert len(text) > 131_072
    before = csv.field_size_limit()
    for name, mark in (("m.tsv", "\t"), ("m.csv", ",")):
        (tmp_path / name).write_text(f"index{mark}image{mark}question{mark}answer\n1{mark}{text}{mark}Which?{mark}A\n")
        assert data.load_table(tmp_path / name)[0].open_image().size == (400, 300)
    (tmp_path / "m.tsv").write_text(f'index\timage\tquestion\tanswer\n1\t{text}\t"Which\none?"\tA\n')
    assert data.load_table(tmp_path / "m.tsv")[0].question == "Which\none?"
    assert csv.field_size_limit() == before


def test_quotes_in_tsv(tmp_path):
    NOISE.save(tmp_path / "a.png")
    head = "image\tquestion\treference\n"
    (tmp_path / "q.tsv").write_text(f'{head}a.png\t"How tall, 6\'\ty\na.png\tWhat? 5"\tz\na.png\t"A ""b"""\tw\n')
    assert [s.question for s in data.load_table(tmp_path / "q.tsv")] == ["\"How tall, 6'", 'What? 5"', 'A "b"']
    (tmp_path / "q.tsv").write_text(f'{head}a.png\t"two\nlines"\ty\na.png\tOne\tz\n')
    assert [s.question for s in data.load_table(tmp_path / "q.tsv")] == ["two\nlines", "One"]
    (tmp_path / "q.tsv").write_text(f'{head}a.png\t"How tall\ty\na.png\tWhat? 5"\tz\na.png\t"two\nlines"\tw\n')
    assert refused(lambda: data.load_table(tmp_path / "q.tsv"), DataError) == (
        f"{tmp_path / 'q.tsv'}, line 2: a quote in this record closes 1 lines below, with whole records between. "
        "Take the quote away, or put the value in double quotes and double the quotes in it."
    )


def test_the_place_of_the_picture_in_a_question_is_taken_out():
    asked = {
        "<image>\nWhat?": "What?",
        "What?\n<image>": "What?",
        "Is <image> red?": "Is <image> red?",
        "<image>": "<image>",
    }
    dataset = data.load_records([row(encoded(NOISE), id=str(i), question=q) for i, q in enumerate(asked)])
    assert [sample.question for sample in dataset] == list(asked.values())


# -- which rows, and which columns --

PLACED = [
    row(encoded(NOISE), id="1", split="dev"),
    row(None, id="2", split="dev"),
    row(encoded(NOISE), id="3", split="test"),
]


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("image", ("1", "3")),
        ("image,split=dev", ("1",)),
        ({"split": ["test"]}, ("3",)),
        (lambda values: values["id"] == "3", ("3",)),
    ],
)
def test_rows_are_chosen(where, ids):
    assert data.load_records(PLACED, where=where).ids == ids


def test_rows_are_changed_and_columns_left_out():
    dataset = data.load_records(
        PLACED, where="image", columns={"id": ""}, map=lambda values: {**values, "question": values["question"].upper()}
    )
    assert [(s.id, s.question) for s in dataset] == [("0", "WHAT IS IT?"), ("1", "WHAT IS IT?")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"where": "splits=dev"}, "mine: where= asks for the column 'splits', which no record has. There are: 'id', "
         "'image', 'question', 'reference', 'split'."),
        ({"where": {"split": "train"}}, "mine: where= takes none of the 3 records. Let it take some."),
        ({"where": "=x"}, "where '=x' is not COLUMN or COLUMN=VALUE, joined by commas."),
        ({"where": 3}, "where= is text, a dict or a function, not int."),
        ({"where": lambda values: values["x"]}, "mine, record 0: where= failed: KeyError: 'x'."),
        ({"map": lambda values: None}, "mine, record 0: map= gave a NoneType; it must give a dict of columns."),
    ],
)  # fmt: skip
def test_what_chooses_no_rows(options, message):
    assert refused(lambda: data.load_records(PLACED, name="mine", **options), DataError) == message


def test_columns_and_rows_by_name(tmp_path):
    NOISE.save(tmp_path / "a.png")
    table = lines(tmp_path / "t.jsonl", [{"image": "a.png", "prompt": f"{i}?", "label": "x", "n": i} for i in range(3)])
    assert [s.question for s in data.load(table, columns="question=prompt", where="n=1")] == ["1?"]
    assert refused(lambda: data.load(table, columns="prompt"), DataError) == (
        "columns 'prompt' are not FIELD=COLUMN,...: write for example question=prompt,id=number."
    )
    assert refused(lambda: data.load("scenes", columns="id=x", where="y"), DataError) == (
        "dataset 'scenes' is no table, so columns and where say nothing of it. Leave them out."
    )


# -- multiple choice --


@pytest.mark.parametrize(
    ("given", "letter"),
    [
        ("B", "B"),
        ("b.", "B"),
        ("(B)", "B"),
        ("a dog", "B"),
        ("A dog.", "B"),
        (1, "B"),
        ("1", "B"),
        (2.0, "C"),
        (["C"], "C"),
    ],
)
def test_the_right_option_by_letter_text_or_number(given, letter):
    options = ["a cat", "a dog", "3"]
    (sample,) = data.load_records([row(encoded(NOISE), choices=options, reference=given)])
    assert sample.accepted == (letter, options["ABC".index(letter)])


def test_options_that_the_question_states_are_not_stated_twice():
    question = "What is it?\nA. cat\nB. dog\nAnswer with a letter."
    changes = {"question": question, "options": ["cat", "dog"], "reference": "A"}
    assert data.load_records([row(encoded(NOISE), **changes)])[0].question == question


def test_columns_a_and_b_that_are_no_options():
    given = row(encoded(NOISE), A="left side", B="right side")
    message = refused(lambda: data.load_records([given], name="mine"), DataError)
    assert message == (
        "mine, record 0 (sample 'a'): the answer in column 'reference' is 'A cat.', which is none of the options (A. "
        "left side, B. right side). Give a letter, the text of an option, or its number counted from 0; or, where "
        "these are no options, columns={'options': ''}."
    )
    assert data.load_records([given], columns={"options": ""})[0].question == "What is it?"


def test_an_answer_that_is_the_text_of_one_option_and_the_number_of_another():
    given = row(encoded(NOISE), choices=["1", "2"], reference="1")
    assert refused(lambda: data.load_records([given], name="mine"), DataError) == (
        "mine, record 0 (sample 'a'): the answer '1' in column 'reference' is the text of option A, and the number of "
        "option B. Say which with map=, for example by its letter."
    )
