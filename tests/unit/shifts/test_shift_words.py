"""Shifts of whole words: synonyms, words more and fewer, case and marks."""

import sys
import types
from collections import Counter

import pytest
import regex
from shifted_texts import LANGUAGES, QUESTION, shifted, words

from pytest_emid.errors import ShiftError
from pytest_emid.shifts.perturbations import wordnet
from pytest_emid.shifts.perturbations.thesaurus import _table, stop_words, synonyms_from


def test_synonyms_are_inflected_cased_and_agree_with_their_article() -> None:
    look_up = synonyms_from("builtin")
    assert "displayed" in look_up("shown")
    assert "depicting" in look_up("describing")
    assert look_up("pictures") == ("images", "photos", "photographs")
    assert look_up("dog's") == ("hound's",)
    assert look_up("children") == ("kids", "youngsters")
    assert look_up("zyx") == ()
    found = {shifted("synonym:5", "A picture. PICTURES! Is it a large image?", seed) for seed in range(40)}
    assert {text.split(".")[0] for text in found} == {"An image", "A photo", "A photograph"}
    assert {regex.search(r"\. (\w+)!", text)[1] for text in found} == {"IMAGES", "PHOTOS", "PHOTOGRAPHS"}
    assert {text.split("Is it ")[1].split()[0] for text in found} == {"a"}


def test_the_thesaurus_is_well_formed() -> None:
    table = _table()
    assert len(table) > 1000
    for word, others in table.items():
        assert others, word
        assert word not in others, word
        assert word not in stop_words(), word
        assert word == word.lower()
        assert word not in (other.lower() for other in others), word
    # What answers about scenes are made of must not change.
    answers = "red green blue yellow purple orange white black circle square triangle cross ring left right top"
    for word in regex.findall(r"\w+", answers):
        assert word not in table
        assert not any(word in others for others in table.values()), word


def test_synonyms_at_the_highest_level_replace_all_they_can() -> None:
    after = words(shifted("synonym:5", QUESTION))
    before = words(QUESTION)
    known = [i for i, w in enumerate(before) if w.lower() not in stop_words() and synonyms_from("builtin")(w.lower())]
    assert len(known) >= 4
    assert all(before[i] != after[i] for i in known)
    assert all(before[i] == after[i] for i in range(len(before)) if i not in known)


def test_published_synonyms_are_normalised_text_with_synonyms() -> None:
    normal = shifted("normalise_only", QUESTION)
    assert normal == "what is the color of the two large suitcases in the lower part of the picture"
    for level, count in ((4, 3), (7, 5)):  # 5 % per level of 16 words, rounded down
        after = shifted(f"synonym(rates=published):{level}", QUESTION)
        assert after == after.lower()
        assert sum(a != b for a, b in zip(normal.split(), after.split(), strict=True)) == count


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Is it A or B? <image>", "is it A or B <image>"),
        ("The well-known dog's  bowl -- 3,5 cm!", "the well known dogs bowl 3,5 cm"),
        ("Größe?", "größe"),
        ("?!", "?!"),
    ],
)
def test_normalise_only(text: str, normal: str) -> None:
    assert shifted("normalise_only", text) == normal


def test_word_shifts_count_words_and_keep_spaces_tidy() -> None:
    number = len(words(QUESTION))
    for level, rate in enumerate((0.1, 0.2, 0.3, 0.4, 0.5), start=1):
        count = int(rate * number + 0.5)
        for seed in range(5):
            deleted = shifted(f"word_delete:{level}", QUESTION, seed)
            assert len(words(deleted)) == number - count
            assert "  " not in deleted.replace("? ", "?")
            assert deleted[0] != " "
            assert not Counter(words(deleted)) - Counter(words(QUESTION))
            inserted = shifted(f"word_insert:{level}", QUESTION, seed)
            assert len(words(inserted)) >= number + count
            assert not Counter(words(QUESTION)) - Counter(words(inserted))
            swapped = shifted(f"word_swap:{level}", QUESTION, seed)
            assert Counter(words(swapped)) == Counter(words(QUESTION))
            assert swapped.endswith("?")


