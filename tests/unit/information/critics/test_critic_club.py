import pickle

import numpy as np
import pytest
import torch
from critic_worlds import LinearWorld, dense_club

from pytest_emid.errors import EstimationError
from pytest_emid.information.critics.club import ClubCritic
from pytest_emid.information.critics.held_out import gaussian_r2
from pytest_emid.information.critics.mutual_information import club
from pytest_emid.information.critics.training import Training

WORLD = LinearWorld()


def checkpoint(dx=6, hidden=5, dy=4, seed=0):
    """A state dict in the authors' format, from torch layers."""
    generator = torch.Generator().manual_seed(seed)
    shapes = {"0.weight": (hidden, dx), "0.bias": (hidden,), "2.weight": (dy, hidden), "2.bias": (dy,)}
    return {
        f"{network}.{name}": torch.randn(shape, generator=generator)
        for network in ("p_mu", "p_logvar")
        for name, shape in shapes.items()
    }


def torch_parameters(state, x):
    x = torch.as_tensor(x)
    outputs = []
    for network in ("p_mu", "p_logvar"):
        w0, b0, w2, b2 = (state[f"{network}.{name}"].double() for name in ("0.weight", "0.bias", "2.weight", "2.bias"))
        outputs.append(torch.nn.functional.linear(torch.tanh(torch.nn.functional.linear(x, w0, b0)), w2, b2))
    return outputs[0].numpy(), torch.tanh(outputs[1]).numpy()


def test_it_reads_the_authors_format_and_answers_as_their_network(tmp_path):
    state = checkpoint()
    torch.save(state, tmp_path / "club.pt")
    critic = ClubCritic.load_checkpoint(tmp_path / "club.pt")
    assert (critic.dimension_x, critic.dimension_y) == (6, 4)
    assert not critic.held_out_r2.is_finite
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 6)), rng.normal(size=(50, 4))
    mean, logvar = torch_parameters(state, x)
    a, w = critic.natural(x)
    assert w.dtype == a.dtype == np.float64
    # The networks run in float32, everything after them in float64.
    np.testing.assert_allclose(w, np.exp(-logvar), rtol=1e-5)
    np.testing.assert_allclose(a, np.exp(-logvar) * mean, rtol=1e-5, atol=1e-5)
    assert club(critic, x, y) == pytest.approx(dense_club(a / w, -np.log(w), y), abs=1e-12)
    assert club(critic, x, y) == pytest.approx(dense_club(mean, logvar, y), abs=1e-5)


def test_it_writes_the_authors_format(tmp_path):
    critic = ClubCritic.fit(*WORLD.draw(60, 0), hidden=7, training=Training(epochs=2))
    critic.save_checkpoint(tmp_path / "club.pt")
    state = torch.load(tmp_path / "club.pt", weights_only=True)
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == {
        name: tuple(tensor.shape) for name, tensor in checkpoint(12, 7, 9).items()
    }
    assert ClubCritic.load_checkpoint(tmp_path / "club.pt").fingerprint == critic.fingerprint


def test_training_learns_and_measures_itself_on_pairs_it_has_not_seen():
    critic = ClubCritic.fit(*WORLD.draw(800, 0), hidden=32, training=Training(epochs=60, learning_rate=3e-3))
    fresh = gaussian_r2(critic, *WORLD.draw(2000, 1))
    assert fresh.value > 0.5
    assert critic.held_out_r2.value == pytest.approx(fresh.value, abs=0.1)
    assert critic.held_out_r2.n == pytest.approx(120, abs=1)


def test_early_stopping_keeps_the_best_epoch():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(60, 12)), rng.normal(size=(60, 9))
    critic = ClubCritic.fit(*noise, training=Training(epochs=400, patience=5, learning_rate=3e-3))
    assert critic.settings["epochs"][0] < 50
    assert critic.held_out_r2.value == pytest.approx(0, abs=0.15)


