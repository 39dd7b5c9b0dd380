import numpy as np
import pytest

from pytest_emid.data.scenes import scene as scenes


def a_scene(*things, grey=128, noise=0.001):
    return scenes.Scene(things=tuple(things), grey=grey, noise=noise, noise_seed=0)


def thing(shape="circle", color="red", size="large", place="center", x=32, y=32):
    return scenes.Thing(shape=shape, color=color, size=size, place=place, x=x, y=y)


def every_question(of, category, tries=60):
    rng = np.random.default_rng(0)
    return {(q.kind, q.answer) for q in (scenes.ask(of, category, rng) for _ in range(tries))}


def test_a_scene_holds_one_to_three_distinct_things_in_reading_order():
    places = list(scenes.PLACES)
    counts = set()
    for i in range(200):
        of = scenes.scene(scenes.generator(0, "test", i))
        counts.add(len(of.things))
        assert len({t.shape for t in of.things}) == len({t.color for t in of.things}) == len(of.things)
        order = [places.index(t.place) for t in of.things]
        assert order == sorted(set(order))
    assert counts == {1, 2, 3}


def test_count_fixes_the_number_of_things():
    for count in (1, 2, 3):
        assert len(scenes.scene(np.random.default_rng(5), count=count).things) == count


def test_pictures_depend_on_seed_and_name_only():
    def first(seed):
        return scenes.scene(scenes.generator(seed, "picture", 3))

    assert first(1) == first(1)
    assert first(1) != first(2)
    assert np.array_equal(np.asarray(scenes.draw(first(1))), np.asarray(scenes.draw(first(1))))


@pytest.mark.parametrize("shape", scenes.SHAPES)
@pytest.mark.parametrize("size", scenes.SIZES)
def test_every_shape_is_drawn_in_its_colour_inside_the_picture(shape, size):
    for place, (column, row) in scenes.PLACES.items():
        x = scenes.SIDE // 2 + column * (scenes.STEP + scenes.JITTER)
        y = scenes.SIDE // 2 + row * (scenes.STEP + scenes.JITTER)
        picture = np.asarray(scenes.draw(a_scene(thing(shape, "blue", size, place, x, y))))
        painted = np.all(picture == scenes.COLORS["blue"], axis=-1)
        rows, columns = np.nonzero(painted)
        radius = scenes.SIZES[size]
        assert (rows.min(), rows.max()) == (y - radius, y + radius)
        assert (columns.min(), columns.max()) == (x - radius, x + radius)


def test_shapes_of_one_size_look_different():
    drawn = [np.asarray(scenes.draw(a_scene(thing(shape)))).tobytes() for shape in scenes.SHAPES]
    assert len(set(drawn)) == len(scenes.SHAPES)


def test_answers_of_a_lone_thing():
    of = a_scene(thing("ring", "green", "small", "top left"))
    assert every_question(of, "conversation") == {
        ("color", "The ring is green."),
        ("shape", "The green object is a ring."),
        ("place", "The ring is in the top left."),
        ("place", "The green shape is in the top left."),
        ("count", "There is one shape."),
        ("size", "The ring is small."),
        ("size", "The green shape is small."),
    }
    assert every_question(of, "detail") == {("describe", "A small green ring in the top left.")}
    assert every_question(of, "complex") == {("company", "The ring is alone.")}


def test_complex_answers_of_two_things():
    of = a_scene(thing("cross", "red", "small", "top left"), thing("square", "blue", "large", "bottom right"))
    assert every_question(of, "complex") == {
        ("compare", "The square is larger than the cross."),
        ("relate", "The cross is above and left of the square."),
        ("relate", "The square is below and right of the cross."),
        ("company", "Besides the cross there is a square."),
        ("company", "Besides the square there is a cross."),
    }
    assert every_question(of, "detail") == {
        ("describe", "A small red cross in the top left. A large blue square in the bottom right.")
    }


def test_things_of_one_size_compare_as_equal_and_name_one_direction_only():
    of = a_scene(thing("cross", "red", "small", "top left"), thing("ring", "blue", "small", "top right"))
    answers = every_question(of, "complex")
    assert {a for kind, a in answers if kind == "compare"} == {
        "The cross and the ring have the same size.",
        "The ring and the cross have the same size.",
    }
    assert {a for kind, a in answers if kind == "relate"} == {
        "The cross is left of the ring.",
        "The ring is right of the cross.",
    }


def test_three_things_keep_company():
    of = a_scene(thing("cross", "red"), thing("ring", "blue"), thing("circle", "black"))
    assert ("company", "Besides the cross there is a ring and a circle.") in every_question(of, "complex")
    assert ("count", "There are three shapes.") in every_question(of, "conversation")
