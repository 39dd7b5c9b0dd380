import numpy as np
import pytest
from PIL import Image
from refusals import refused

from pytest_emid.data import Dataset, LazyImage, Sample
from pytest_emid.errors import DataError


def picture(level=0, size=(4, 3)):
    return Image.new("RGB", size, (level, level, level))


def sample(id="a", **changes):
    fields = {"image": picture(), "question": "What?", "reference": "That."}
    return Sample(id=id, **{**fields, **changes})


def test_order_length_ids_and_clusters():
    dataset = Dataset("mine", [sample("b", cluster="p"), sample("a")])
    assert len(dataset) == 2
    assert dataset.ids == ("b", "a")
    assert dataset.clusters == ("p", "a")
    assert dataset[1].id == "a"
    assert [s.id for s in dataset[:1]] == ["b"]
    assert repr(dataset) == "Dataset('mine', 2 samples)"


def test_fingerprint_follows_content_and_not_the_name():
    base = Dataset("x", [sample("a"), sample("b")]).fingerprint
    assert Dataset("y", [sample("a"), sample("b")]).fingerprint == base
    others = [
        [sample("b"), sample("a")],
        [sample("a"), sample("b", question="Why?")],
        [sample("a"), sample("b", reference="This.")],
        [sample("a"), sample("b", image=picture(1))],
        [sample("a"), sample("b", image=picture(0, size=(3, 4)))],
        [sample("a")],
    ]
    prints = {Dataset("x", samples).fingerprint for samples in others}
    assert len(prints) == len(others)
    assert base not in prints


def test_fingerprint_does_not_confuse_neighbouring_fields():
    one = Dataset("x", [sample("a", question="ab", reference="c")])
    two = Dataset("x", [sample("a", question="a", reference="bc")])
    assert one.fingerprint != two.fingerprint


def test_subset_is_seeded_ordered_and_within():
    dataset = Dataset("x", [sample(str(i)) for i in range(20)], fingerprint="recipe")
    chosen = dataset.subset(5, seed=1)
    assert chosen.ids == dataset.subset(5, seed=1).ids
    assert [int(i) for i in chosen.ids] == sorted(int(i) for i in chosen.ids)
    assert chosen.ids != dataset.subset(5, seed=2).ids
    assert chosen.fingerprint != dataset.subset(5, seed=2).fingerprint != dataset.fingerprint


def test_first():
    dataset = Dataset("x", [sample(str(i)) for i in range(5)])
    assert dataset.first(2).ids == ("0", "1")
    assert dataset.first(9) is dataset


def test_map_keeps_ids_and_renames():
    dataset = Dataset("x", [sample("a")])
    shouted = dataset.map("x!", lambda s: s.with_(question=s.question.upper()))
    assert (shouted.name, shouted.ids, shouted[0].question) == ("x!", ("a",), "WHAT?")


def test_pictures_open_lazily_in_rgb():
    opened = []

    def load():
        opened.append(1)
        return Image.new("L", (2, 2), 7)

    dataset = Dataset("x", [sample("a", image=LazyImage(load, "file.png"))])
    assert opened == []
    assert np.asarray(dataset[0].open_image()).tolist() == [[[7, 7, 7]] * 2] * 2


@pytest.mark.parametrize(
    ("picture", "grey"),
    [
        (Image.fromarray(np.full((2, 2), 20000, np.uint16)), 78),  # not clipped at 255
        (Image.fromarray(np.full((2, 2), 20000, np.int32)), 78),
        (Image.new("RGBA", (2, 2), (0, 0, 0, 0)), 255),  # nothing to see is white, as in files
        (Image.new("LA", (2, 2), (0, 0)), 255),
        (Image.new("1", (2, 2), 1), 255),
    ],
    ids=["I;16", "I", "RGBA", "LA", "1"],
)
def test_pictures_in_memory_are_seen_as_those_in_files(picture, grey):
    for image in (picture, LazyImage(lambda: picture, "here")):
        one = sample("a", image=image)
        assert np.asarray(one.open_image()).tolist() == [[[grey] * 3] * 2] * 2


def test_a_picture_in_memory_is_upright():
    picture = Image.new("RGB", (3, 2))
    picture.getexif()[0x0112] = 6  # as a phone that is held upright says
    for image in (picture, LazyImage(lambda: picture, "here")):
        assert sample("a", image=image).open_image().size == (2, 3)
    assert picture.size == (3, 2)


