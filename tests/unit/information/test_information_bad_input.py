"""What no estimator takes, at every door that arrays come in by: one clear error, never a number or a warning."""

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information import (
    AnswerEntropy,
    KernelCritic,
    Moments,
    RidgeCritic,
    Whitening,
    benjamini_hochberg,
    club,
    cluster_classes,
    contributions,
    correlation_study,
    cosine_to_reference,
    decoded,
    direct,
    exact_match,
    exact_match_classes,
    holm,
    kernel_rjsd,
    mean_interval,
    minimum_detectable,
    mmd,
    permutation_test,
    retained_interval,
    rigorous_bound,
    rjsd,
    swap_test,
    win_rate,
)
from pytest_emid.information.arrays import as_clusters, as_vector
from pytest_emid.information.critics import ClubCritic, InfoNCECritic
from pytest_emid.information.critics.held_out import fitting_pair, gaussian_r2
from pytest_emid.information.theory import finite

N, D = 160, 6


def refused(call, *args, **kwargs):
    with pytest.raises(EstimationError) as caught:
        call(*args, **kwargs)
    return str(caught.value)


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(N, D))
    y = x @ rng.normal(size=(D, D)) + 0.5 * rng.normal(size=(N, D))
    return x, y


@pytest.fixture(scope="module")
def doors(world):
    """Every function that takes embeddings, by the name it gives the argument that is spoilt."""
    x, y = world
    critic, whitening = RidgeCritic.fit(x, y), Whitening.fit(y, x)
    return {
        "contributions x": ("x", lambda bad: contributions(critic, bad, y)),
        "contributions y": ("y", lambda bad: contributions(critic, x, bad)),
        "contributions minus": ("minus", lambda bad: contributions(critic, x, y, minus=bad)),
        "club": ("y", lambda bad: club(critic, x, bad)),
        "update": ("x", lambda bad: Moments(critic).update(bad, y)),
        "ridge fit": ("x", lambda bad: RidgeCritic.fit(bad, y)),
        "kernel fit": ("y", lambda bad: KernelCritic.fit(x, bad)),
        "held-out": ("y", lambda bad: gaussian_r2(critic, x, bad)),
        "whitening fit": ("reference", lambda bad: Whitening.fit(bad, x)),
        "direct response": ("response", lambda bad: direct(whitening, bad, y, x)),
        "direct reference": ("reference", lambda bad: direct(whitening, y, bad, x)),
        "decoded": ("response", lambda bad: decoded(whitening, bad, y, x)),
        "rjsd": ("p", lambda bad: rjsd(bad, y)),
        "kernel_rjsd": ("q", lambda bad: kernel_rjsd(y, bad)),
        "mmd": ("p", lambda bad: mmd(bad, y)),
        "permutation": ("p", lambda bad: permutation_test(bad, y)),
        "swap": ("q", lambda bad: swap_test(x, bad)),
        "cosine": ("response", lambda bad: cosine_to_reference(bad, y)),
    }


DOORS = [
    "contributions x",
    "contributions y",
    "contributions minus",
    "club",
    "update",
    "ridge fit",
    "kernel fit",
    "held-out",
    "whitening fit",
    "direct response",
    "direct reference",
    "decoded",
    "rjsd",
    "kernel_rjsd",
    "mmd",
    "permutation",
    "swap",
    "cosine",
]


def spoilt(world, value):
    rows = world[1].copy()
    rows[7] = value
    return rows


def test_every_door_is_tried(doors):
    assert sorted(DOORS) == sorted(doors)


@pytest.mark.parametrize("door", DOORS)
def test_a_row_of_zeros(doors, world, door):
    name, call = doors[door]
    assert refused(call, spoilt(world, 0.0)) == (
        f"{name}: row 7 is all zeros, which is no embedding. Remove the sample or fix the encoder that made it."
    )
    assert refused(call, spoilt(world, 1e-200)) == refused(call, spoilt(world, 0.0))


