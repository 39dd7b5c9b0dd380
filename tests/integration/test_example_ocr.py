"""example_suites/ocr without its OCR model: the pictures, the rules that pick an answer, the truth, and the skip."""

from __future__ import annotations

import importlib.util
import math
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parents[2] / "example_suites" / "ocr"))

import ocr_reader
import ocr_scores

SUITE = Path(ocr_reader.__file__).parent


def lines(*rows: str, slope: float = 0.0) -> list[Any]:
    """A receipt's lines as a detector gives them: rows 30 pixels apart, a tab before what stands at the right."""
    found = []
    for number, row in enumerate(rows):
        for x, text in zip((20, 220), row.split("\t"), strict=False):
            corners = [(x, 30 * number), (x + 90, 30 * number), (x + 90, 30 * number + 20), (x, 30 * number + 20)]
            turned = [
                (x * math.cos(slope) - y * math.sin(slope), x * math.sin(slope) + y * math.cos(slope))
                for x, y in corners
            ]
            found.append(ocr_reader.Line(text, tuple(turned)))
    return found[::-1]  # in whatever order


RECEIPT = ("Baker Deli", "Black Tea\t11.17", "Subtotal\t13.26", "Tax\t1.06", "Total\t14.32", "Cash\t20.00")
LABEL = ("Norris & Sons", "Organic Crackers", "500 g\t$18.74")


@pytest.mark.parametrize("slope", [-0.1, 0.0, 0.1])
@pytest.mark.parametrize(
    ("question", "rows", "answer"),
    [
        ("What does the sign say?", ("Keep Off", "the Grass"), "Keep Off the Grass"),
        ("What does the sign say?", ("Exit\t24",), "Exit 24"),
        ("Which shop is the receipt from?", RECEIPT, "Baker Deli"),
        ("What is the total?", RECEIPT, "14.32"),
        ("What is the total?", ("Baker Deli", "TOTAL14.32"), "14.32"),
        ("What is the total?", ("Subtotal\t13.26", "Total", "Cash\t20.00"), ""),
        ("What is the price?", LABEL, "18.74"),
        ("What is the price?", ("Organic Crackers", "500 g"), ""),
        *((question, (), "") for question in ocr_reader.RULES),
    ],
)
def test_rules(question: str, rows: tuple[str, ...], answer: str, slope: float) -> None:
    assert ocr_reader.answer(question, lines(*rows, slope=slope)) == answer


def test_the_product_is_what_is_written_largest_and_no_amount() -> None:
    brand, product, price = lines("Norris & Sons", "Organic Crackers", "$18.74")[::-1]
    larger = ocr_reader.Line(product.text, ((20, 30), (110, 30), (110, 58), (20, 58)))
    largest = ocr_reader.Line(price.text, ((20, 60), (110, 60), (110, 99), (20, 99)))
    assert ocr_reader.answer("Which product is it?", [brand, larger, largest]) == "Organic Crackers"


def test_a_question_without_a_rule() -> None:
    with pytest.raises(ValueError, match=r"^no rule answers 'Why\?'; there are rules for: What does the sign say\?; "):
        ocr_reader.answer("Why?", [])


@pytest.mark.parametrize(
    ("answer", "reference", "exact", "characters"),
    [
        ("No Parking", "No Parking", 1, 1),
        ("NOPARKING", "No Parking", 1, 1),
        ("N0 Parking", "No Parking", 0, 8 / 9),
        ("", "Exit 24", 0, 0),
        ("something else altogether", "Exit 24", 0, 0),
        ("sitting", "kitten", 0, 0.5),
    ],
)
def test_truth(answer: str, reference: str, exact: float, characters: float) -> None:
    assert ocr_scores.read_exactly(answer, reference) == exact
    assert ocr_scores.characters_read(answer, reference) == pytest.approx(characters)


@given(st.text("ab c", max_size=7), st.text("abc", min_size=1, max_size=7))
def test_characters_read_counts_edits(answer: str, reference: str) -> None:
    told = answer.replace(" ", "")

    @cache
    def edits(i: int, j: int) -> int:
        """By definition: the cheapest way to make the first i characters of one the first j of the other."""
        if not i or not j:
            return i + j
        replaced = edits(i - 1, j - 1) + (told[i - 1] != reference[j - 1])
        return min(edits(i - 1, j) + 1, edits(i, j - 1) + 1, replaced)

    expected = max(0.0, 1 - edits(len(told), len(reference)) / len(reference))
    assert ocr_scores.characters_read(answer, reference) == pytest.approx(expected)


@pytest.fixture
def drawn() -> Any:
    pytest.importorskip("skimage", reason="photographs come with scikit-image: pip install 'pytest-emid[ocr]'")
    pytest.importorskip("matplotlib", reason="fonts come with matplotlib: pip install 'pytest-emid[ocr]'")
    import ocr_data

    return ocr_data


def test_150_questions_and_others_to_calibrate_on(drawn: Any) -> None:
    tested, calibration = drawn.dataset("ocr", drawn.TESTED), drawn.dataset("calibration", drawn.CALIBRATION)
    assert (len(tested), len(set(tested.clusters))) == (150, 100)
    assert len(calibration) >= 300
    references = [sample.reference for sample in (*tested, *calibration)]
    assert len(set(references)) == len(references)
    assert set(tested.clusters).isdisjoint(calibration.clusters)
    assert {sample.question for sample in tested} == set(ocr_reader.RULES)


def test_the_seed_decides_on_the_pictures(drawn: Any) -> None:
    few = {"sign": range(2), "receipt": range(1), "label": range(1)}
    one, same, other = (drawn.dataset("ocr", few, seed) for seed in (0, 0, 1))
    assert one.fingerprint == same.fingerprint != other.fingerprint
    # neither does it matter what else is drawn
    second = drawn.dataset("ocr", {"sign": range(1, 2)})[0]
    assert second.open_image().tobytes() == one[1].open_image().tobytes()


def test_the_model_reads_what_is_drawn(drawn: Any) -> None:
    pytest.importorskip("rapidocr", reason="needs rapidocr: pip install 'pytest-emid[ocr]'")
    few = drawn.dataset("ocr", {"sign": range(1), "receipt": range(1), "label": range(1)})
    answers = {few[i].reference: response.text for i, response in ocr_reader.ocr_model().respond(few)}
    assert len(answers) == 5
    assert [ocr_scores.read_exactly(answer, reference) for reference, answer in answers.items()] == [1.0] * 5


def test_without_the_model_the_suite_is_skipped(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(SUITE, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "rapidocr" else find_spec(name, *more)
    )
    result = pytester.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED * the OCR suite needs rapidocr*: pip install 'pytest-emid[[]ocr[]]'"])