def test_a_stratified_subset_keeps_the_shares_of_the_categories():
    kinds = "a" * 6 + "b" * 3 + "c"
    dataset = Dataset("x", [sample(str(i), category=kind) for i, kind in enumerate(kinds)], "recipe")

    def counts(n, seed=0):
        drawn = "".join(s.category for s in dataset.subset(n, seed, stratified=True))
        return tuple(drawn.count(kind) for kind in "abc")

    assert [counts(n) for n in range(1, 11)] == [
        *((1, 0, 0), (1, 1, 0), (2, 1, 0), (3, 1, 0), (3, 2, 0)),
        *((4, 2, 0), (4, 2, 1), (5, 2, 1), (5, 3, 1), (6, 3, 1)),
    ]
    one, same, other = (dataset.subset(5, seed, stratified=True) for seed in (0, 0, 1))
    assert one.ids == same.ids == tuple(sorted(one.ids, key=int))
    assert one.ids != other.ids
    prints = [d.fingerprint for d in (one, same, other, dataset.subset(5, 0))]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3
    assert len({dataset.subset(1, seed, stratified=True).ids for seed in range(20)}) > 3


def test_a_selection_by_id():
    dataset = Dataset("x", [sample(i) for i in "abcdefgh"], "recipe")
    easy = dataset.select(["c", "a"], name="easy")
    assert (easy.name, easy.ids, dataset.select("b").name) == ("easy", ("c", "a"), "x")
    assert len({d.fingerprint for d in (dataset, easy, dataset.select(["a", "c"]))}) == 3


def broken():
    raise OSError("broken data stream")


LETTERS = Dataset("x", [sample(i) for i in "abcdefgh"])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Dataset("mine", []), DataError, "dataset 'mine' is empty. Give it at least one sample."),
        (lambda: Dataset("mine", [sample("a"), sample("b"), sample("a")]), DataError,
         "dataset 'mine': samples 0 and 2 have the same id 'a'. "
         "Ids pair clean with shifted samples, so each must be unique."),
        (lambda: Dataset("mine", [sample("a", question=" \n")]), DataError,
         "dataset 'mine': sample 'a' has no question."),
        (lambda: Dataset("mine", [sample("a", reference="")]), DataError,
         "dataset 'mine': sample 'a' has no reference answer. "
         "EMI compares the model's answers with reference answers; add one, or leave the sample out."),
        (lambda: Dataset("x", [{"id": "a"}]), DataError,
         "dataset 'x': number 0 is a dict, not a Sample. For dicts use data.load_records."),
        *(
            (lambda made=made: Dataset("x", [made]), DataError,
             f"dataset 'x': the {field} of sample 0 is {value}, not text. Make it text.")
            for made, field, value in [
                (sample(7), "id", 7), (sample("a", question=None), "question", None),
                (sample("a", reference=1.5), "reference", 1.5),
            ]
        ),
        (lambda: LETTERS.subset(21, seed=0), DataError, "dataset 'x': cannot draw 21 of its 8 samples."),
        (lambda: LETTERS.subset(1, -1), DataError, "dataset 'x': a seed must be at least 0, not -1."),
        (lambda: LETTERS.first(0), DataError,
         "dataset 'x': cannot take the first 0 samples; take at least 1."),
        (lambda: LETTERS.select([*"az", 1, *"wvuts"]), DataError,
         "dataset 'x' has no sample 'z', 1, 'w', 'v', 'u' and 2 more. Its ids are such as 'a'; ids are text."),
        (lambda: LETTERS.select(["a", "a"]), DataError,
         "dataset 'x': samples 0 and 1 have the same id 'a'. "
         "Ids pair clean with shifted samples, so each must be unique."),
        (lambda: sample("a", image=Image.new("F", (2, 2), 0.5)).open_image(), DataError,
         "sample 'a': the picture in memory holds floating-point numbers, and which of them is white is unknown. "
         "Save it with 8 bits."),
        *(
            (lambda image=image: sample("a", image=image).open_image(), DataError,
             f"sample 'a': its image, from {where}, is a str, not a PIL image. Open or convert it first "
             "(PIL.Image.open, PIL.Image.fromarray), or use data.load_records, which takes paths.")
            for image, where in [
                ("a.png", "the picture in memory"), (LazyImage(lambda: "a.png", "a function"), "a function"),
            ]
        ),
        (lambda: sample("a", image=LazyImage(broken, "photos/a.png")).open_image(), DataError,
         "sample 'a': cannot read its image from photos/a.png: OSError: broken data stream. "
         "Replace the file, or leave the sample out of the dataset."),
    ],
)  # fmt: skip
def test_refusals(call, error, message):
    assert refused(call, error) == message