@pytest.mark.parametrize("door", DOORS)
def test_a_number_whose_square_is_none(doors, world, door):
    name, call = doors[door]
    assert refused(call, spoilt(world, 1e200)) == (
        f"{name}: row 7 holds 1e+200 in column 0, too large to compute with. Scale the numbers, or fix what made them."
    )


@pytest.mark.parametrize("door", DOORS)
def test_masked_values_are_not_used(doors, world, door):
    name, call = doors[door]
    masked = np.ma.masked_greater(world[1], 4.0)
    assert refused(call, masked) == (
        f"{name}: {int(masked.mask.sum())} values are masked, which no estimator leaves out. Remove those samples."
    )


@pytest.mark.parametrize("door", DOORS)
def test_rows_of_different_lengths(doors, door):
    name, call = doors[door]
    assert refused(call, [[1.0, 2.0], [3.0]]).startswith(f"{name}: not an array of numbers (")


def test_a_mask_that_hides_nothing_is_no_error(world):
    x, y = world
    assert rjsd(np.ma.masked_array(x), y) == rjsd(x, y)


def test_vectors_too():
    assert refused(as_vector, "values", [1.0, 1e300]) == (
        "values: row 1 holds 1e+300 in column 0, too large to compute with. Scale the numbers, or fix what made them."
    )


def test_float32_on_its_own_scale_is_taken(world):
    x, y = (rows.astype(np.float32) for rows in world)
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
    assert refused(as_clusters, 3, 4) == "clusters: expected one id for each of 4 samples, got 3."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"folds": 1}, "folds: expected a whole number of at least 2, got 1."),
        ({"folds": 2.5}, "folds: expected a whole number of at least 2, got 2.5."),
        ({"penalties": ()}, "penalties: expected numbers of at least 0, got none."),
        ({"penalties": (0.1, -1.0)}, "penalties: expected numbers of at least 0, got -1.0."),
        ({"penalties": (float("nan"),)}, "penalties: expected numbers of at least 0, got nan."),
    ],
)
@pytest.mark.parametrize("critic", [RidgeCritic, KernelCritic])
def test_options_of_the_closed_forms(world, critic, options, message):
    assert refused(critic.fit, *world, **options) == message


@pytest.mark.parametrize(
    ("critic", "options", "message"),
    [
        (RidgeCritic, {"components": 0}, "components: expected a whole number of at least 1, got 0."),
        (KernelCritic, {"bandwidths": ()}, "bandwidths: expected positive numbers, got none."),
        (KernelCritic, {"bandwidths": (1.0, 0.0)}, "bandwidths: expected positive numbers, got 0.0."),
        (KernelCritic, {"max_landmarks": 1}, "max_landmarks: expected a whole number of at least 2, got 1."),
        (ClubCritic, {"hidden": 0}, "hidden: expected a whole number of at least 1, got 0."),
        (InfoNCECritic, {"hidden": True}, "hidden: expected a whole number of at least 1, got True."),
        (InfoNCECritic, {"features": 0}, "features: expected a whole number of at least 1, got 0."),
    ],
)
def test_options_of_each_critic(world, critic, options, message):
    assert refused(critic.fit, *world, **options) == message


def test_a_scale_that_no_critic_can_be_stored_on(world):
    x, y = world
    advice = "a scale that a critic cannot be stored on. Scale the embeddings, to rows of length 1 for example."
    spread = float(np.ptp(y * 1e-30, axis=0).max())
    assert refused(fitting_pair, x, y * 1e-30) == f"y: the values differ by at most {spread:.3g}, {advice}"
    assert refused(fitting_pair, x * 1e30, y).endswith(advice)
    assert refused(Whitening.fit, y * 1e-30, x).endswith("to rows of length 1 for example.")


def test_queries_beyond_the_networks_precision_name_the_row(world):
    x, y = world
    critic = ClubCritic.fit(x, y, hidden=4)
    with np.errstate(all="raise"):
        message = refused(contributions, critic, spoilt((y, x), 1e60), y)
    assert message.startswith("critic club: the contribution of row ")


