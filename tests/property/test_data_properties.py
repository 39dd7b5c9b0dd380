"""Whatever texts a dataset holds, files keep them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from pytest_emid.data import Dataset, Sample, export, load_exported, load_table

FIELDS = ("id", "question", "reference", "category", "cluster")
# Other separators than a line feed are legal within JSON text, and all are within quotes of CSV.
ODD = st.sampled_from(["\u2028", "\x85", "\r", "\n", "\r\n", "\x00", '"', ",", "\ufeff", "\x1c", "\U0001f600"])
TEXTS = st.lists(ODD | st.text(st.characters(exclude_categories=["Cs"]), max_size=4), min_size=1, max_size=4).map(
    "".join
)
FILLED = TEXTS.filter(str.strip)
RECORDS = st.lists(st.tuples(FILLED, FILLED, FILLED, TEXTS, FILLED), min_size=1, max_size=4, unique_by=lambda r: r[0])


def fields(dataset: Dataset) -> list[tuple[str, ...]]:
    return [(s.id, s.question, s.reference, s.category, s.cluster) for s in dataset]


@given(records=RECORDS)
def test_json_lines_and_csv_hold_every_text(records: list[tuple[str, ...]]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        Image.new("RGB", (1, 1)).save(folder / "a.png")
        rows = [{**dict(zip(FIELDS, record, strict=True)), "image": "a.png"} for record in records]
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / "t.jsonl").write_bytes(lines.encode())
        with (folder / "t.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [*FIELDS, "image"], quoting=csv.QUOTE_ALL)
            writer.writeheader()
            writer.writerows(rows)
        known = [(*record[:3], record[3] if record[3].strip() else "", record[4]) for record in records]
        assert fields(load_table(folder / "t.jsonl")) == known  # a blank category is none
        assert fields(load_table(folder / "t.csv")) == known


@given(records=RECORDS, surrogate=st.booleans())
def test_an_export_holds_every_text(records: list[tuple[str, ...]], surrogate: bool) -> None:
    if surrogate:
        records = [(*record[:2], record[2] + "\ud83d", *record[3:]) for record in records]
    assume(len({record[0] for record in records}) == len(records))
    image = Image.new("RGB", (1, 1))
    samples = [Sample(r[0], image, r[1], r[2], category=r[3], cluster=r[4]) for r in records]
    with TemporaryDirectory() as name:
        folder = Path(name) / "x"
        noted = export(Dataset("any", samples), folder)
        assert fields(load_exported(folder, sha256=noted)) == records
