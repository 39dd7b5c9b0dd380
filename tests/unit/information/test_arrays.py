import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters, as_matrix, as_vector, blocks, checked_matrix, require_varied

LARGE = np.ones((1200, 3), dtype=np.float32)
LARGE[700, 1], LARGE[900] = np.nan, np.inf


def test_a_good_matrix_is_float64_and_not_copied_when_it_is_already():
    matrix = np.arange(6.0).reshape(3, 2)
    assert as_matrix("response", matrix) is matrix
    assert as_matrix("response", [[1, 2], [3, 4]]).dtype == np.float64
    single = matrix.astype(np.float32)
    assert checked_matrix("response", single) is single
    assert as_vector("score", [1, 2]).dtype == np.float64


def test_zero_rows_are_taken_where_they_are_no_embeddings():
    assert as_matrix("text", [[1.0, 0.0], [0.0, 0.0]]).shape == (2, 2)


def test_clusters_are_numbered_by_first_appearance():
    assert as_clusters(["b", "a", "b"], 3).tolist() == [0, 1, 0]
    assert as_clusters(None, 3).tolist() == [0, 1, 2]


def test_one_row_that_differs_is_enough_even_in_the_second_block():
    matrix = np.ones((600, 2))
    matrix[599, 1] = 2.0
    require_varied("response", matrix)


def test_blocks_cover_every_row_once():
    assert [row for block in blocks(10, 4) for row in range(10)[block]] == list(range(10))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: as_matrix("y", LARGE),
            "y: row 700 holds nan in column 1 (2 of 1200 rows are not finite). "
            "Remove the sample or fix the encoder that made it.",
        ),
        (
            lambda: as_matrix("y", [[0.0, -np.inf]]),
            "y: row 0 holds -inf in column 1 (1 of 1 rows are not finite). "
            "Remove the sample or fix the encoder that made it.",
        ),
        (
            lambda: as_matrix("y", [[1.0, 0.0], [0.0, 0.0]], nonzero_rows=True),
            "y: row 1 is all zeros, which is no embedding. Remove the sample or fix the encoder that made it.",
        ),
        (
            lambda: as_matrix("y", np.ones(3)),
            "y: expected a matrix with one row a sample, got shape (3,). Pass an array of shape (n, d).",
        ),
        (
            lambda: as_matrix("y", 1.0),
            "y: expected a matrix with one row a sample, got a single value. Pass an array of shape (n, d).",
        ),
        (lambda: as_matrix("y", [["a"]]), "y: expected real numbers, got an array of <U1."),
        (lambda: as_matrix("y", [[1j]]), "y: expected real numbers, got an array of complex128."),
        (lambda: as_matrix("y", np.ones((3, 0))), "y: the matrix has no columns (shape (3, 0))."),
        (
            lambda: as_matrix("y", np.ones((3, 2)), rows=4),
            "y: expected 4 rows, got 3. Arrays that are measured together hold the same samples in the same order.",
        ),
        (lambda: as_matrix("y", np.ones((1, 2)), min_rows=2), "y: at least 2 rows are needed, got 1."),
        (
            lambda: as_matrix("y", np.ones((3, 2)), columns=5),
            "y: expected 5 columns, got 2. Embeddings that are compared must come from the same encoder.",
        ),
        (lambda: as_vector("y", [[1, 2]]), "y: expected one number a sample, got shape (1, 2)."),
        (lambda: as_vector("y", [None]), "y: expected real numbers, got an array of object."),
        (
            lambda: as_vector("y", [0.0, np.nan]),
            "y: row 1 holds nan in column 0 (1 of 2 rows are not finite). "
            "Remove the sample or fix the encoder that made it.",
        ),
        (lambda: as_vector("y", [0.0], min_rows=2), "y: at least 2 rows are needed, got 1."),
        (lambda: as_clusters(["a", "b"], 3), "clusters: expected one id for each of 3 samples, got 2."),
        (
            lambda: require_varied("y", np.ones((600, 2))),
            "y: all 600 rows are identical, so there is nothing to measure. "
            "Check whether the model answers every query alike or the encoder ignores its input.",
        ),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message
