"""Textual shifts alike: what they change, how much of it, and what they must leave whole."""

import itertools
import json
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from shifted_texts import LANGUAGES, QUESTION, shifted

from pytest_emid import shifts
from pytest_emid.shifts.perturbations.scripts import script_of
from pytest_emid.shifts.perturbations.tokens import graphemes

NAMES = shifts.names("textual")


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


def test_published_typos_spare_short_words_and_hit_whole_words() -> None:
    text = "an ox is in it and the cat sat on a mat beside windows"
    for seed in range(10):
        after = shifted("keyboard(rates=published):1", text, seed).split()
        changed = [(a, b) for a, b in zip(text.split(), after, strict=True) if a != b]
        assert len(changed) == 1
        assert changed[0][0] in ("beside", "windows")
        assert sum(a != b for a, b in zip(*changed[0], strict=True)) in (2, 3)  # 30 % of 6 or 7, rounded up


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
