"""Textual shifts: what they change, how much of it, and what they must leave whole."""

import itertools
import json
import os
import sys
import types
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import regex

from pytest_emid import shifts
from pytest_emid.errors import ShiftError
from pytest_emid.shifts.perturbations import hangul, wordnet
from pytest_emid.shifts.perturbations.layouts import LAYOUTS, latin_layout, layout_of, neighbours
from pytest_emid.shifts.perturbations.scripts import ALPHABETS, letters_of, script_of
from pytest_emid.shifts.perturbations.thesaurus import _table, stop_words, synonyms_from
from pytest_emid.shifts.perturbations.tokens import graphemes, join, tokenize

NAMES = shifts.names("textual")
QUESTION = "What is the color of the two large suitcases in the lower part of the picture?"
LANGUAGES = {
    "en": QUESTION,
    "de": "Welche Farbe haben die größten Koffer auf dem unteren Teil des Bildes?",
    "el": "Ποιο είναι το χρώμα του μεγάλου κύκλου στο κάτω μέρος της εικόνας;",
    "ru": "Какого цвета большой круг в нижней части картинки?",
    "ar": "ما هو لون الدائرة الكبيرة في الجزء السفلي من الصورة؟",
    "hi": "चित्र के निचले भाग में बड़े वृत्त का रंग क्या है?",
    "ko": "그림의 아래쪽에 있는 큰 원의 색은 무엇입니까?",
    "zh": "图片下方的大圆形是什么颜色？",
}


def shifted(shift: str, text: str, seed: int = 0) -> str:
    return shifts.parse(shift).apply_text(text, seed, "s")


def words(text: str) -> list[str]:
    return [token.text for token in tokenize(text, "none") if token.kind == "word"]


# -- the pieces of a text --


def test_pieces_join_to_the_text_and_protection_is_as_told() -> None:
    text = "Is <image 1> A: 3.5 cm, (B) 12:30 or C? A dog's <|image|> well-known I_1 [IMG] {name} 圆是，x２"
    for protect in ("all", "placeholders", "none"):
        assert join(tokenize(text, protect)) == text
    kept = {
        protect: [t.text for t in tokenize(text, protect) if t.kind == "kept"]
        for protect in ("all", "placeholders", "none")
    }
    assert kept["none"] == []
    assert kept["placeholders"] == ["<image 1>", "<|image|>", "[IMG]", "{name}"]
    assert kept["all"] == ["<image 1>", "A", "3.5", "B", "12:30", "C", "<|image|>", "1", "[IMG]", "{name}"]
    assert [t.text for t in tokenize(text, "all") if t.kind == "word"] == [
        *("Is", "cm", "or", "A", "dog's", "well-known", "I", "圆", "是", "x２")
    ]


def test_numbers_are_protected_whole_and_with_what_is_written_onto_them() -> None:
    text = 'Is 12kg or 1,250mm the 3rd of 12개의 3D <img src="a b.png"> 12months x2 B52 १२ 10:30am?'
    kept = [t.text for t in tokenize(text, "all") if t.kind == "kept"]
    assert kept == ["12kg", "1,250mm", "3rd", "12", "3D", '<img src="a b.png">', "12", "१२", "10:30am"]
    numbers = ("12kg", "1,250mm", "3rd")
    for name in NAMES:
        for shift in shifts.textual(name):
            for seed in range(3):
                after = shift.apply_text("Does it weigh 12kg, is it 1,250mm long, or the 3rd of its kind?", seed, "s")
                assert all(regex.search(rf"(?<![\w.,]){number}(?![a-z])", after) for number in numbers), (shift, after)


def test_small_letters_of_multiple_choice_are_protected_and_words_are_not() -> None:
    text = "a dog or a cat?\na. e. coli (b) b) I am (I) c: d\nx: 3"
    assert [t.text for t in tokenize(text, "all") if t.kind == "kept"] == ["a", "b", "b", "I", "x", "3"]
    for name in ("char_substitute:5", "keyboard:5", "ocr:5", "case:5"):
        for seed in range(5):
            assert regex.findall(r"\(.\)", shifted(name, "Which? (a) red (b) blue (o) pink", seed)) == [
                "(a)",
                "(b)",
                "(o)",
            ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_protected_pieces_survive(name: str, seed: int) -> None:
    text = "<image>\nWhich of the 3 coloured shapes is larger? (A) circle (B) square (C) 12.5 ring"
    for shift in shifts.textual(name):
        after = shift.apply_text(text, seed, "s")
        for piece in ("<image>", "3", "A", "B", "C", "12.5"):
            assert piece in regex.findall(r"<image>|[A-Z](?=\b)(?<=\b[A-Z])|[\d.]*\d", after), (shift, after)


def test_protection_can_be_switched_off() -> None:
    text = "<image> 12345 67890 24680 (B)"
    for shift in ("char_delete:5", "keyboard:5", "ocr:5"):
        assert shifted(shift, text) == text
        parsed = shift.replace(":", "(protect=none):")
        assert any(shifted(parsed, text, seed) != text for seed in range(5)), shift
    found = {shifted("char_swap(protect=none):5", "<image>", seed) for seed in range(20)}
    assert found != {"<image>"}


# -- what every textual shift has --


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("option_")])
def test_seed_and_sample_decide(name: str) -> None:
    shift = shifts.textual(name)[-1]
    once = shift.apply_text(QUESTION, 1, "a")
    assert shift.apply_text(QUESTION, 1, "a") == once != QUESTION
    others = {shift.apply_text(QUESTION, seed, sample) for seed in range(5) for sample in "ab"}
    fixed = name in ("normalise_only", "case", "system_prompt", "picture_last")  # capitals everywhere at the top level
    assert (len(others) == 1) if fixed else (len(others) > 3)


