"""The regulariser: values, slopes, what cannot be divided by, what is refused."""

from __future__ import annotations

import math

import pytest
import torch

from pytest_emid.errors import EstimationError
from pytest_emid.training import RECIPES, TERMS, Answers, EmidRegulariser, States, recipe
from pytest_emid.training.divergences import cosine, token_kl, unit

BETWEEN = [name for name in TERMS if not name.startswith("root4")]
"""The terms that compare the views; the others hold one view against the references."""
STOPPED = {"cosine_visual", "cosine_question", "token_kl"}
"""The terms whose clean view is a goal: it gets no gradient."""
LABELS, OWNER = torch.tensor([1, 2, 3, 1, 2, 0, 5]), torch.tensor([0, 0, 1, 2, 2, 2, 3])


def tensors(seed: int, n: int = 4) -> list[torch.Tensor]:
    """Visual states, question states and logits of a view of n samples."""
    g = torch.Generator().manual_seed(seed)
    tokens = len(LABELS) if n == 4 else n
    return [torch.randn(rows, d, generator=g, dtype=torch.float64) for rows, d in ((n, 5), (n, 5), (tokens, 7))]


def view(visual: torch.Tensor, question: torch.Tensor, logits: torch.Tensor) -> States:
    labels, owner = (
        (LABELS, OWNER) if len(visual) == 4 else (torch.zeros(len(logits)).long(), torch.arange(len(visual)))
    )
    return States(visual, question, Answers(logits, labels, owner))


def loss(name: str, *parts: torch.Tensor, **options: int) -> torch.Tensor:
    return EmidRegulariser({name: 1.0}, **options)(view(*parts[:3]), view(*parts[3:])).loss


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("n", [4, 2])
def test_slopes_are_right(name: str, n: int) -> None:
    clean, shifted = tensors(0, n), tensors(1, n)
    moved = [part.clone().requires_grad_() for part in (shifted if name in STOPPED else clean + shifted)]
    fixed = clean if name in STOPPED else []
    assert torch.autograd.gradcheck(lambda *parts: loss(name, *fixed, *parts), moved, fast_mode=True)


@pytest.mark.parametrize("name", sorted(STOPPED))
def test_a_goal_has_no_slope(name: str) -> None:
    clean = [part.requires_grad_() for part in tensors(0)]
    shifted = [part.requires_grad_() for part in tensors(1)]
    loss(name, *clean, *shifted).backward()
    assert all(part.grad is None or not part.grad.any() for part in clean)
    assert any(part.grad is not None and part.grad.any() for part in shifted)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", BETWEEN)
def test_views_that_agree_cost_nothing_and_push_nowhere(name: str, dtype: torch.dtype) -> None:
    clean = [part.to(dtype) for part in tensors(0)]
    shifted = [part.clone().requires_grad_() for part in clean]
    value = loss(name, *clean, *shifted)
    value.backward()
    assert abs(value.item()) < 1e-9
    for part in shifted:
        assert part.grad is None or part.grad.abs().max() < 1e-5


def test_predictions_that_are_the_references_cost_nothing() -> None:
    sure = 1e3 * torch.nn.functional.one_hot(LABELS, 7).double()
    for name in ("root4_clean_answers", "root4_shifted_answers"):
        assert loss(name, *tensors(0)[:2], sure, *tensors(1)[:2], sure).item() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("name", [name for name in TERMS if "visual" in name])
def test_equal_eigenvalues_have_finite_slopes(name: str) -> None:
    basis = torch.eye(6, dtype=torch.float64)
    clean, shifted = basis[:4].clone().requires_grad_(), basis[2:].clone().requires_grad_()
    found = EmidRegulariser({name: 1.0})(States(clean), States(shifted)).loss
    found.backward()
    assert found.item() > 0 or name == "coral_visual"
    assert shifted.grad is not None
    assert torch.isfinite(shifted.grad).all()


@pytest.mark.parametrize("name", [name for name in TERMS if "visual" in name])
def test_a_sample_of_zeros_is_left_alone(name: str) -> None:
    clean, shifted = tensors(0)[0], tensors(1)[0]
    shifted[1] = 0.0
    shifted.requires_grad_()
    found = EmidRegulariser({name: 1.0})(States(clean), States(shifted)).loss
    found.backward()
    assert math.isfinite(found.item())
    assert shifted.grad is not None
    assert torch.isfinite(shifted.grad).all()
    assert not shifted.grad[1].any()
    assert shifted.grad[0].any()


def test_rjsd_does_not_see_the_order_of_samples_and_cosine_does() -> None:
    clean = unit(tensors(0)[0])
    turned = clean.roll(1, 0)
    assert loss_of("rjsd_visual", clean, turned) == pytest.approx(0, abs=1e-12)
    assert loss_of("cosine_visual", clean, turned) > 0.1


def loss_of(name: str, clean: torch.Tensor, shifted: torch.Tensor) -> float:
    return EmidRegulariser({name: 1.0})(States(clean), States(shifted)).loss.item()


def test_values_known_by_hand() -> None:
    one, other = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    assert loss_of("rjsd_visual", one, other) == pytest.approx(math.log(2))
    assert loss_of("root_rjsd_visual", one, other) == pytest.approx(math.sqrt(math.log(2) + 1e-3) - math.sqrt(1e-3))
    assert loss_of("mean_visual", one, other) == pytest.approx(2)
    assert cosine(one, other).item() == pytest.approx(1)
    even, sure = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.25, 0.75]]).log()
    expected = 0.5 * math.log(2) + 0.5 * math.log(0.5 / 0.75)
    assert token_kl(even, sure).item() == pytest.approx(expected, rel=1e-5)


