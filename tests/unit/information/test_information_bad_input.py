"""What no estimator takes, at every door that arrays come in by: one clear error, never a number or a warning."""

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters, as_vector
from pytest_emid.information.bounds.answer_classes import cluster_classes, exact_match_classes
from pytest_emid.information.bounds.answer_entropy import AnswerEntropy
from pytest_emid.information.bounds.rigorous import rigorous_bound
from pytest_emid.information.companions import cosine_to_reference, exact_match
from pytest_emid.information.critics import ClubCritic, RidgeCritic
from pytest_emid.information.critics.held_out import fitting_pair, gaussian_r2
from pytest_emid.information.critics.mutual_information import club, contributions
from pytest_emid.information.divergence.nulls import permutation_test, swap_test
from pytest_emid.information.divergence.rjsd import rjsd
from pytest_emid.information.intervals.means import mean_interval, retained_interval
from pytest_emid.information.intervals.multiplicity import benjamini_hochberg, holm
from pytest_emid.information.intervals.power import minimum_detectable
from pytest_emid.information.paper.correlation import correlation_study
from pytest_emid.information.paper.preference import win_rate
from pytest_emid.information.reference.decoded import decoded
from pytest_emid.information.reference.direct import direct
from pytest_emid.information.reference.whitening import Whitening
from pytest_emid.information.theory import finite

N, D = 160, 6


def refused(call, *args, **kwargs):
    with pytest.raises(EstimationError) as caught:
        call(*args, **kwargs)
    return str(caught.value)


RNG = np.random.default_rng(3)
X = RNG.normal(size=(N, D))
Y = X @ RNG.normal(size=(D, D)) + 0.5 * RNG.normal(size=(N, D))
CRITIC, WHITENING = RidgeCritic.fit(X, Y), Whitening.fit(Y, X)

# Every function that takes embeddings, with the name that it gives the argument that is spoilt.
DOORS = {
    "contributions x": ("x", lambda bad: contributions(CRITIC, bad, Y)),
    "contributions y": ("y", lambda bad: contributions(CRITIC, X, bad)),
    "contributions minus": ("minus", lambda bad: contributions(CRITIC, X, Y, minus=bad)),
    "club": ("y", lambda bad: club(CRITIC, X, bad)),
    "ridge fit": ("x", lambda bad: RidgeCritic.fit(bad, Y)),
    "club fit": ("y", lambda bad: ClubCritic.fit(X, bad)),
    "held-out": ("y", lambda bad: gaussian_r2(CRITIC, X, bad)),
    "whitening fit": ("reference", lambda bad: Whitening.fit(bad, X)),
    "direct response": ("response", lambda bad: direct(WHITENING, bad, Y, X)),
    "direct reference": ("reference", lambda bad: direct(WHITENING, Y, bad, X)),
    "decoded": ("response", lambda bad: decoded(WHITENING, bad, Y, X)),
    "rjsd": ("p", lambda bad: rjsd(bad, Y)),
    "permutation": ("p", lambda bad: permutation_test(bad, Y)),
    "swap": ("q", lambda bad: swap_test(X, bad)),
    "cosine": ("response", lambda bad: cosine_to_reference(bad, Y)),
}
MASKED = np.ma.masked_greater(Y, 4.0)


def spoilt(value, rows=Y):
    rows = rows.copy()
    rows[7] = value
    return rows


ZEROS = "row 7 is all zeros, which is no embedding. Remove the sample or fix the encoder that made it."


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (spoilt(0.0), ZEROS),
        (spoilt(1e-200), ZEROS),
        (
            spoilt(1e200),
            "row 7 holds 1e+200 in column 0, too large to compute with. Scale the numbers, or fix what made them.",
        ),
        (MASKED, f"{MASKED.mask.sum()} values are masked, which no estimator leaves out. Remove those samples."),
        ([[1.0, 2.0], [3.0]], "not an array of numbers ("),
    ],
    ids=["zeros", "squares vanish", "squares overflow", "masked", "ragged"],
)
@pytest.mark.parametrize("door", DOORS)
def test_at_every_door(door, bad, message):
    name, call = DOORS[door]
    assert refused(call, bad).startswith(f"{name}: {message}")


def test_a_mask_that_hides_nothing_is_no_error():
    assert rjsd(np.ma.masked_array(X), Y) == rjsd(X, Y)


def test_float32_on_its_own_scale_is_taken():
    x, y = (rows.astype(np.float32) for rows in (X, Y))
    assert rjsd(x * np.float32(1e30), y * np.float32(1e-30)) == pytest.approx(rjsd(x, y), rel=1e-5)


