"""Public benchmarks' formats: files drawn after their descriptions load by one call, and spoiled ones say where."""

import copy
import random

import pytest
from benchmark_files import FORMATS, SPOILED, WITHOUT, spoiled

from pytest_emid import data
from pytest_emid.errors import DataError

FILES = 20
VARIANTS = 300


@pytest.mark.parametrize("name", FORMATS)
def test_twenty_files_of_each_format_load_by_one_call(name, tmp_path):
    for seed in range(FILES):
        made = FORMATS[name](random.Random(f"{name} {seed}"))
        dataset = data.load(made.write(tmp_path / str(seed), made.rows))
        assert {sample.id: (sample.question, sample.accepted) for sample in dataset} == made.asked, seed
        assert all(sample.open_image().size == (3, 2) for sample in dataset)


@pytest.mark.parametrize("name", SPOILED)
def test_three_hundred_spoiled_files_name_the_record(name, tmp_path):
    assert VARIANTS % len(SPOILED) == 0
    for seed in range(VARIANTS // len(SPOILED)):
        made, rows, position = spoiled(random.Random(f"{name} {seed}"), name)
        path = made.write(tmp_path / str(seed), rows)
        with pytest.raises(DataError) as caught:
            data.load(path)[position].open_image()
        message = str(caught.value)
        assert made.place(position) in message, (seed, rows[position], message)
        assert message.endswith((".", "...")), message


@pytest.mark.parametrize("name", WITHOUT)
def test_a_row_without_a_picture_is_a_sample_without_one(name, tmp_path):
    for seed, change in enumerate(WITHOUT[name]):
        made = FORMATS[name](random.Random(f"{name} {seed}"))
        rows = copy.deepcopy(made.rows)
        change(rows[1])
        dataset = data.load(made.write(tmp_path / str(seed), rows))
        assert {sample.id: (sample.question, sample.accepted) for sample in dataset} == made.asked
        assert 0 < sum(not sample.pictures for sample in dataset) < len(dataset)
