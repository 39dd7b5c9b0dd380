"""A textual shift never changes which answer is right: options, relations, denials, lines and what is not language."""

import itertools
import time

import pytest
import regex

from pytest_emid import Dataset, Sample, shifts
from pytest_emid.errors import ShiftError
from pytest_emid.information.choices import stated_options
from pytest_emid.shifts.perturbations.relations import denies
from pytest_emid.shifts.perturbations.tokens import graphemes
from pytest_emid.shifts.protection import _patterns

NAMES = shifts.names("textual")
ORDERS = ("option_rotation", "option_shuffle")
PROTECTING = [name for name in NAMES if "protect" in shifts.get(name).options]
EVERY = [
    *(s for s in shifts.textual() if s.components[0].name not in ORDERS),
    *shifts.textual("case", form="random"),
    *(s for n in NAMES if "rates" in shifts.get(n).options for s in shifts.textual(n, rates="published")),
]
STEMS = (
    "What is on the {} table?",
    "Hint: the {} lamp is off.\nWhich animal is left of the lamp, and not above it?",
    "Which of these can be seen in the {} picture",
    "Read the {} sign. Which word is written on it?",
    "Все эти {} животные: какое слева?",
)
TEXTS = ("cat", "dog", "car", "cut", "red bed", "not a cat", "3 cm", "3 dogs", "$x^2$", "bird", "b", "a, b and c")
LAYOUTS = ("\n{}. {}", "\n({}) {}", " ({}) {}", " {}) {}")
TAILS = ("\nAnswer with the option's letter from the given choices directly.", "\n\nThink first.", "")


def questions(n: int) -> list[tuple[str, list[str], int]]:
    """Question, the texts of its options, and which one is right: every mixture of stem, layout and tail in turn."""
    mixed = itertools.cycle(itertools.product(STEMS, LAYOUTS, TAILS))
    made = []
    for number, (stem, layout, tail) in zip(range(n), mixed, strict=False):
        texts = [TEXTS[(number * 5 + 7 * i) % len(TEXTS)] for i in range(2 + number % 4)]
        stated = "".join(layout.format("ABCDE"[i], text) for i, text in enumerate(texts))
        made.append((stem.format(("large", "small", "old")[number % 3]) + stated + tail, texts, number % len(texts)))
    return made


def oracle(question: str, right: str) -> str | None:
    """The letter under which the right text stands, read without the parser of the package; None where it is lost."""
    marked = regex.split(r"(?:^|\s)\(?([A-E])[.)] ", question)
    letters = dict(zip(marked[1::2], (text.split("\n")[0].strip() for text in marked[2::2]), strict=True))
    return next((letter for letter, text in letters.items() if text == right), None)


@pytest.mark.parametrize("shift", EVERY, ids=str)
def test_an_oracle_that_reads_the_shifted_question_is_right_200_times(shift: shifts.SyntheticShift) -> None:
    asked = questions(30 if "rates=published" in str(shift) else 200)
    assert all(oracle(question, texts[right]) == "ABCDE"[right] for question, texts, right in asked)
    said = [oracle(shift.apply_text(q, 0, str(i)), texts[right]) for i, (q, texts, right) in enumerate(asked)]
    assert said == ["ABCDE"[right] for _, _, right in asked]


def test_the_questions_around_the_options_are_shifted() -> None:
    for shift in shifts.textual(severity=5):
        changed = [shift.apply_text(q, 0, str(i)) != q for i, (q, _, _) in enumerate(questions(12))]
        assert sum(changed) >= 8, shift
    open_options = "Which?\nA. a large picture\nB. a small image"
    assert shifts.parse("case(protect=placeholders):5").apply_text(open_options) == open_options.upper()


def test_options_are_the_same_after_every_shift() -> None:
    for question, texts, _ in questions(20):
        for shift in (s for s in EVERY if s.severity == 5):
            assert [option.text for option in stated_options(shift.apply_text(question, 1, "s"))] == texts


