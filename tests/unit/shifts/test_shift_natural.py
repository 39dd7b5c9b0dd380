import pytest
from PIL import Image
from refusals import refused

from pytest_emid.data import Dataset, Sample
from pytest_emid.errors import ShiftError
from pytest_emid.shifts.base import Shift
from pytest_emid.shifts.natural import natural
from pytest_emid.shifts.parallel import parallel_text


def dataset(name, ids, question="What, {}?", fingerprint=None, **changes):
    image = Image.new("RGB", (2, 2))
    samples = [Sample(i, image, question.format(i), f"That {i}.", cluster=f"{name}-{i}") for i in ids]
    return Dataset(name, [sample.with_(**changes) for sample in samples], fingerprint)


def test_an_unpaired_shift_is_the_other_dataset_as_it_is():
    clean, night = dataset("day", "abc"), dataset("night", "xyzuv")
    shift = natural(night)
    assert isinstance(shift, Shift)
    assert (shift.id, str(shift), shift.modality, shift.paired) == ("night", "night", "natural", False)
    assert shift.apply(clean, seed=3) is night
    assert natural(night, id="dark").id == "dark"
    assert repr(natural(night)) == "NaturalShift(id='night', paired=False)"


def test_a_paired_shift_follows_the_clean_ids_and_clusters():
    clean, german = dataset("english", "ab"), dataset("german", "xba", "Was, {}?")
    shift = natural(german, paired=True)
    shifted = shift.apply(clean, seed=0)
    assert shift.paired is True
    assert shifted.name == "english/german"
    assert [(s.id, s.question, s.cluster) for s in shifted] == [
        ("a", "Was, a?", "english-a"),
        ("b", "Was, b?", "english-b"),
    ]
    assert shifted.recipe is None
    assert shifted.fingerprint == Dataset("any", shifted).fingerprint


def test_a_recipe_and_the_chosen_ids_make_the_fingerprint():
    german = dataset("german", "abc", "Was, {}?", fingerprint="recipe")
    prints = [natural(german, paired=True).apply(dataset("e", ids), 0).fingerprint for ids in ("ab", "ba", "abc", "ab")]
    assert len(set(prints)) == 3
    assert prints[0] == prints[3]
    assert "recipe" not in prints


def test_parallel_text_replaces_the_questions_only():
    clean = dataset("english", "ab", category="conv")
    shift = parallel_text("sr_4", {"b": "what b", "a": "what a", "unused": "x"})
    assert isinstance(shift, Shift)
    assert (shift.id, str(shift), shift.modality, shift.paired) == ("sr_4", "sr_4", "textual", True)
    shifted = shift.apply(clean, seed=0)
    assert shifted.name == "english/sr_4"
    assert [s.question for s in shifted] == ["what a", "what b"]
    assert [s.with_(question="") for s in shifted] == [s.with_(question="") for s in clean]
    again = parallel_text("other", {"a": "what a", "b": "what b"}).apply(clean, seed=1)
    assert shifted.fingerprint == again.fingerprint != clean.fingerprint
    assert parallel_text("sr_4", {"a": "what a", "b": "?"}).apply(clean, 0).fingerprint != shifted.fingerprint


TWELVE = dataset("english", [str(i) for i in range(12)])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: natural(dataset("german", "bx"), paired=True).apply(dataset("english", "abc"), 0), ShiftError,
         "shift 'german' is paired, but dataset 'german' lacks 2 of the 3 samples of 'english': 'a', 'c'. "
         "Give it samples with these ids, or pass paired=False to compare the two sets as they are."),
        (lambda: natural(dataset("x", "a"), id=" "), ShiftError,
         "a shift's id must be text, not ' '. Pass one: natural(dataset, id='night')."),
        (lambda: natural("scenes:de", paired=True), ShiftError,
         "a natural shift is made of a dataset, not of 'scenes:de'. Load it first: data.load('scenes:de'), "
         "for example."),
        (lambda: parallel_text("", {}), ShiftError,
         "a shift's id must be text, not ''. Pass one: parallel_text('sr_4', texts)."),
        (lambda: parallel_text("sr", {"a": None}), ShiftError,
         "shift 'sr': sample ids and texts are strings, not 'a': None."),
        (lambda: parallel_text("sr_4", ["what is it?"]), ShiftError,
         "shift 'sr_4': texts are a mapping from sample id to question, not list."),
        (lambda: parallel_text("sr", {"11": "what"}).apply(TWELVE, 0), ShiftError,
         "shift 'sr' has no text for 11 of the 12 samples of dataset 'english': '0', '1', '2', '3', '4', '5', '6', "
         "'7', '8', '9' and 1 more. Add them, or leave these samples out."),
        (lambda: parallel_text("sr", {s.id: s.question for s in TWELVE}).apply(TWELVE, 0), ShiftError,
         "shift 'sr' changed none of the 12 questions of dataset 'english', so it would measure nothing. "
         "The first question is 'What, 0?'. Is it the right column?"),
    ],
)  # fmt: skip
def test_refusals(call, error, message):
    assert refused(call, error) == message
