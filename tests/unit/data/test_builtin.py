import numpy as np
import pytest

from pytest_emid.data import load, scenes_dataset
from pytest_emid.errors import DataError


def test_three_questions_share_a_picture_and_a_cluster():
    dataset = scenes_dataset(9)
    assert dataset.ids[:3] == ("scene-000000-conversation", "scene-000000-detail", "scene-000000-complex")
    assert dataset.clusters[:4] == ("scene-000000",) * 3 + ("scene-000001",)
    first = [np.asarray(sample.open_image()) for sample in dataset[:3]]
    assert np.array_equal(first[0], first[1])
    assert np.array_equal(first[0], first[2])


@pytest.mark.parametrize("n", [1, 2, 3, 4, 100])
def test_any_size_and_a_longer_set_begins_with_the_shorter(n):
    assert len(scenes_dataset(n)) == n
    longer = scenes_dataset(120)
    assert [(s.id, s.question, s.reference) for s in scenes_dataset(n)] == [
        (s.id, s.question, s.reference) for s in longer[:n]
    ]


def test_500_samples_do_not_repeat():
    dataset = scenes_dataset(500)
    pictures = {sample.cluster: sample.open_image().tobytes() for sample in dataset}
    assert len(set(pictures.values())) == 167
    assert len({(pictures[s.cluster], s.question) for s in dataset}) == 500


def test_fingerprints_name_size_seed_and_stream():
    prints = [
        scenes_dataset(30).fingerprint,
        scenes_dataset(31).fingerprint,
        scenes_dataset(30, seed=1).fingerprint,
        scenes_dataset(30, stream="calibration").fingerprint,
    ]
    assert len(set(prints)) == 4
    assert scenes_dataset(30).fingerprint == prints[0]


def test_streams_share_no_picture():
    def pictures(dataset):
        return {sample.open_image().tobytes() for sample in dataset}

    assert not pictures(scenes_dataset(300)) & pictures(scenes_dataset(300, stream="calibration"))


def test_load_by_name():
    assert load("scenes", 12, 3).fingerprint == scenes_dataset(12, 3).fingerprint
    assert len(load("scenes")) == 300


def test_unknown_name():
    with pytest.raises(DataError) as caught:
        load("coco")
    assert str(caught.value) == (
        "unknown built-in dataset 'coco'. Known: scenes. For your own data define the fixture emid_dataset in "
        "conftest.py and return a pytest_emid.data.Dataset."
    )


def test_at_least_one_sample():
    with pytest.raises(DataError) as caught:
        scenes_dataset(0)
    assert str(caught.value) == "scenes: cannot make 0 samples; ask for at least 1."
