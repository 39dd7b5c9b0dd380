"""Composing shifts, their ids, and applying them to datasets."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from refusals import refused

from pytest_emid import shifts
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import LazyImage, Sample, image_digest
from pytest_emid.data.scenes.scene import draw, generator, scene
from pytest_emid.errors import ShiftError
from pytest_emid.shifts.base import Shift


def picture(index: int) -> Image.Image:
    return draw(scene(generator(0, "test", index)))


@pytest.fixture
def clean() -> Dataset:
    questions = ["What color is the circle?", "Describe the image.", "Where is the ring in the picture?"]
    return Dataset("toy", [Sample(f"s{i}", picture(i), questions[i], "red", cluster="c") for i in range(3)])


def digests(dataset: Dataset) -> list[tuple[str, str, str]]:
    return [(s.id, s.question, image_digest(s.open_image())) for s in dataset]


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("defocus_blur:3", "defocus_blur:3"),
        ("keyboard:1+defocus_blur:3", "defocus_blur:3+keyboard:1"),
        (" keyboard : 1 & frost : 2 ", "frost:2+keyboard:1"),
        ("frost(scale=published):2", "frost(scale=published):2"),
        ("frost(scale=image):2", "frost:2"),
        ("synonym(rates=published,protect=none):7", "synonym(protect=none,rates=published):7"),
        ("normalise_only", "normalise_only"),
        ("identity", "identity"),
        ("identity+keyboard:1", "keyboard:1"),
    ],
)
def test_ids_are_canonical_and_round_trip(written: str, canonical: str) -> None:
    shift = shifts.parse(written)
    assert str(shift) == shift.id == canonical
    assert shifts.parse(shift.id) == shift
    assert hash(shifts.parse(shift.id)) == hash(shift)
    assert repr(shift) == f"shifts.parse({canonical!r})"
    assert pickle.loads(pickle.dumps(shift)) == shift
    assert isinstance(shift, Shift)


def test_operators_compose_in_canonical_order() -> None:
    blur, typos = shifts.parse("defocus_blur:3"), shifts.parse("keyboard:1")
    assert blur + typos == typos + blur == blur & typos == shifts.parse("defocus_blur:3+keyboard:1")
    assert (blur.modality, typos.modality, (blur + typos).modality) == ("visual", "textual", "joint")
    assert (blur + typos).severity == 3
    with pytest.raises(TypeError):
        blur + "keyboard:1"


def test_apply_keeps_ids_and_clusters_and_is_lazy(clean: Dataset) -> None:
    shifted = shifts.parse("frost:3+keyboard:3").apply(clean, seed=5)
    assert shifted.name == "toy/frost:3+keyboard:3"
    assert shifted.ids == clean.ids
    assert shifted.clusters == clean.clusters
    for before, after in zip(clean, shifted, strict=True):
        assert isinstance(after.image, LazyImage)
        assert after.image.source == "a picture in memory under frost:3+keyboard:3"
        assert before.question != after.question
        assert before.reference == after.reference
        assert image_digest(before.open_image()) != image_digest(after.open_image())


def test_a_sample_depends_on_no_other_sample(clean: Dataset) -> None:
    shift = shifts.parse("frost:3+keyboard:3")
    whole = digests(shift.apply(clean, 5))
    assert digests(shift.apply(Dataset("reversed", reversed(clean)), 5)) == whole[::-1]
    alone = shift.apply_sample(clean[1], 5)
    assert (alone.id, alone.question, image_digest(alone.open_image())) == whole[1]
    assert digests(shift.apply(clean, 6)) != whole


def test_a_component_does_in_company_what_it_does_alone(clean: Dataset) -> None:
    alone = [s.question for s in shifts.parse("keyboard:3").apply(clean, 5)]
    assert [s.question for s in shifts.parse("keyboard:3+frost:1").apply(clean, 5)] == alone


def test_another_process_makes_the_same_samples(clean: Dataset) -> None:
    code = (
        "from pytest_emid import shifts; from pytest_emid.data.sample import image_digest;"
        "from pytest_emid.data.scenes.scene import draw, generator, scene;"
        "shift = shifts.parse('frost:4+defocus_blur:2+keyboard:4');"
        "picture = draw(scene(generator(0, 'test', 1)));"
        "print(image_digest(shift.apply_image(picture, 3, 's1')), shift.apply_text('Describe the image.', 3, 's1'))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    sample = shifts.parse("frost:4+defocus_blur:2+keyboard:4").apply_sample(clean[1], 3)
    assert run.stdout.strip() == f"{image_digest(sample.open_image())} {sample.question}"


def test_fingerprints_come_from_the_recipe_and_open_no_picture() -> None:
    def never() -> Image.Image:
        raise AssertionError("a picture was opened")

    clean = Dataset("toy", [Sample("a", LazyImage(never, "nowhere"), "What is it?", "red")], fingerprint="f" * 64)
    found = {
        shifts.parse(shift).apply(clean, seed).fingerprint
        for shift in ("frost:1", "frost:2", "frost(scale=published):1", "keyboard:1", "frost:1+keyboard:1")
        for seed in (0, 1)
    }
    assert len(found) == 10
    assert shifts.parse("frost:1").apply(clean, 0).fingerprint == shifts.parse("frost:1").apply(clean, 0).fingerprint


def test_an_edited_function_changes_the_fingerprint(clean: Dataset) -> None:
    found = set()
    for body in ("image", "image.rotate(180)"):
        function = eval(f"lambda image, severity, rng: {body}")
        try:
            shifts.register(shifts.Definition("mine", "visual", function))
            found.add(shifts.parse("mine:1").apply(clean, 0).fingerprint)
        finally:
            shifts.unregister("mine")
    assert len(found) == 2


NUMBERS = Dataset("sums", [Sample("a", picture(0), "12 + 34?", "46"), Sample("b", picture(1), "5 - 5?", "0")])


def test_a_control_may_change_nothing() -> None:
    assert [s.question for s in shifts.parse("normalise_only+frost:1").apply(NUMBERS, 0)] == ["12 34", "5 5"]


def test_identity_changes_nothing_but_the_name(clean: Dataset) -> None:
    same = shifts.parse("identity").apply(clean, 0)
    assert digests(same) == digests(clean)
    assert (same.name, shifts.parse("identity").modality) == ("toy/identity", "joint")


def test_who_draws_into_the_picture_leaves_the_clean_one_as_it_was() -> None:
    def scratch(image, severity, rng):
        image.putpixel((0, 0), (9, 9, 9))
        return image

    shifts.register(shifts.Definition("scratch", "visual", scratch))
    try:
        clean = Dataset("x", [Sample("s", Image.new("RGB", (4, 3)), "q", "r")])
        shifted = shifts.parse("scratch:1").apply(clean, 0)
        assert shifted[0].open_image().getpixel((0, 0)) == (9, 9, 9)
        assert clean[0].open_image().getpixel((0, 0)) == (0, 0, 0)
    finally:
        shifts.unregister("scratch")


def bad(modality: str, returned: object) -> None:
    """What becomes of one sample when a registered function returns this, or raises it."""

    def function(value, severity, rng):
        if isinstance(returned, Exception):
            raise returned
        return returned

    shifts.register(shifts.Definition("bad", modality, function))
    try:
        shifts.parse("bad:1").apply_sample(Sample("s", Image.new("RGB", (4, 3)), "Why?", "so"), 0).open_image()
    finally:
        shifts.unregister("bad")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: shifts.parse(""), ShiftError,
         "a shift's id is text such as 'defocus_blur:3+keyboard:1', not ''."),
        *(
            (lambda written=written: shifts.parse(written), ShiftError,
             f"{part!r} in shift id {written!r} is not name, name:severity or name(option=value):severity.")
            for written, part in [("frost:1+", ""), ("frost::1", "frost::1")]
        ),
        *(
            (lambda level=level: shifts.parse(f"frost:{level}"), ShiftError,
             f"severity {level!r} in shift id 'frost:{level}' is not a whole number.")
            for level in ("-1", "")
        ),
        *(
            (lambda options=options: shifts.parse(f"frost({options}):1"), ShiftError,
             f"options {options!r} in shift id 'frost({options}):1' are not option=value, each option once.")
            for options in ("scale", "scale=image,scale=image")
        ),
        (lambda: shifts.parse("frost:1+frost:2"), ShiftError,
         "frost:1 and frost:2 cannot be composed: a shift holds 'frost' once."),
        *(
            (lambda seed=seed: shifts.parse("keyboard:1").apply_text("What is it?", seed), ShiftError,
             f"a seed must be an integer of at least 0, not {seed!r}.")
            for seed in (-1, 1.5, "x")
        ),
        (lambda: shifts.parse("frost:1+keyboard:2").apply(NUMBERS, 0), ShiftError,
         "shift keyboard:2 changed none of the 2 questions of dataset 'sums', so it would measure nothing. "
         "The first question is '12 + 34?'. "
         "Choose a shift that can act on such text (another layout, another thesaurus), or leave it out."),
        (lambda: bad("visual", None), ShiftError,
         "shift bad:1 returned <class 'NoneType'> for sample 's'; it must be an RGB image of size (4, 3)."),
        (lambda: bad("visual", Image.new("L", (4, 3))), ShiftError,
         "shift bad:1 returned a L image of size (4, 3) for sample 's'; it must be an RGB image of size (4, 3)."),
        (lambda: bad("visual", np.zeros((4, 3, 3), np.uint8)), ShiftError,
         "shift bad:1 returned an array of shape (4, 3, 3) and type uint8 for sample 's'; "
         "it must be of shape (3, 4, 3), uint8 or float in 0..1."),
        (lambda: bad("visual", np.full((3, 4, 3), np.nan)), ShiftError,
         "shift bad:1 returned values that are not finite for sample 's'."),
        (lambda: bad("visual", np.full((3, 4, 3), 200.0)), ShiftError,
         "shift bad:1 returned floats up to 200 for sample 's'; white is 1. Divide them by 255, or return uint8."),
        (lambda: bad("textual", 3), ShiftError, "shift bad:1 returned int for sample 's'; it must be str."),
        (lambda: bad("textual", " "), ShiftError, "shift bad:1 left nothing of the question of sample 's': 'Why?'."),
        *(
            (lambda modality=modality: bad(modality, KeyError("colour")), ShiftError,
             "shift bad:1 failed on sample 's': KeyError: 'colour'.")
            for modality in ("visual", "textual")
        ),
    ],
)  # fmt: skip
def test_refusals(call, error, message) -> None:
    assert refused(call, error) == message