def test_streamed_responses_that_are_all_alike(world):
    x, y = world
    critic = RidgeCritic.fit(x, y)
    alike = np.ones_like(y)
    first, second = Moments(critic).update(x[:80], alike[:80]), Moments(critic).update(x[80:], alike[80:])
    assert refused(first.merge(second).club) == (
        "y: all 160 rows are identical, so there is nothing to measure. "
        "Check whether the model answers every query alike or the encoder ignores its input."
    )
    assert first.update(x, y).club() != 0.0
    other = Moments(critic).update(x[:80], 2 * alike[:80])
    assert isinstance(Moments(critic).merge(second).merge(other).club(), float)


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_p_values_that_are_no_numbers(adjust):
    assert refused(adjust, ["a"]) == "p: expected one p-value per test, got something that is no list of numbers."


def test_answers_that_are_no_texts():
    advice = "An answer that is missing is an empty text."
    assert refused(exact_match, ["a", None], ["a", "b"]) == (
        f"responses: the answer at position 1 is of type NoneType, not a text. {advice}"
    )
    assert refused(exact_match_classes, ["a"], [3]) == (
        f"texts[1]: the answer at position 0 is of type int, not a text. {advice}"
    )
    assert refused(exact_match, "cat", ["c", "a", "t"]) == "responses: expected a list of texts, got one text, 'cat'."
    assert exact_match([""], [""]).tolist() == [0.0]


@pytest.mark.parametrize("options", [{"folds": 1}, {"folds": 0}, {"penalty": -1.0}, {"penalty": float("nan")}])
def test_options_of_the_decoder(world, options):
    x, y = world
    (name,) = options
    assert refused(decoded, Whitening.fit(y, x), y, y, x, **options).startswith(f"{name}: {options[name]} ")


@pytest.mark.parametrize("bandwidth", [0.0, -1.0, 1e-200, 1e200, float("nan"), float("inf")])
@pytest.mark.parametrize("measure", [kernel_rjsd, mmd])
def test_bandwidths(world, measure, bandwidth):
    assert refused(measure, *world, bandwidth) == f"bandwidth: expected a positive number, got {bandwidth}."


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

    @pytest.mark.parametrize("paired", [True, False])
    def test_ids_of_queries_may_be_of_any_size(self, paired):
        random = AnswerEntropy.given(np.full(80, 0.1))
        options = {"paired": paired, "entropy_clean": random, "entropy_shifted": random}
        small = np.arange(80)
        found = [
            self.bound(query_clean=ids, query_shifted=ids[::-1], **options).limit for ids in (small, small * 10**15)
        ]
        assert found[0] == found[1]

    def test_one_class_is_bounded_by_nothing(self):
        nothing = np.zeros(80, dtype=int)
        found = rigorous_bound(nothing, nothing, nothing, nothing, letters=1)
        assert (found.emid.low, found.emid.high, found.limit, found.contradicted) == (0.0, 0.0, 0.0, False)


def test_k_means_options(world):
    for options, message in (
        ({"k": 2.5}, "k: expected a whole number of at least 1, got 2.5."),
        ({"k": None}, "k: expected a whole number of at least 1, got None."),
        ({"k": 2, "restarts": 0}, "restarts: expected a whole number of at least 1, got 0."),
    ):
        assert refused(cluster_classes, world[0], seed=0, **options) == message


def test_measures_that_differ_by_rounding_only():
    steps = np.arange(30.0)
    assert refused(correlation_study, 1.0 + 1e-16 * steps, steps) == (
        "x: all 30 values are 1; nothing correlates with that."
    )
    assert refused(correlation_study, steps, 1e-200 * steps) == "y: all 30 values are 0; nothing correlates with that."


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


def test_folders_that_are_not_there(world, tmp_path):
    path = tmp_path / "none" / "file.safetensors"
    x, y = world
    assert refused(RidgeCritic.fit(x, y).save, path) == f"{path}: there is no folder {path.parent}. Make it first."


def test_questions_of_no_size_give_nothing_away(world):
    x, y = world
    assert Whitening.fit(y, x * 1e-200).explained == pytest.approx(Whitening.fit(y, np.ones_like(x)).explained)
