"""Everything that is wrong with data in practice, from a file of JSON lines: the error names file, line and remedy."""

import json
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from refusals import refused

from pytest_emid.data import load, scenes_dataset
from pytest_emid.errors import DataError

ROWS = [
    {"id": "1", "image": "a.png", "question": "What?", "reference": "A cat."},
    {"id": "2", "image": "a.png", "question": "Where?", "reference": "At home."},
]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data").mkdir()
    Image.new("RGB", (4, 4), "red").save(tmp_path / "data" / "a.png")
    Image.new("RGB", (4, 4), "red").save(tmp_path / "secret.png")
    return tmp_path / "data"


def written(folder, rows=ROWS, **last):
    rows = [*rows[:-1], {**rows[-1], **last}]
    (folder / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder / "mine.jsonl"


def noise(side):
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8))


def encoded(picture, format, **options):
    buffer = BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("last", "message"),
    [
        ({"image": "b.png"}, "FILE, line 2 (sample '2'): there is no image 'b.png' in FOLDER. "
         "Put it there, or pass the folder that holds it: images=..."),
        ({"image": "../secret.png"}, "FILE, line 2 (sample '2'): '../secret.png' leads out of the dataset's folder "
         "FOLDER. Move the file into it, or pass the folder that holds all files."),
        ({"question": " "}, "FILE, line 2 (sample '2'): the question in column 'question' is empty. "
         "Add it, or leave the sample out."),
        ({"reference": ""}, "FILE, line 2 (sample '2'): the reference answer in column 'reference' is empty. "
         "Add it, or leave the sample out."),
        ({"reference": None}, "FILE, line 2 (sample '2'): the reference answer in column 'reference' is None, "
         "not text. Convert it to one text."),
        ({"id": "1"}, "FILE, line 2: the id '1' is already that of FILE, line 1. "
         "Ids pair clean with shifted samples, so each must be unique."),
    ],
)  # fmt: skip
def test_bad_records(folder, last, message):
    path = written(folder, **last)
    assert refused(lambda: load(path), DataError) == message.replace("FILE", str(path)).replace("FOLDER", str(folder))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"id": "1", "image": "a.png", "prompt": "What?", "reference": "A cat."}],
         "line 1: there is no column 'question' or 'query' for the question. There are: 'id', 'image', 'prompt', "
         "'reference'. Rename the right one, or name it with columns={'question': ...} (load_table, load_records, "
         "load_hub) or --emid-columns question=NAME."),
        ([*ROWS, {"id": "3", "image": "a.png", "question": "Who?"}],
         "line 3: there is no 'reference' in this record; it holds 'id', 'image', 'question'. "
         "Add it, or leave the record out."),
    ],
)  # fmt: skip
def test_columns_that_are_not_there(folder, rows, message):
    path = written(folder, rows)
    assert refused(lambda: load(path), DataError) == f"{path}, {message}"


def cut(picture):
    return picture[: len(picture) // 2]


PICTURES = {
    "cut.png": (cut(encoded(noise(64), "PNG")), "is damaged: OSError: "),
    "cut.jpg": (cut(encoded(noise(64), "JPEG")), "is damaged: OSError: "),
    "text.png": (b"<svg/>", "is no picture in a known format ("),
    "program.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no picture in a known format ("),
    "moving.gif": (
        encoded(noise(8), "GIF", save_all=True, append_images=[Image.new("RGB", (8, 8))]),
        "is animated or has several pages, and a sample is one picture. Save the frame that is meant as PNG.",
    ),
    "huge.png": (
        encoded(noise(40), "PNG"),
        "has more pixels than PIL.Image.MAX_IMAGE_PIXELS allows (1000). "
        "Make it smaller, or raise that limit if you trust the file.",
    ),
    "depth.tif": (
        encoded(Image.fromarray(np.full((8, 8), 0.5, dtype=np.float32)), "TIFF"),
        "holds floating-point numbers, and which of them is white is unknown. Save it with 8 bits.",
    ),
}
REMEDY = "Replace the file, or leave the sample out."


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", PICTURES)
def test_bad_pictures(folder, monkeypatch, name):
    content, problem = PICTURES[name]
    (folder / name).write_bytes(content)
    path = written(folder, image=name)
    if name == "huge.png":
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    dataset = load(path)
    assert dataset[0].open_image().size == (4, 4)
    message = refused(dataset[1].open_image, DataError)
    assert message.startswith(f"{path}, line 2 (sample '2'): image {folder / name} {problem}")
    assert message.endswith(problem if problem.endswith(".") else REMEDY)


def test_a_picture_that_went_missing(folder):
    path = written(folder)
    dataset = load(path)
    (folder / "a.png").unlink()
    # two samples share the picture, and the first is named
    assert refused(dataset[1].open_image, DataError) == (
        f"{path}, line 1 (sample '1'): there is no image {folder / 'a.png'}. Put it there, or leave the sample out."
    )


def test_sixteen_bits_are_scaled(folder):
    Image.fromarray(np.full((4, 4), 0x8000, dtype=np.uint16)).save(folder / "deep.png")
    assert load(written(folder, image="deep.png"))[1].open_image().getpixel((0, 0)) == (128, 128, 128)


@pytest.mark.parametrize("spec", ["scenes:klingon", "scenes:hard:klingon"])
def test_an_unknown_language(spec):
    assert refused(lambda: load(spec), DataError) == (
        f"dataset {spec!r} names 'klingon', which is neither a domain nor a language. Write scenes, scenes:LANGUAGE, "
        "scenes:DOMAIN or scenes:DOMAIN:LANGUAGE. Domains: training, easy, normal, hard. Languages: en (English), "
        "de (German), zh (Chinese), ko (Korean), el (Greek), ar (Arabic), hi (Hindi)."
    )
    message = refused(lambda: scenes_dataset(3, language="klingon"), DataError)
    assert message.startswith("scenes: there is no language 'klingon'. Languages: en (English), ")