@pytest.mark.parametrize(
    ("label", "shown"), [(float("nan"), "nan"), (np.float64("nan"), "np.float64(nan)"), ([1], "[1]")]
)
def test_labels_that_tell_nothing_apart(label, shown):
    message = refused(mean_interval, np.arange(4.0), ["a", "b", label, "c"])
    shown = shown if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else repr(label)
    assert message == (
        f"clusters: the id of row 2 is {shown}, which cannot tell samples apart. "
        "Use a number or a text, the same for samples that belong together."
    )


def test_labels_of_any_kind_of_sequence():
    assert as_clusters((label for label in "abca"), 4).tolist() == [0, 1, 2, 0]


NO_SCALE = "a scale that a critic cannot be stored on. Scale the embeddings, to rows of length 1 for example."
NO_TEXT = "An answer that is missing is an empty text."
STEPS = np.arange(30.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: as_vector("values", [1.0, 1e300]),
            "values: row 1 holds 1e+300 in column 0, too large to compute with. Scale the numbers, or fix what made "
            "them.",
        ),
        (lambda: as_clusters(3, 4), "clusters: expected one id for each of 4 samples, got 3."),
        (lambda: RidgeCritic.fit(X, Y, folds=1), "folds: expected a whole number of at least 2, got 1."),
        (lambda: RidgeCritic.fit(X, Y, folds=2.5), "folds: expected a whole number of at least 2, got 2.5."),
        (lambda: RidgeCritic.fit(X, Y, penalties=()), "penalties: expected numbers of at least 0, got none."),
        (lambda: RidgeCritic.fit(X, Y, penalties=(0.1, -1.0)), "penalties: expected numbers of at least 0, got -1.0."),
        (lambda: RidgeCritic.fit(X, Y, penalties=[np.nan]), "penalties: expected numbers of at least 0, got nan."),
        (lambda: RidgeCritic.fit(X, Y, components=0), "components: expected a whole number of at least 1, got 0."),
        (lambda: ClubCritic.fit(X, Y, hidden=0), "hidden: expected a whole number of at least 1, got 0."),
        (lambda: ClubCritic.fit(X, Y, hidden=True), "hidden: expected a whole number of at least 1, got True."),
        (
            lambda: fitting_pair(X, Y * 1e-30),
            f"y: the values differ by at most {float(np.ptp(Y * 1e-30, axis=0).max()):.3g}, {NO_SCALE}",
        ),
        (
            lambda: fitting_pair(X * 1e30, Y),
            f"x: the values differ by at most {float(np.ptp(X * 1e30, axis=0).max()):.3g}, {NO_SCALE}",
        ),
        (
            lambda: Whitening.fit(Y * 1e-30, X),
            f"reference: the values differ by at most {float(np.ptp(Y * 1e-30, axis=0).max()):.3g}, which rounding "
            "drowns. Scale the embeddings, to rows of length 1 for example.",
        ),
        (lambda: holm(["a"]), "p: expected one p-value per test, got something that is no list of numbers."),
        (
            lambda: benjamini_hochberg(["a"]),
            "p: expected one p-value per test, got something that is no list of numbers.",
        ),
        (
            lambda: exact_match(["a", None], ["a", "b"]),
            f"responses: the answer at position 1 is of type NoneType, not a text. {NO_TEXT}",
        ),
        (
            lambda: exact_match_classes(["a"], [3]),
            f"texts[1]: the answer at position 0 is of type int, not a text. {NO_TEXT}",
        ),
        (
            lambda: exact_match("cat", ["c", "a", "t"]),
            "responses: expected a list of texts, got one text, 'cat'.",
        ),
        (lambda: decoded(WHITENING, Y, Y, X, folds=1), "folds: 1 cannot be cross-fitted. Use at least 2."),
        (lambda: decoded(WHITENING, Y, Y, X, penalty=-1.0), "penalty: -1.0 is not a finite number above 0."),
        (lambda: decoded(WHITENING, Y, Y, X, penalty=np.nan), "penalty: nan is not a finite number above 0."),
        (lambda: cluster_classes(X, k=2.5, seed=0), "k: expected a whole number of at least 1, got 2.5."),
        (lambda: cluster_classes(X, k=None, seed=0), "k: expected a whole number of at least 1, got None."),
        (
            lambda: cluster_classes(X, k=2, restarts=0, seed=0),
            "restarts: expected a whole number of at least 1, got 0.",
        ),
        (
            lambda: correlation_study(1.0 + 1e-16 * STEPS, STEPS),
            "x: all 30 values are 1; nothing correlates with that.",
        ),
        (
            lambda: correlation_study(STEPS, 1e-200 * STEPS),
            "y: all 30 values are 0; nothing correlates with that.",
        ),
        (
            lambda: CRITIC.save("/none/file.safetensors"),
            "/none/file.safetensors: there is no folder /none. Make it first.",
        ),
    ],
)
def test_options_and_values_out_of_range(call, message):
    assert refused(call) == message