def edits(before: str, after: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(after) + 1))
    for i, a in enumerate(before, start=1):
        previous, row[0] = row[0], i
        for j, b in enumerate(after, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


LEVELLED = [n for n in NAMES if shifts.get(n).severities and n != "option_rotation"]  # whose levels are no strengths
RATED = [n for n in LEVELLED if "rates" in shifts.get(n).options]


@pytest.mark.parametrize(("name", "rates"), [*((n, "standard") for n in LEVELLED), *((n, "published") for n in RATED)])
def test_distance_from_clean_rises_with_severity(name: str, rates: str) -> None:
    questions = [QUESTION + " " + LANGUAGES["en"], "Describe the small image in detail and compare the large objects."]
    options = {"rates": rates} if name in RATED else {}
    levels = [
        np.mean([edits(q, s.apply_text(q, seed, "s")) for q in questions for seed in range(6)])
        for s in shifts.textual(name, **options)
    ]
    steps = np.diff(levels)
    assert levels[0] > 0
    assert levels[-1] > 1.5 * levels[0]
    if rates == "standard":
        assert (steps > 0).all(), levels
    else:  # the published counts are rounded to whole words, so that neighbouring levels may coincide
        assert (steps >= -0.05 * levels[-1]).all(), levels


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["char_insert", "char_substitute", "char_swap", "char_delete", "keyboard", "ocr"])
def test_characters_stay_whole_in_every_script(name: str, language: str) -> None:
    text = LANGUAGES[language]
    before = graphemes(text)
    acts = not (language == "zh" and name in ("keyboard", "char_swap", "char_delete"))
    changed = False
    for shift, seed in itertools.product(shifts.textual(name, severity=[1, 3, 5]), range(4)):
        text_after = shift.apply_text(text, seed, "s")
        after = graphemes(text_after)
        changed |= after != before
        added = len(after) - len(before)
        assert {"char_insert": added > 0 or not acts, "char_delete": added < 0 or not acts}.get(
            name, name == "ocr" or added == 0
        )
        # No mark is left without its letter, and no script enters that was not there.
        assert not any(unicodedata.category(c[0]).startswith("M") for c in after), text_after
        scripts = {script_of(c) for c in text_after if unicodedata.category(c)[0] == "L"}
        assert scripts <= {script_of(c) for c in text if unicodedata.category(c)[0] == "L"}
        assert unicodedata.normalize("NFC", text_after) == text_after or language == "hi"
    assert changed == acts


def test_how_many_characters_a_level_changes() -> None:
    text = "abcdefghij" * 10
    for name in ("char_substitute", "keyboard"):
        counts = [
            sum(a != b for a, b in zip(text, shifted(f"{name}:{level}", text), strict=True)) for level in range(1, 6)
        ]
        assert counts == [4, 8, 12, 20, 30]
    assert [len(shifted(f"char_delete:{level}", text)) for level in range(1, 6)] == [96, 92, 88, 80, 70]
    assert [len(shifted(f"char_insert:{level}", text)) for level in range(1, 6)] == [104, 108, 112, 120, 130]


def test_a_higher_level_contains_the_lower_one() -> None:
    for name in ("char_substitute", "keyboard", "ocr"):
        changed = []
        for level in range(1, 6):
            after = shifted(f"{name}:{level}", LANGUAGES["de"].replace("m", "n").replace("d", "t").replace("h", "k"))
            before = LANGUAGES["de"].replace("m", "n").replace("d", "t").replace("h", "k").replace("w", "v")
            if len(after) == len(before):
                changed.append({i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b})
        assert len(changed) >= 3
        assert all(low <= high for low, high in itertools.pairwise(changed))


# -- keyboards --


def test_layouts_are_symmetric_and_know_their_script() -> None:
    for layout in LAYOUTS:
        letters = {other for letter in "aäßαфبकㄱㅏ" for other in neighbours(letter, layout)}
        for letter in letters:
            for other in neighbours(letter, layout):
                assert letter in neighbours(other, layout), (layout, letter, other)
    assert set(neighbours("g", "en")) == set("ftyhbv")
    assert set(neighbours("G", "en")) == set("FTYHBV")
    assert set(neighbours("z", "de")) == set("tugh")
    assert set(neighbours("y", "de")) == set("asx")
    assert set(neighbours("q", "en")) == {"w", "a"}
    assert {"1", "2", "w", "a"} <= set(neighbours("q", "en", marks=True))
    assert neighbours("é", "en") == neighbours("字", "ko") == ()