def test_the_root_has_a_slope_at_zero_that_is_finite() -> None:
    clean = tensors(0)[0]
    shifted = (clean + 1e-7).requires_grad_()
    EmidRegulariser({"root_rjsd_visual": 1.0})(States(clean), States(shifted)).loss.backward()
    assert shifted.grad is not None
    assert shifted.grad.abs().max() < 1e-4


def test_weights_and_scale_multiply_and_terms_do_not() -> None:
    views = view(*tensors(0)), view(*tensors(1))
    regulariser = EmidRegulariser({"rjsd_visual": 2.0, "mean_question": 3.0})
    whole = regulariser(*views)
    assert whole.loss.item() == pytest.approx(2 * whole.terms["rjsd_visual"] + 3 * whole.terms["mean_question"])
    regulariser.scale = 0.5
    assert regulariser(*views).loss.item() == pytest.approx(whole.loss.item() / 2)
    assert regulariser(*views).terms == whole.terms
    assert not list(regulariser.parameters())


def test_parts_of_a_batch_are_averaged_by_their_pairs() -> None:
    clean, shifted = torch.cat([tensors(i)[0] for i in (0, 2)])[:7], torch.cat([tensors(i)[0] for i in (1, 3)])[:7]
    parts = [loss_of("rjsd_visual", clean[i : i + 3], shifted[i : i + 3]) for i in (0, 3, 6)]
    cut = EmidRegulariser("rjsd", pairs=3)(States(clean), States(shifted)).loss.item()
    assert cut == pytest.approx((3 * parts[0] + 3 * parts[1] + parts[2]) / 7)


def test_without_terms_the_loss_is_zero() -> None:
    found = EmidRegulariser("none")(States(), States())
    assert (found.loss.item(), found.terms) == (0.0, {})


def test_every_recipe_is_of_terms() -> None:
    assert all(set(weights) <= set(TERMS) for weights in RECIPES.values())
    assert recipe("bound", 2.0)["root_rjsd_visual"] == 2.0


LEGAL = ", ".join(TERMS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": "js"}, f"there is no recipe 'js'. Recipes: {', '.join(RECIPES)}."),
        ({"weights": {"js": 1.0}}, f"there is no term 'js'. Terms: {LEGAL}."),
        ({"weights": {"token_js": -1.0}}, "the weight of token_js is -1.0; give a number from 0."),
        ({"weights": {"token_js": math.nan}}, "the weight of token_js is nan; give a number from 0."),
        ({"pairs": 0}, "pairs is 0; give at least 1, or None for whole batches."),
        ({"softening": 0.0}, "softening is 0.0; give a number of nats above 0."),
    ],
)
def test_what_cannot_be_made(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(EstimationError) as caught:
        EmidRegulariser(**arguments)
    assert str(caught.value) == message


ROWS = torch.ones(2, 3)


@pytest.mark.parametrize(
    ("name", "clean", "shifted", "message"),
    [
        ("rjsd_visual", States(ROWS), States(), "there are no visual states of both views, which a term compares."),
        (
            "rjsd_visual",
            States(ROWS),
            States(ROWS[:1]),
            "there are visual states of 2 clean and 1 shifted samples; views are pairs.",
        ),
        (
            "rjsd_visual",
            States(ROWS),
            States(ROWS * math.nan),
            "q: row 0 is not finite (2 of 2 rows). Lower the learning rate, or remove the sample.",
        ),
        ("rjsd_visual", States(0 * ROWS), States(ROWS), "p: rows of length 0 in all, which are no embeddings."),
        ("token_js", States(), States(), "there are no answer tokens in a view, which a term compares."),
        (
            "token_js",
            view(*tensors(0)),
            States(answers=Answers(tensors(0)[2], LABELS.flip(0), OWNER)),
            "the two views have other answer tokens, so tokens cannot be compared one by one.",
        ),
    ],
)
def test_what_cannot_be_compared(name: str, clean: States, shifted: States, message: str) -> None:
    with pytest.raises(EstimationError) as caught:
        EmidRegulariser({name: 1.0})(clean, shifted)
    assert str(caught.value) == message


def test_states_are_of_as_many_pictures_as_questions_and_halves_of_an_even_number() -> None:
    with pytest.raises(EstimationError) as caught:
        States(torch.ones(2, 3), torch.ones(3, 3))
    assert str(caught.value) == (
        "there are visual states of 2 samples and question states of 3; give one row a sample in both."
    )
    with pytest.raises(EstimationError) as caught:
        States(torch.ones(3, 3)).halves()
    assert str(caught.value) == "a batch of two views has an even number of rows, not 3."


def test_halves_take_their_own_answers_along() -> None:
    answers = Answers(torch.arange(8.0).reshape(4, 2), torch.tensor([0, 1, 0, 1]), torch.tensor([0, 1, 1, 3]))
    first, second = States(torch.eye(4), None, answers).halves()
    assert first.answers is not None
    assert second.answers is not None
    assert (first.answers.sample.tolist(), second.answers.sample.tolist()) == ([0, 1, 1], [1])
    assert second.answers.logits.tolist() == [[6.0, 7.0]]
