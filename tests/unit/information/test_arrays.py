import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters, as_matrix, as_vector, blocks, checked_matrix, require_varied


def fails_with(message, call, *args, **kwargs):
    with pytest.raises(EstimationError) as caught:
        call(*args, **kwargs)
    assert str(caught.value) == message


def test_a_good_matrix_is_float64_and_not_copied_when_it_is_already():
    matrix = np.arange(6.0).reshape(3, 2)
    assert as_matrix("response", matrix) is matrix
    assert as_matrix("response", [[1, 2], [3, 4]]).dtype == np.float64
    single = matrix.astype(np.float32)
    assert checked_matrix("response", single) is single


def test_nan_names_row_column_and_how_many():
    matrix = np.ones((1200, 3), dtype=np.float32)
    matrix[700, 1] = np.nan
    matrix[900] = np.inf
    fails_with(
        "response: row 700 holds nan in column 1 (2 of 1200 rows are not finite). "
        "Remove the sample or fix the encoder that made it.",
        as_matrix,
        "response",
        matrix,
    )


def test_infinity_is_refused():
    fails_with(
        "image: row 0 holds -inf in column 1 (1 of 1 rows are not finite). "
        "Remove the sample or fix the encoder that made it.",
        as_matrix,
        "image",
        [[0.0, -np.inf]],
    )


def test_zero_rows_are_refused_only_for_embeddings():
    matrix = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert as_matrix("text", matrix).shape == (2, 2)
    fails_with(
        "text: row 1 is all zeros, which is no embedding. Remove the sample or fix the encoder that made it.",
        as_matrix,
        "text",
        matrix,
        nonzero_rows=True,
    )


@pytest.mark.parametrize(
    ("array", "options", "message"),
    [
        (
            np.ones(3),
            {},
            "y: expected a matrix with one row a sample, got shape (3,). Pass an array of shape (n, d).",
        ),
        (
            1.0,
            {},
            "y: expected a matrix with one row a sample, got a single value. Pass an array of shape (n, d).",
        ),
        ([["a"]], {}, "y: expected real numbers, got an array of <U1."),
        (np.ones((1, 1), dtype=complex), {}, "y: expected real numbers, got an array of complex128."),
        (np.ones((3, 0)), {}, "y: the matrix has no columns (shape (3, 0))."),
        (
            np.ones((3, 2)),
            {"rows": 4},
            "y: expected 4 rows, got 3. Arrays that are measured together hold the same samples in the same order.",
        ),
        (np.ones((1, 2)), {"min_rows": 2}, "y: at least 2 rows are needed, got 1."),
        (
            np.ones((3, 2)),
            {"columns": 5},
            "y: expected 5 columns, got 2. Embeddings that are compared must come from the same encoder.",
        ),
    ],
)
def test_wrong_shapes_say_what_was_expected(array, options, message):
    fails_with(message, as_matrix, "y", array, **options)


def test_vectors():
    assert as_vector("score", [1, 2]).dtype == np.float64
    fails_with("score: expected one number a sample, got shape (1, 2).", as_vector, "score", [[1, 2]])
    fails_with("score: expected real numbers, got an array of object.", as_vector, "score", [None])
    fails_with(
        "score: row 1 holds nan in column 0 (1 of 2 rows are not finite). "
        "Remove the sample or fix the encoder that made it.",
        as_vector,
        "score",
        [0.0, np.nan],
    )
    fails_with("score: at least 2 rows are needed, got 1.", as_vector, "score", [0.0], min_rows=2)


def test_clusters_are_numbered_by_first_appearance():
    assert as_clusters(["b", "a", "b"], 3).tolist() == [0, 1, 0]
    assert as_clusters(None, 3).tolist() == [0, 1, 2]
    fails_with("clusters: expected one id for each of 3 samples, got 2.", as_clusters, ["a", "b"], 3)


def test_identical_rows_are_refused_even_in_the_second_block():
    matrix = np.ones((600, 2))
    fails_with(
        "response: all 600 rows are identical, so there is nothing to measure. "
        "Check whether the model answers every query alike or the encoder ignores its input.",
        require_varied,
        "response",
        matrix,
    )
    matrix[599, 1] = 2.0
    require_varied("response", matrix)


def test_blocks_cover_every_row_once():
    assert [row for block in blocks(10, 4) for row in range(10)[block]] == list(range(10))