def test_queries_beyond_the_networks_precision_name_the_row():
    critic = ClubCritic.fit(X, Y, hidden=4)
    with np.errstate(all="raise"):
        message = refused(contributions, critic, spoilt(1e60, X), Y)
    assert message.startswith("critic club: the contribution of row ")


class TestTables:
    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: finite.entropy([np.nan, 1.0]), "p: nan at position 0 is not a probability."),
            (lambda: finite.entropy([0.5, 0.6]), "p: it sums to 1.1, not to 1. Divide each row by its sum."),
            (
                lambda: finite.entropy(["a"]),
                "p: not an array of probabilities (could not convert string to float: 'a').",
            ),
            (
                lambda: finite.mutual_information([0.5, 0.5], [[1.0, 0.0], [-0.5, 1.5]]),
                "rows: -0.5 at position (1, 0) is not a probability.",
            ),
            (
                lambda: finite.mutual_information([1.0], [[1.0, 0.0], [0.0, 1.0]]),
                "rows: expected one row of answers for each query, got shape (2, 2) for p_x of shape (1,).",
            ),
            (
                lambda: finite.kullback_leibler([np.nan, 1.0], [0.5, 0.5]),
                "p: nan at position 0 is not a probability.",
            ),
            (
                lambda: finite.jensen_shannon([0.5, 0.5], [1.0]),
                "p has shape (2,) and q (1,): they share rows and one alphabet.",
            ),
            (
                lambda: finite.total_variation([0.5, 0.5], [0.2, 0.3, 0.5]),
                "p has shape (2,) and q (3,): they share rows and one alphabet.",
            ),
            (
                lambda: finite.log_preference([1.0], [[0.5, 0.5]], [[0.5, 0.6]]),
                "truth: row 0 sums to 1.1, not to 1. Divide each row by its sum.",
            ),
            (
                lambda: finite.emi([1.0], [[0.5, 0.5]], [[1.0, np.inf]]),
                "rows: inf at position (0, 1) is not a probability.",
            ),
            (
                lambda: finite.fannes_audenaert(0.1, float("nan")),
                "letters: an alphabet has at least one letter, got nan.",
            ),
        ],
    )
    def test_that_are_no_distributions(self, call, message):
        assert refused(call) == message


class TestBoundOnClasses:
    labels = np.arange(80) % 4

    def bound(self, **options):
        given = {"letters": 4, **options}
        return rigorous_bound(self.labels, self.labels, self.labels[::-1], self.labels[::-1], **given)

    @pytest.mark.parametrize("letters", [4.0, float("nan"), "4", True])
    def test_letters_are_a_whole_number(self, letters):
        assert refused(self.bound, letters=letters) == f"letters: expected a whole number, got {letters!r}."

    def test_entropies_of_texts_are_told_from_those_of_classes(self):
        inside = AnswerEntropy.given(np.full(80, np.log(4)))
        beyond = AnswerEntropy.given(np.r_[np.zeros(79), 3.0])
        assert refused(self.bound, entropy_clean=inside, entropy_shifted=beyond) == (
            "entropy_shifted: 3 nats for sample 79, and answers in 4 classes have at most log 4 = 1.386. "
            "Pass entropies of the classes, not of the texts."
        )
        # Means over drawn paths scatter about what they estimate.
        paths = AnswerEntropy.from_paths(beyond.values)
        assert np.isfinite(self.bound(entropy_clean=inside, entropy_shifted=paths).limit)

    def test_one_class_is_bounded_by_nothing(self):
        nothing = np.zeros(80, dtype=int)
        found = rigorous_bound(nothing, nothing, nothing, nothing, letters=1)
        assert (found.emid.low, found.emid.high, found.limit, found.contradicted) == (0.0, 0.0, 0.0, False)


def test_a_perfect_win_rate_is_inside_its_interval():
    for count in range(1, 200):
        rate = win_rate(np.ones(count), np.zeros(count)).rate
        assert rate.low < rate.value <= rate.high == 1.0
        lost = win_rate(np.zeros(count), np.ones(count)).rate
        assert 0.0 == lost.low <= lost.value < lost.high


def test_nothing_within_the_limits_of_an_unchanged_set_is_detectable():
    unchanged = retained_interval(np.ones(60), np.ones(60))
    assert unchanged.high > 1.05
    assert minimum_detectable(unchanged) == pytest.approx(unchanged.high - 1.0)
    assert minimum_detectable(mean_interval(np.ones(60))) == 0.0


def test_questions_of_no_size_give_nothing_away():
    assert Whitening.fit(Y, X * 1e-200).explained == pytest.approx(Whitening.fit(Y, np.ones_like(X)).explained)