def test_the_log_variance_stays_between_the_limits_of_its_tanh():
    critic = ClubCritic.fit(*WORLD.draw(60, 0), training=Training(epochs=3))
    w = critic.natural(WORLD.draw(40, 1)[0])[1]
    assert (w >= np.exp(-1)).all()
    assert (w <= np.exp(1)).all()


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "owned"), "w"))

    path = tmp_path / "club.pt"
    torch.save({"p_mu.0.weight": Evil()}, path)
    with pytest.raises(EstimationError, match=r"not a torch checkpoint .* \(UnpicklingError\)\.$"):
        ClubCritic.load_checkpoint(path)
    path.write_bytes(pickle.dumps(Evil(), protocol=2))
    with pytest.raises(EstimationError):
        ClubCritic.load_checkpoint(path)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: Training(epochs=0),
            "training: epochs, patience and batch must be at least 1, the learning rate positive and the weight decay "
            "not negative, got Training(epochs=0, patience=20, batch=64, learning_rate=0.0003, weight_decay=0.0).",
        ),
        (
            lambda: ClubCritic.fit(*WORLD.draw(60, 0), training=Training(epochs=2, learning_rate=1e30)),
            "training: the validation loss was never finite in 2 epochs. Lower the learning rate (1e+30) or check the "
            "scale of the embeddings.",
        ),
    ],
)
def test_impossible_training_is_refused(call, message):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "content", [b"hello world\n" * 50, b"", b"PK\x03\x04" + b"0" * 200, b"\0" * 100, b"\x80\x04\x95"], ids=range(5)
)
def test_bytes_of_other_files_are_refused_whatever_they_do_to_torch(tmp_path, content):
    path = tmp_path / "other.pt"
    path.write_bytes(content)
    with pytest.raises(EstimationError, match=r"other\.pt: not a torch checkpoint that loads with weights_only=True"):
        ClubCritic.load_checkpoint(path)


def test_a_checkpoint_cut_short_is_refused(tmp_path):
    whole = _saved(tmp_path, checkpoint()).read_bytes()
    for length in (len(whole) // 3, len(whole) - 100):
        (tmp_path / "cut.pt").write_bytes(whole[:length])
        with pytest.raises(EstimationError, match="not a torch checkpoint"):
            ClubCritic.load_checkpoint(tmp_path / "cut.pt")


def test_trained_parameters_and_half_precision_load_too(tmp_path):
    state = checkpoint()
    expected = ClubCritic.load_checkpoint(_saved(tmp_path, state)).fingerprint
    trained = {name: torch.nn.Parameter(tensor.clone()) for name, tensor in state.items()}
    assert ClubCritic.load_checkpoint(_saved(tmp_path, trained)).fingerprint == expected
    halves = {name: tensor.half() for name, tensor in state.items()}
    assert ClubCritic.load_checkpoint(_saved(tmp_path, halves)).dimension_x > 0


STATE, BIAS = checkpoint(), "p_logvar.0.bias"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "{path}: a torch file, but not a state dict of tensors."),
        ({**STATE, "extra": torch.zeros(1)}, "{path}: not a CLUB critic: unexpected arrays ['extra']."),
        ({**STATE, 3: torch.zeros(1)}, "{path}: not a CLUB critic: unexpected arrays ['3']."),
        (
            {**STATE, BIAS: STATE[BIAS].to(torch.complex64)},
            "{path}: not a CLUB critic: ['p_logvar.0.bias'] are no dense arrays of real numbers.",
        ),
        (
            {**STATE, BIAS: STATE[BIAS].to_sparse()},
            "{path}: not a CLUB critic: ['p_logvar.0.bias'] are no dense arrays of real numbers.",
        ),
        (
            {**STATE, BIAS: STATE[BIAS].long()},
            "{path}: not a CLUB critic: ['p_logvar.0.bias'] are no dense arrays of real numbers.",
        ),
        (
            {**STATE, "p_logvar.2.bias": torch.zeros(3)},
            "club critic: 'p_logvar.2.bias' has shape (3,), expected (4,).",
        ),
    ],
    ids=range(7),
)
def test_files_of_other_content_are_refused(tmp_path, content, message):
    path = _saved(tmp_path, content)
    with pytest.raises(EstimationError) as caught:
        ClubCritic.load_checkpoint(path)
    assert str(caught.value) == message.format(path=path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(EstimationError) as caught:
        ClubCritic.load_checkpoint(tmp_path / "club.pt")
    assert str(caught.value) == f"{tmp_path / 'club.pt'}: no such file. Pass the path of a CLUB checkpoint."


def _saved(folder, state):
    path = folder / "critic.pt"
    torch.save(state, path)
    return path