@pytest.mark.parametrize("name", ["word_delete", "word_swap", "word_insert"])
def test_one_word_is_left(name: str) -> None:
    for text in ("Why?", "...", "圆"):
        assert shifted(f"{name}:5", text).strip()
    assert shifted("word_delete:5", "Why?") == shifted("word_swap:5", "Why?") == "Why?"


def test_chinese_words_are_characters() -> None:
    text = LANGUAGES["zh"]
    assert len(shifted("word_delete:5", text)) == len(text) - 7  # half of 13 words, rounded half up
    assert " " not in shifted("word_insert:5", text)
    assert Counter(shifted("word_swap:5", text)) == Counter(text)


def test_case_forms() -> None:
    text = "What IS the size of it?"
    assert shifted("case:5", text) == "WHAT IS THE SIZE OF IT?"
    assert shifted("case(form=lower):5", text) == "what is the size of it?"
    assert shifted("case(form=title):5", text) == "What Is The Size Of It?"
    mixed = shifted("case(form=random):5", text)
    assert mixed.lower() == text.lower()
    assert mixed not in (text, text.upper(), text.lower())
    assert sum(w.isupper() for w in words(shifted("case:1", "one two three four five"))) == 1


def test_marks_are_those_of_the_script() -> None:
    for language, marks in (("en", ".,!?;:"), ("zh", "。，！？；："), ("ar", ".،!؟؛:"), ("hi", "।,!?;:")):
        added = Counter(shifted("punctuation:5", LANGUAGES[language])) - Counter(LANGUAGES[language])
        assert set(added) <= set(marks)
        assert added.total() == int(0.5 * len(words(LANGUAGES[language])) + 0.5)


class FakeLemma(str):
    def name(self) -> str:
        return str(self)


def fake_wordnet(monkeypatch, module: str, synsets) -> None:
    corpus = types.SimpleNamespace(synsets=synsets)
    if module == "nltk":
        monkeypatch.setitem(sys.modules, "nltk", types.ModuleType("nltk"))
        package = types.ModuleType("nltk.corpus")
        package.wordnet = corpus
        monkeypatch.setitem(sys.modules, "nltk.corpus", package)
    else:
        monkeypatch.setitem(sys.modules, "nltk", None)
        monkeypatch.setitem(sys.modules, "nltk.corpus", None)
        package = types.ModuleType("wn")
        package.lexicons = lambda lang: ["oewn"]
        package.synsets = lambda word, lang: synsets(word)
        monkeypatch.setitem(sys.modules, "wn", package)


@pytest.mark.parametrize("module", ["nltk", "wn"])
def test_wordnet_is_used_where_it_is(monkeypatch, module: str) -> None:
    def synsets(word):
        lemmas = [FakeLemma("Depiction"), FakeLemma("motion_picture"), FakeLemma(word)] if word == "picture" else []
        return [types.SimpleNamespace(lemmas=lambda: lemmas)]

    wordnet.synonyms.cache_clear()
    fake_wordnet(monkeypatch, module, synsets)
    assert wordnet.synonyms("picture") == ("depiction", "motion picture")
    found = {shifted("synonym(source=wordnet):5", "A picture of shapes", seed) for seed in range(20)}
    assert found == {"A depiction of shapes", "A motion picture of shapes"}
    wordnet.synonyms.cache_clear()


def test_wordnet_without_data(monkeypatch) -> None:
    def missing(word):
        raise LookupError("Resource wordnet not found")

    wordnet.synonyms.cache_clear()
    fake_wordnet(monkeypatch, "nltk", missing)
    monkeypatch.setitem(sys.modules, "wn", None)
    with pytest.raises(ShiftError) as caught:
        shifted("synonym(source=wordnet):1", "A picture")
    assert str(caught.value) == (
        "source=wordnet needs WordNet's data. Run `pip install nltk && python -m nltk.downloader wordnet`, or "
        "`pip install wn && python -m wn download oewn:2024`, or use source=builtin."
    )
    wordnet.synonyms.cache_clear()


@pytest.mark.parametrize(
    "text",
    ["\uf000\ue000 What is it?", "\ue012 What is it? 🙂", "\uefff"],
    ids=["and a higher one", "and an emoji", "alone"],
)
def test_texts_with_private_letters_are_left_by_paraphrases(text: str) -> None:
    for severity in range(1, 6):
        assert shifted(f"paraphrase:{severity}", text, 0) == text
