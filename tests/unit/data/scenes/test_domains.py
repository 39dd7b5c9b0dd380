import itertools

import numpy as np
import pytest

from pytest_emid.data.scenes import scene as scenes
from pytest_emid.data.scenes.backdrops import STYLES, Backdrop, texture
from pytest_emid.data.scenes.domains import DOMAINS, TRAINING, Domain

N = 150


def drawn(domain, n=N):
    return [scenes.scene(scenes.generator(0, "domains", domain, i), domain=DOMAINS[domain]) for i in range(n)]


def nearest_color(rgb):
    return min(scenes.COLORS, key=lambda name: np.linalg.norm(np.subtract(scenes.COLORS[name], rgb)))


def nearest_place(thing):
    def distance(place):
        column, row = scenes.PLACES[place]
        return np.hypot(thing.x - 32 - scenes.STEP * column, thing.y - 32 - scenes.STEP * row)

    return min(scenes.PLACES, key=distance)


@pytest.mark.parametrize("domain", DOMAINS)
def test_references_follow_from_the_picture_in_every_domain(domain):
    for of in drawn(domain):
        for thing in of.things:
            assert nearest_color(thing.fill) == thing.color
            assert nearest_place(thing) == thing.place
            halfway = sum(scenes.SIZES.values()) / 2
            assert (thing.radius > halfway) == (thing.size == "large")
            assert thing.radius <= thing.x <= scenes.SIDE - 1 - thing.radius
            assert thing.radius <= thing.y <= scenes.SIDE - 1 - thing.radius
        for a, b in itertools.permutations(of.things, 2):
            (ac, ar), (bc, br) = scenes.PLACES[a.place], scenes.PLACES[b.place]
            assert ac >= bc or a.x < b.x
            assert ar >= br or a.y < b.y


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_thing_can_be_seen(domain):
    for of in drawn(domain, 60):
        picture = np.asarray(scenes.draw(of))
        for thing in of.things:
            patch = np.all(picture == np.array(thing.fill), axis=-1)
            assert patch.sum() >= 20
            behind = of.grey + texture(of.backdrop, scenes.SIDE)
            for level in (behind.min(), behind.max()):
                assert np.linalg.norm(np.array(thing.fill) - level) > 50


def test_the_training_domain_draws_nothing_more_than_it_did():
    rng = np.random.default_rng(3)
    of = scenes.scene(rng)
    again = np.random.default_rng(3)
    assert scenes.scene(again, domain=TRAINING) == of
    assert rng.random() == again.random()
    assert of.backdrop is scenes.PLAIN
    assert all(thing.radius == scenes.SIZES[thing.size] for thing in of.things)
    assert all(thing.fill == scenes.COLORS[thing.color] for thing in of.things)


def test_easy_scenes_are_bright_and_hold_giants():
    easy = drawn("easy")
    assert {len(of.things) for of in easy} == {1, 2}
    assert min(of.grey for of in easy) >= 160
    giants = [t for of in easy for t in of.things if t.radius > scenes.SIZES["large"]]
    assert giants
    assert all(len(of.things) == 1 for of in easy if of.things[0] in giants)


def test_normal_scenes_leave_the_grid_and_change_tones():
    normal = drawn("normal")
    offsets = [abs(t.x - 32 - scenes.STEP * scenes.PLACES[t.place][0]) for of in normal for t in of.things]
    assert max(offsets) > scenes.JITTER
    assert {of.backdrop.style for of in normal} == {"plain", "gradient"}
    assert all(2 <= len(of.backdrop.specks) <= 6 for of in normal)
    assert any(t.fill != scenes.COLORS[t.color] for of in normal for t in of.things)


def test_hard_scenes_are_crowded_textured_and_alike_in_size():
    hard = drawn("hard")
    three = [of for of in hard if len(of.things) == 3]
    assert len(three) > N / 2
    alike = [of for of in three if len({t.size for t in of.things}) == 1]
    assert len(alike) > len(three) / 2
    assert {of.backdrop.style for of in hard} == {"dark", "striped", "checked", "gradient"}
    assert all(of.backdrop.lines and of.backdrop.specks for of in hard)


@pytest.mark.parametrize("domain", ["normal", "hard"])
def test_things_off_the_grid_do_not_hide_one_another(domain):
    for of in drawn(domain):
        for a, b in itertools.combinations(of.things, 2):
            assert max(abs(a.x - b.x), abs(a.y - b.y)) >= scenes.APART * (a.radius + b.radius) - 3


@pytest.mark.parametrize("style", STYLES)
def test_textures_stay_within_their_swing(style):
    added = texture(Backdrop(style, swing=20.0, direction=(1, -1)), 64)
    assert added.shape == (64, 64)
    assert np.abs(added).max() <= 20.0
    assert (np.ptp(added) == pytest.approx(40.0)) == (style not in ("plain", "dark"))


def test_clutter_lies_behind_the_things():
    thing = scenes.Thing("square", "red", "large", "center", 32, 32)
    behind = Backdrop(specks=((32, 32, 1, (1, 2, 3)), (5, 5, 1, (1, 2, 3))), lines=((0, 32, 63, 32, (9, 8, 7)),))
    picture = np.asarray(scenes.draw(scenes.Scene((thing,), 128, 0.001, 0, behind)))
    assert tuple(picture[32, 32]) == scenes.COLORS["red"]
    assert tuple(picture[5, 5]) == (1, 2, 3)
    assert tuple(picture[32, 2]) == (9, 8, 7)


def test_a_domain_is_a_parameter_object():
    crowded = Domain("crowded", counts=(0.0, 0.0, 1.0), same_size=1.0)
    of = scenes.scene(np.random.default_rng(0), domain=crowded)
    assert len(of.things) == 3
    assert len({(t.size, t.radius) for t in of.things}) == 1
    assert not crowded.dressed
