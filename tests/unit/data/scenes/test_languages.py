import string
import unicodedata

import numpy as np
import pytest

from pytest_emid.data.scenes import scene as scenes
from pytest_emid.data.scenes.languages import LANGUAGES, Subject

SCRIPTS = {"el": "GREEK", "ar": "ARABIC", "hi": "DEVANAGARI", "ko": "HANGUL", "zh": "CJK", "de": "LATIN"}
SHAPES = [Subject("shape", shape) for shape in scenes.SHAPES]
COLORS = [Subject("color", color) for color in scenes.COLORS]
SUBJECTS = {
    "color": [(s,) for s in SHAPES],
    "shape": [(s,) for s in COLORS],
    "place": [(s,) for s in SHAPES + COLORS],
    "count": [()],
    "size": [(s,) for s in SHAPES + COLORS],
    "describe": [()],
    "compare": [(a, b) for a in SHAPES for b in SHAPES if a != b],
    "relate": [(a, b) for a in SHAPES for b in SHAPES if a != b],
    "company": [(s,) for s in SHAPES],
}


def every_question(code):
    language = LANGUAGES[code]
    for kind, subjects in SUBJECTS.items():
        for template in range(len(language.templates[kind])):
            for chosen in subjects:
                yield (kind, template, chosen), language.ask(kind, template, chosen)


def asked(code, kind, template, *subjects):
    return LANGUAGES[code].ask(kind, template, tuple(Subject(*s) for s in subjects))


def test_seven_languages():
    assert list(LANGUAGES) == ["en", "de", "zh", "ko", "el", "ar", "hi"]
    assert all(language.code == code for code, language in LANGUAGES.items())


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_has_every_noun_every_colour_and_every_template(code):
    language = LANGUAGES[code]
    assert set(language.shapes) == set(scenes.SHAPES)
    assert set(language.colors) == set(scenes.COLORS)
    assert len({frozenset(forms) for forms in [*language.shapes.values(), language.colored]}) == 1
    kinds = {kind for kinds in scenes.KINDS.values() for kind in kinds}
    assert set(language.templates) == kinds == set(SUBJECTS)
    for kind, templates in LANGUAGES["en"].templates.items():
        assert len(language.templates[kind]) == len(templates)
        assert len(set(language.templates[kind])) == len(templates)


@pytest.mark.parametrize("code", LANGUAGES)
def test_templates_name_the_same_subjects_as_the_english_ones(code):
    def named(template):
        return {field.partition("[")[0] for _, field, _, _ in string.Formatter().parse(template) if field}

    for kind, templates in LANGUAGES["en"].templates.items():
        for english, other in zip(templates, LANGUAGES[code].templates[kind], strict=True):
            assert named(other) == named(english)


@pytest.mark.parametrize("code", LANGUAGES)
def test_different_questions_are_worded_differently(code):
    questions = dict(every_question(code))
    assert len(set(questions.values())) == len(questions)


@pytest.mark.parametrize("code", LANGUAGES)
def test_questions_are_well_formed_text(code):
    for _, question in every_question(code):
        assert question == unicodedata.normalize("NFC", question)
        assert question == question.strip()
        assert "{" not in question
        assert "  " not in question
        assert question[-1] in "?.;？。؟।"
        assert not any(unicodedata.category(c) in ("Cc", "Cf") for c in question)  # no direction marks


@pytest.mark.parametrize(("code", "script"), SCRIPTS.items())
def test_every_letter_is_of_the_languages_script(code, script):
    letters = {c for _, question in every_question(code) for c in question if unicodedata.category(c)[0] == "L"}
    assert {unicodedata.name(c).split()[0] for c in letters} == {script}


def test_german_agrees_in_gender_and_case():
    assert asked("de", "place", 3, ("shape", "ring")) == "Wo auf dem Bild finde ich den Ring?"
    assert asked("de", "size", 3, ("color", "orange")) == "Nenne mir die Größe der orangefarbenen Form."
    assert asked("de", "company", 1, ("shape", "cross")) == "Gibt es etwas außer dem Kreuz?"
    assert (
        asked("de", "relate", 0, ("shape", "circle"), ("shape", "square"))
        == "Wo ist der Kreis im Verhältnis zum Quadrat?"
    )
    assert (
        asked("de", "compare", 1, ("shape", "circle"), ("shape", "triangle"))
        == "Vergleiche die Größe des Kreises mit der des Dreiecks."
    )


def test_korean_particles_follow_the_last_sound():
    for shape in scenes.SHAPES:
        forms = LANGUAGES["ko"].shapes[shape]
        closed = (ord(forms["bare"][-1]) - 0xAC00) % 28 != 0  # the syllable ends in a consonant
        particles = {form: forms[form].removeprefix(forms["bare"]) for form in ("topic", "subject", "object", "and")}
        expected = ("은", "이", "을", "과") if closed else ("는", "가", "를", "와")
        assert tuple(particles.values()) == expected
    assert asked("ko", "place", 0, ("color", "red")) == "빨간색 도형은 어디에 있나요?"


def test_greek_adjectives_agree():
    assert asked("el", "size", 0, ("shape", "cross")) == "Είναι ο σταυρός μικρός ή μεγάλος;"
    assert asked("el", "size", 0, ("color", "white")) == "Είναι το λευκό σχήμα μικρό ή μεγάλο;"
    assert asked("el", "size", 3, ("color", "white")) == "Πες μου το μέγεθος του λευκού σχήματος."


def test_arabic_verbs_and_adjectives_agree_and_the_article_joins():
    assert asked("ar", "place", 2, ("shape", "ring")) == "أخبرني أين توجد الحلقة."
    assert asked("ar", "place", 2, ("color", "red")) == "أخبرني أين يوجد الشكل الأحمر."
    assert asked("ar", "relate", 1, ("shape", "circle"), ("shape", "square")) == "ما موضع الدائرة بالنسبة للمربع؟"


def test_hindi_takes_the_oblique_before_postpositions_and_agrees():
    assert asked("hi", "size", 1, ("shape", "ring")) == "छल्ले का आकार क्या है?"
    assert asked("hi", "place", 3, ("shape", "ring")) == "तस्वीर में छल्ला मुझे कहाँ मिल सकता है?"
    assert asked("hi", "place", 3, ("color", "green")) == "तस्वीर में हरी आकृति मुझे कहाँ मिल सकती है?"


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_same_draws_ask_the_same_in_every_language(code):
    of = scenes.scene(scenes.generator(0, "languages", 1), count=3)
    for category in scenes.CATEGORIES:
        for seed in range(20):
            english = scenes.ask(of, category, np.random.default_rng(seed))
            other = scenes.ask(of, category, np.random.default_rng(seed), LANGUAGES[code])
            assert (other.answer, other.kind, other.template) == (english.answer, english.kind, english.template)
            assert other.subjects == english.subjects
            assert other.text == LANGUAGES[code].ask(english.kind, english.template, english.subjects)
