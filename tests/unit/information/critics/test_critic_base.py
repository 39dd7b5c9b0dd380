import numpy as np
import pytest
import safetensors.numpy
from critic_worlds import LinearWorld

from pytest_emid.errors import EstimationError
from pytest_emid.information import critics
from pytest_emid.information.critics import KINDS, ClubCritic, ContrastiveCritic, GaussianCritic, RidgeCritic
from pytest_emid.information.critics.base import UNKNOWN_R2, Critic
from pytest_emid.information.critics.mutual_information import contributions
from pytest_emid.information.critics.training import Training

WORLD = LinearWorld()


def fit(kind, pair):
    networks = {"hidden": 16, "training": Training(epochs=60, learning_rate=3e-3)}
    return KINDS[kind].fit(*pair, **(networks if kind == "club" else {}))


@pytest.fixture(scope="module")
def fitted():
    return {kind: fit(kind, WORLD.draw(120, 0)) for kind in KINDS}


def refused(call, *args):
    with pytest.raises(EstimationError) as caught:
        call(*args)
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_loaded_it_answers_the_same(kind, fitted, tmp_path):
    critic = fitted[kind]
    critic.save(tmp_path / "critic.safetensors")
    loaded = critics.load(tmp_path / "critic.safetensors")
    assert type(loaded) is type(critic)
    assert loaded.fingerprint == critic.fingerprint
    assert loaded.held_out_r2 == critic.held_out_r2
    assert loaded.settings == critic.settings
    assert (loaded.dimension_x, loaded.dimension_y) == (12, 9)
    x, y = WORLD.draw(50, 1)
    np.testing.assert_array_equal(contributions(loaded, x, y), contributions(critic, x, y))


@pytest.mark.parametrize("kind", KINDS)
def test_fits_repeat_bit_for_bit_and_leave_global_randomness_alone(kind, fitted):
    import torch

    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    again = fit(kind, WORLD.draw(120, 0))
    assert again.fingerprint == fitted[kind].fingerprint
    assert fit(kind, WORLD.draw(120, 3)).fingerprint != again.fingerprint
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_every_critic_fulfils_one_protocol_and_one_form(kind, fitted):
    critic = fitted[kind]
    assert isinstance(critic, Critic)
    assert isinstance(critic, GaussianCritic) != isinstance(critic, ContrastiveCritic)
    assert critic.kind == kind
    assert critic.held_out_r2.low > 0, "a world this easy must be learnt by every critic"
    assert kind.lower() in repr(critic).lower()


@pytest.mark.parametrize("kind", KINDS)
def test_natural_parameters_depend_on_their_own_row_alone(kind, fitted):
    x, _ = WORLD.draw(20, 2)
    a, w = fitted[kind].natural(x)
    assert a.dtype == w.dtype == np.float64
    assert a.shape == w.shape == (20, 9)
    assert (w > 0).all()
    for part, whole in zip(fitted[kind].natural(x[5:6]), (a, w), strict=True):
        np.testing.assert_allclose(part[0], whole[5], rtol=1e-5)


def test_the_held_out_score_is_no_part_of_the_identity(fitted):
    critic = fitted["ridge"]
    assert critic.with_held_out_r2(UNKNOWN_R2).fingerprint == critic.fingerprint
    assert not critic.with_held_out_r2(UNKNOWN_R2).held_out_r2.is_finite


def test_arrays_cannot_be_changed_after_the_fingerprint(fitted):
    with pytest.raises(ValueError, match="read-only"):
        fitted["ridge"]._arrays["weight"][0, 0] = 1


def rewrite(path, header=None, arrays=None):
    with safetensors.safe_open(path, framework="numpy") as file:
        metadata = {**file.metadata(), **(header or {})}
    safetensors.numpy.save_file(arrays or safetensors.numpy.load_file(path), path, metadata=metadata)


def test_a_changed_file_is_refused(fitted, tmp_path):
    path = tmp_path / "critic.safetensors"
    fitted["ridge"].save(path)
    arrays = safetensors.numpy.load_file(path)
    arrays["mean_y"] = arrays["mean_y"] + 1
    rewrite(path, arrays=arrays)
    changed = RidgeCritic(arrays).fingerprint
    assert refused(critics.load, path) == (
        f"{path}: the arrays have fingerprint {changed[:12]}, the header says {fitted['ridge'].fingerprint[:12]}. "
        f"The file was changed after it was saved: fit the critic again."
    )


def write_ridge(path, critic, header):
    critic.save(path)
    rewrite(path, header)


@pytest.mark.parametrize(
    ("load", "write", "message"),
    [
        (
            critics.load,
            lambda path, critic: None,
            "no such file. Pass the path of a critic that was saved with `critic.save`.",
        ),
        (
            critics.load,
            lambda path, critic: safetensors.numpy.save_file({"a": np.zeros(2)}, path),
            "a safetensors file, but not a critic saved by this package.",
        ),
        (
            critics.load,
            lambda path, critic: write_ridge(path, critic, {"version": "2"}),
            "critic format version 2, this release reads version 1. "
            "Fit the critic again or install the release that wrote it.",
        ),
        (
            critics.load,
            lambda path, critic: write_ridge(path, critic, {"kind": "oracle"}),
            "unknown critic kind 'oracle'; this release knows ridge, club.",
        ),
        (ClubCritic.load, lambda path, critic: critic.save(path), "holds a 'ridge' critic, not a 'club' one."),
        (
            critics.load,
            lambda path, critic: safetensors.numpy.save_file(
                {"a": np.zeros(2)},
                path,
                {"format": "pytest-emid critic", "version": "1", "kind": "ridge", "settings": "{}"},
            ),
            "the critic's header lacks fingerprint, held_out_r2.",
        ),
    ],
)
def test_files_that_are_no_critic_of_ours_are_refused(load, write, message, fitted, tmp_path):
    path = tmp_path / "critic.safetensors"
    write(path, fitted["ridge"])
    assert refused(load, path) == f"{path}: {message}"


def test_nonsense_is_no_critic(tmp_path):
    path = tmp_path / "critic.safetensors"
    path.write_bytes(b"nonsense")
    assert refused(critics.load, path).startswith(f"{path}: not a safetensors file (")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("variance", None, "the array 'variance' is missing; found ['mean_x', 'mean_y', 'weight']."),
        ("mean_x", lambda array: array[1:], "'mean_x' has shape (11,), expected (12,)."),
        ("mean_x", lambda array: array[None], "'mean_x' has 2 axes, expected 1."),
        ("weight", lambda array: array * np.nan, "'weight' holds values that are not finite."),
        ("weight", lambda array: np.full(array.shape, 1e300), "'weight' holds values that are not finite."),
        ("variance", lambda array: array * 0, "'variance' must be positive in every dimension."),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(fitted, name, change, message):
    arrays = dict(fitted["ridge"]._arrays)
    array = arrays.pop(name)
    if change is not None:
        arrays[name] = change(array)
    assert refused(RidgeCritic, arrays) == f"ridge critic: {message}"


@pytest.mark.parametrize(
    "damage",
    [{"held_out_r2": "{"}, {"held_out_r2": "{}"}, {"held_out_r2": "[]"}, {"settings": "x"}, {"settings": "[1]"}],
)
def test_damaged_headers_are_refused(fitted, tmp_path, damage):
    path = tmp_path / "critic.safetensors"
    write_ridge(path, fitted["ridge"], damage)
    message = refused(critics.load, path)
    assert message.startswith(f"{path}: the critic's header is damaged (")
    assert message.endswith("). Fit the critic again.")