@pytest.mark.parametrize(
    ("char", "text", "layout"),
    [
        ("a", "a", "en"),
        ("a", "aß", "de"),
        ("ω", "", "el"),
        ("ж", "", "ru"),
        ("ب", "", "ar"),
        ("क", "", "hi"),
        ("한", "", "ko"),
        ("圆", "", ""),
        ("\x00", "", ""),
    ],
)
def test_layout_by_script(char: str, text: str, layout: str) -> None:
    assert layout_of(char, latin_layout(text)) == layout


def test_a_chosen_layout_is_used() -> None:
    assert {shifted("keyboard(layout=de):1", "z", seed) for seed in range(40)} == set("tugh")
    assert {shifted("keyboard(layout=fr):1", "z", seed) for seed in range(40)} == set("aesqé")
    assert shifted("keyboard(layout=el):5", "zzz") == "zzz"
    assert {shifted("keyboard:1", "é", seed) for seed in range(60)} <= set("wẃsdrŕśd")


def test_one_missed_key_of_a_korean_syllable() -> None:
    for syllable in "한무엇색원":
        for other in hangul.misses(syllable):
            a, b = (unicodedata.normalize("NFD", s) for s in (syllable, other))
            assert len(a) == len(b)
            assert sum(x != y for x, y in zip(a, b, strict=True)) == 1
    assert not hangul.is_syllable("한국")
    assert not hangul.is_syllable("ㄱ")


@pytest.mark.parametrize("name", ["keyboard:5", "ocr:5"])
def test_korean_that_is_stored_in_parts_is_changed_too(name: str) -> None:
    text = "왼쪽에 있는 큰 개는 무슨 색인가요"
    for seed in range(5):
        after = shifted(name, unicodedata.normalize("NFD", text), seed)
        assert unicodedata.normalize("NFC", after) == shifted(name, text, seed) != text


def test_published_typos_spare_short_words_and_hit_whole_words() -> None:
    text = "an ox is in it and the cat sat on a mat beside windows"
    for seed in range(10):
        after = shifted("keyboard(rates=published):1", text, seed).split()
        changed = [(a, b) for a, b in zip(text.split(), after, strict=True) if a != b]
        assert len(changed) == 1
        assert changed[0][0] in ("beside", "windows")
        assert sum(a != b for a, b in zip(*changed[0], strict=True)) in (2, 3)  # 30 % of 6 or 7, rounded up


# -- scripts --


def test_alphabets_hold_letters_of_their_script() -> None:
    for script, letters in ALPHABETS.items():
        assert len(set(letters)) == len(letters)
        assert {script_of(letter) for letter in letters} == {script}
        assert len(graphemes(letters)) == len(letters)
    assert letters_of("ก", "กขค abc") == "กขค"  # a script without a list: what the text has


# -- words --


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


# -- case and marks --


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


# -- WordNet --


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


# -- beside the published prompts --

REFERENCE = os.environ.get("EMID_REFERENCE", "")


@pytest.mark.skipif(not REFERENCE, reason="EMID_REFERENCE is not set")
def test_published_rates_change_as_much_as_the_published_prompts() -> None:
    folder = Path(REFERENCE) / "llavabench"
    rows = [json.loads(line) for line in (folder / "questions" / "coco_questions.jsonl").read_text().splitlines()]
    questions = {str(row["question_id"]): row["text"] for row in rows}

    def changed(before: str, after: str) -> float:
        a, b = before.split(), after.split()
        return edits(a, b) / len(a)

    for theirs, ours in (
        ("KeyboardAug_1", "keyboard(rates=published):1"),
        ("KeyboardAug_3", "keyboard(rates=published):3"),
        ("sr_4", "synonym(rates=published):4"),
        ("sr_7", "synonym(rates=published):7"),
    ):
        file = folder / "responses" / f"llava_bench_coco_{theirs}_llava-v1.5-13b.jsonl"
        prompts = {str(r["question_id"]): r["prompt"] for r in map(json.loads, file.read_text().splitlines())}
        assert len(prompts) == 90
        control = shifts.parse("normalise_only")
        if theirs.startswith("sr"):
            assert sum(prompts[i] == questions[i] for i in questions) == 0
            assert all(control.apply_text(prompts[i]) == prompts[i] for i in questions)
            base = {i: control.apply_text(q) for i, q in questions.items()}
            assert sum(prompts[i] == base[i] for i in questions) < 10  # the rest of the change is synonyms
        else:
            base = questions
        published = np.mean([changed(base[i], prompts[i]) for i in questions])
        shift = shifts.parse(ours)
        measured = np.mean([changed(base[i], shift.apply_text(q, 0, i)) for i, q in questions.items()])
        assert measured == pytest.approx(published, rel=0.35), theirs