# -- relations, denials, lines --

RELATIONS = [
    ("Is the cat left of the dog?", "cat", "left", "dog"),
    ("Is the red cube larger than the blue ball?", "cube", "than", "ball"),
    ("Does the man feed the horse?", "man", "feed", "horse"),
    ("Which boy is chasing a girl?", "boy", "chasing", "girl"),
    ("What animal bites the dog?", "animal", "bites", "dog"),
    ("Is the cup on the table? Answer briefly, please.", "cup", "on", "table"),
    ("Steht die Katze links von dem Hund?", "Katze", "links", "Hund"),
]


@pytest.mark.parametrize(("question", "first", "relation", "second"), RELATIONS)
@pytest.mark.parametrize("rates", ["standard", "published"])
def test_names_stay_on_their_side_of_a_relation(question, first, relation, second, rates) -> None:
    moved = set()
    for shift, seed in itertools.product(shifts.textual("word_swap", rates=rates), range(30)):
        after = shift.apply_text(question, seed, "s").lower()
        moved.add(after)
        assert after.index(first.lower()) < after.index(relation) < after.index(second.lower()), after
    assert len(moved) > 1


@pytest.mark.parametrize("question", ["猫在狗的左边吗？", "क्या बिल्ली कुत्ते के बाईं ओर है?", "고양이가 개의 왼쪽에 있어요?"])
def test_where_order_does_not_tell_no_word_of_a_relation_moves(question) -> None:
    for shift, seed in itertools.product(shifts.textual("word_swap"), range(10)):
        assert shift.apply_text(question, seed, "s") == question


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("Which animal is not in the picture?", "not"),
        ("All of these except one are red, which one?", "except"),
        ("Which of them is the least likely?", "least"),
        ("Was ist kein Tier?", "kein"),
        ("哪个不是动物？", "不"),
    ],
)
def test_denials_are_neither_lost_nor_moved(question, word) -> None:
    assert denies(word)
    assert not denies("table")
    place = question.index(word)
    for shift, seed in itertools.product(shifts.textual("word_delete"), range(20)):
        assert word in shift.apply_text(question, seed, "s")
    for shift, seed in itertools.product(shifts.textual("word_swap"), range(20)):
        after = shift.apply_text(question, seed, "s")
        assert len(after[: after.index(word)].split()) == len(question[:place].split())


@pytest.mark.parametrize("rates", ["standard", "published"])
@pytest.mark.parametrize("name", ["word_swap", "word_delete", "word_insert"])
def test_lines_are_not_joined(name, rates) -> None:
    text = "First line here.\nSecond\n\nThird one is the longest of them.\nLast"
    for shift, seed in itertools.product(shifts.textual(name, rates=rates), range(20)):
        after = shift.apply_text(text, seed, "s")
        assert after.count("\n") == text.count("\n") - (rates == "published"), after  # empty lines are no lines


# -- what is not language --

KEPT = (
    "https://example.com/a_b?c=d&e=F#g",
    "www.example.org/Path",
    "jane.doe+x@mail.example.org",
    "example.com",
    r"$\frac{a}{b} + x_1$",
    r"\(a < b\)",
    r"\begin{tabular}{c} a & b \end{tabular}",
    r"\alpha",
    "`x = foo(bar)`",
    "```python\nprint(some words)\n```",
    "some_long_name",
    "obj.method()",
)


@pytest.mark.parametrize("shift", [s for s in EVERY if s.severity in (None, 5, 7)], ids=str)
def test_addresses_formulas_and_code_are_kept(shift) -> None:
    for kept in KEPT:
        assert kept in shift.apply_text(f"Look at {kept}, and describe the small words beside it please.", 0, "s")


def test_prices_are_no_formulas() -> None:
    assert shifts.parse("case:5").apply_text("Is it $5 or about $10 or more?") == "IS IT $5 OR ABOUT $10 OR MORE?"


