import json
from io import BytesIO

import pytest
from PIL import Image

from pytest_emid.data.tables import load_table
from pytest_emid.errors import DataError

ROWS = [
    {"id": "1", "image": "a.png", "question": "What, then?", "reference": 'A "cat".\nBlack.', "category": "conv"},
    {"id": "2", "image": "a.png", "question": "Où? \u2028 \u4f55", "reference": "Là.", "category": "detail"},
]


@pytest.fixture(autouse=True)
def image(tmp_path):
    Image.new("RGB", (2, 2), (1, 2, 3)).save(tmp_path / "a.png")


def write(path, content):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refused(path, **options):
    with pytest.raises(DataError) as caught:
        load_table(path, **options)
    return str(caught.value)


def separated(delimiter):
    def field(text):
        return '"' + text.replace('"', '""') + '"'

    lines = [delimiter.join(ROWS[0]), *(delimiter.join(map(field, row.values())) for row in ROWS)]
    return "\ufeff" + "\r\n".join(lines) + "\r\n"


CONTENTS = {
    "t.jsonl": "\ufeff" + "\n\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS) + "\n",
    "t.json": json.dumps(ROWS),
    "t.csv": separated(","),
    "t.TSV": separated("\t"),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_every_format_gives_the_same_samples(tmp_path, name):
    dataset = load_table(write(tmp_path / name, CONTENTS[name]))
    assert dataset.name == "t"
    fields = [(s.id, s.question, s.reference, s.category, s.cluster) for s in dataset]
    assert fields == [(r["id"], r["question"], r["reference"], r["category"], "a.png") for r in ROWS]
    assert dataset[0].open_image().getpixel((0, 0)) == (1, 2, 3)
    assert load_table(tmp_path / name).fingerprint == dataset.fingerprint


def test_columns_images_and_name(tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "a.png").rename(tmp_path / "pictures" / "a.png")
    path = write(tmp_path / "t.csv", "n,file,text,label\n4,a.png,Who?,Me.\n")
    columns = {"id": "n", "image": "file", "question": "text", "reference": "label"}
    dataset = load_table(str(path), columns=columns, images=tmp_path / "pictures", name="mine")
    assert (dataset.name, dataset.ids, dataset[0].reference) == ("mine", ("4",), "Me.")


def line(**changes):
    return json.dumps({**ROWS[0], **changes})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.jsonl", "", "{path}: there is no record in it."),
        ("t.jsonl", f"{line()}\n{{", "{path}, line 2: not JSON: Expecting property name enclosed in double quotes: "
         "line 1 column 2 (char 1). The file must hold one JSON object a line."),
        ("t.jsonl", "[1]", "{path}, line 1: a list, not an object. One JSON object a line is needed."),
        ("t.jsonl", b'\n{"id": "caf\xe9"}', "{path}, line 2: not UTF-8 (byte 12). Save the file as UTF-8."),
        ("t.jsonl", "[" * 100_000, "{path}, line 1: not JSON: "),
        ("t.jsonl", f"{line()}\n\n{line()}\n", "{path}, line 3: the id '1' is already that of {path}, line 1. "
         "Ids pair clean with shifted samples, so each must be unique."),
        ("t.jsonl", line(question=""), "{path}, line 1 (sample '1'): the question in column 'question' is empty. "
         "Add it, or leave the sample out."),
        ("t.jsonl", line(image="../x.png"), "{path}, line 1 (sample '1'): '../x.png' leads out of the dataset's "
         "folder {root}. Move the file into it, or pass the folder that holds all files."),
        ("t.json", "{}", "{path}: a list of objects, or objects by id, is needed; this object holds nothing."),
        ("t.json", "3", "{path}: a list of objects is needed, not a int."),
        ("t.json", "[3]", "{path}, record 0: a int, not an object."),
        ("t.json", "[", "{path}: not JSON in UTF-8: Expecting value: line 1 column 2 (char 1)."),
        ("t.csv", "id,image,question,reference\n1,a.png,a,b,c\n", "{path}, line 2: 5 values for 4 columns. "
         "Put values that hold ',', quotes or line breaks in double quotes."),
        ("t.csv", 'id,image,question,reference\n1,a.png,"two\nlines",b\n1,a.png,c,d\n', "{path}, line 4: the id '1' "
         "is already that of {path}, line 2. Ids pair clean with shifted samples, so each must be unique."),
        ("t.csv", 'id,image\n1,"a\n', "{path}, line 2: unexpected end of data. Check the quotes of this record."),
        ("t.csv", "id,image,id\n", "{path}, line 1: two columns are named 'id'. Rename one."),
        ("t.csv", b"id\n\xff\n", "{path}: not UTF-8 (byte 4). Save the file as UTF-8."),
        ("t.csv", "id,image\n", "{path}: there is no record in it."),
        ("t.xlsx", "", "{path}: tables end in .jsonl, .json, .csv, .tsv, .parquet, not in '.xlsx'. "
         "Rename or convert it."),
    ],
)  # fmt: skip
def test_bad_files_name_the_line(tmp_path, name, content, message):
    path = write(tmp_path / name, content)
    expected = message.replace("{path}", str(path)).replace("{root}", str(tmp_path))
    assert refused(path).startswith(expected) if message.endswith(": ") else refused(path) == expected


def test_columns_that_are_separated_by_something_else(tmp_path):
    path = write(tmp_path / "t.csv", separated(";"))
    assert refused(path) == (
        f"{path}, line 1: the only column is 'id;image;question;reference;category'; columns seem to be separated by "
        "';'. Save the file as .csv with commas or as .tsv with tabs."
    )


@pytest.mark.parametrize("name", ["t.jsonl", "t.json", "t.csv"])
def test_missing_file(tmp_path, name):
    assert refused(tmp_path / name) == f"cannot read {tmp_path / name}: No such file or directory. Check the path."


def test_parquet_with_paths_and_embedded_images(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed (it comes with pytest-emid[datasets])")
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / "t.parquet")
    dataset = load_table(tmp_path / "t.parquet")
    assert [s.question for s in dataset] == [row["question"] for row in ROWS]
    buffer = BytesIO()
    Image.new("RGB", (2, 2), (9, 9, 9)).save(buffer, "PNG")
    embedded = [{**row, "image": {"bytes": buffer.getvalue(), "path": None}} for row in ROWS]
    parquet.write_table(pyarrow.Table.from_pylist(embedded), tmp_path / "e.parquet")
    dataset = load_table(tmp_path / "e.parquet")
    assert dataset[1].open_image().getpixel((0, 0)) == (9, 9, 9)
    assert len(set(dataset.clusters)) == 1
    parquet.write_table(pyarrow.Table.from_pylist([ROWS[0], ROWS[0]]), tmp_path / "d.parquet")
    assert refused(tmp_path / "d.parquet") == (
        f"{tmp_path / 'd.parquet'}, row 1: the id '1' is already that of {tmp_path / 'd.parquet'}, row 0. "
        "Ids pair clean with shifted samples, so each must be unique."
    )
    write(tmp_path / "bad.parquet", "PAR1")
    assert refused(tmp_path / "bad.parquet").startswith(f"{tmp_path / 'bad.parquet'}: cannot be read as parquet: ")
    assert refused(tmp_path / "no.parquet") == (
        f"cannot read {tmp_path / 'no.parquet'}: No such file or directory. Check the path."
    )


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert refused(write(tmp_path / "t.parquet", "")) == (
        f"{tmp_path / 't.parquet'}: parquet needs pyarrow: pip install 'pytest-emid[datasets]'."
    )