def test_a_pattern_of_ones_own(monkeypatch) -> None:
    monkeypatch.setattr("pytest_emid.shifts.protection._patterns", {})
    shifts.protect("part", r"SKU-\w+|Acme (?:one|two)")
    shifts.protect("part", r"SKU-\w+|Acme (?:one|two)")
    assert _patterns == {}
    text = "Is this the SKU-abcde or the small Acme two of https://a.io/b?"
    for name in PROTECTING:
        (*_, shift) = shifts.textual(name, protect="part")
        assert shifts.parse(str(shift)) == shift
        for seed in range(5):
            after = shift.apply_text(text, seed, "s")
            assert all(piece in after for piece in ("SKU-abcde", "Acme two", "https://a.io/b")), (shift, after)
    assert str(shift) == "ocr(protect=part):5"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: shifts.protect("all", "x"), "'all' cannot name what is protected: use letters, digits and "
         "underscores, beginning with a letter, and none of all, placeholders, none."),
        (lambda: shifts.protect("part", "("), "what 'part' protects, '(', is no regular expression: missing ) at "
         "position 1."),
        (lambda: shifts.protect("part", "x*"), "what 'part' protects, 'x*', is found in any text, as nothing. "
         "Let it need a letter."),
        (lambda: [shifts.protect("part", "x"), shifts.protect("part", "y")], "what 'part' protects is 'x' already, not "
         "'y'. Choose another name: ids of shifts mean one thing."),
        (lambda: shifts.parse("ocr(protect=parts):1"), "shift 'ocr' has no protect 'parts'. Its values: all, "
         "placeholders, none."),
    ],
)  # fmt: skip
def test_what_cannot_be_protected(monkeypatch, call, message) -> None:
    monkeypatch.setattr("pytest_emid.shifts.protection._patterns", {})
    with pytest.raises(ShiftError) as caught:
        call()
    assert str(caught.value) == message


# -- characters --

CLUSTERS = (
    "Press 1\ufe0f\u20e3 or 2\ufe0f\u20e3 #\ufe0f\u20e3 x\u20e3, "
    "👩‍👩‍👧 🇩🇪 👍🏽 e\u0301te\u0301 क्षि\u200d on 3\u0301 please ok"
)


@pytest.mark.parametrize("protect", ["all", "placeholders", "none"])
@pytest.mark.parametrize("name", PROTECTING)
def test_grapheme_clusters_are_never_torn(name, protect) -> None:
    shift = shifts.textual(name, protect=protect)[-1]
    # what is no letter to change: letters are changed as wholes, which the tests of scripts look at
    whole = [c for c in graphemes(CLUSTERS) if len(c) > 1 and not c[0].isalpha() and not c[0].isdigit()]
    whole += ["1\ufe0f\u20e3", "2\ufe0f\u20e3"] if protect == "all" else []
    for seed in range(5):
        after = graphemes(shift.apply_text(CLUSTERS, seed, "s"))
        marks = [c for c in after if regex.fullmatch(r"[\p{M}\u200d\ufe0f]+", c)]
        assert marks == [], after
        if not (name == "word_delete" or "published" in str(shift) or name == "normalise_only"):
            assert all(cluster in after for cluster in whole), after


def test_a_long_text_takes_linear_time() -> None:
    text = "Describe the picture, please. Größe! " * 2703
    assert len(text) > 100_000
    started = time.process_time()
    shifts.parse("keyboard:3").apply_text(text, 0, "a")
    assert time.process_time() - started < 5  # 0.4 s where nothing else runs; 88 s when it was quadratic


def test_a_shifted_set_that_changed_has_another_fingerprint() -> None:
    from PIL import Image

    clean = Dataset("one", [Sample("1", Image.new("RGB", (2, 2)), "Is the cat left of the dog?", "no")])
    shifted = shifts.parse("word_swap:1").apply(clean, 0)
    assert shifted.fingerprint != clean.fingerprint
    again = Dataset("one", [clean[0].with_(question=shifted[0].question)])
    assert again[0].question != clean[0].question
