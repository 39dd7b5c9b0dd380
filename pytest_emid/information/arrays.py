"""What every estimator demands of the arrays it is given: finite numbers, the right shape, enough rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError

__all__ = ["as_clusters", "as_matrix", "as_vector", "blocks", "check_rows", "checked_matrix", "require_varied"]

Float = NDArray[np.float64]

BLOCK_ROWS = 512
"""Rows that one pass holds in float64 at a time: about 3 MB an array at 768 dimensions."""


def blocks(rows: int, size: int = BLOCK_ROWS) -> Iterator[slice]:
    """Slices that cover `range(rows)` in order, each of at most `size` rows."""
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))


def checked_matrix(
    name: str,
    array: ArrayLike,
    *,
    rows: int | None = None,
    columns: int | None = None,
    min_rows: int = 1,
    nonzero_rows: bool = False,
) -> NDArray[Any]:
    """`array` as a real n x d ndarray of its own dtype, not copied where it is one already.

    Args:
        name: how the error calls the array, such as `response`.
        array: anything that `numpy.asarray` takes.
        rows: the number of rows that it must have.
        columns: the number of columns that it must have.
        min_rows: the fewest rows that the caller can use.
        nonzero_rows: whether a row of zeros is an error; it is for embeddings, which have unit length.

    Raises:
        EstimationError: not a numeric matrix, wrong shape, too few rows, a NaN or infinite value, or a zero row.
    """
    matrix = np.asarray(array)
    if matrix.dtype.kind not in "fiub":
        raise EstimationError(f"{name}: expected real numbers, got an array of {matrix.dtype}.")
    if matrix.ndim != 2:
        raise EstimationError(
            f"{name}: expected a matrix with one row a sample, got {_shape(matrix)}. Pass an array of shape (n, d)."
        )
    if matrix.shape[1] == 0:
        raise EstimationError(f"{name}: the matrix has no columns (shape {matrix.shape}).")
    check_rows(name, matrix.shape[0], rows, min_rows)
    if columns is not None and matrix.shape[1] != columns:
        raise EstimationError(
            f"{name}: expected {columns} columns, got {matrix.shape[1]}. "
            f"Embeddings that are compared must come from the same encoder."
        )
    _check_values(name, matrix, nonzero_rows)
    return matrix


def as_matrix(
    name: str,
    array: ArrayLike,
    *,
    rows: int | None = None,
    columns: int | None = None,
    min_rows: int = 1,
    nonzero_rows: bool = False,
) -> Float:
    """Like `checked_matrix`, as float64."""
    matrix = checked_matrix(name, array, rows=rows, columns=columns, min_rows=min_rows, nonzero_rows=nonzero_rows)
    return matrix.astype(np.float64, copy=False)


def as_vector(name: str, array: ArrayLike, *, rows: int | None = None, min_rows: int = 1) -> Float:
    """`array` as a finite float64 vector of length n.

    Raises:
        EstimationError: not a numeric vector, wrong length, too short, or a NaN or infinite value.
    """
    vector = np.asarray(array)
    if vector.dtype.kind not in "fiub":
        raise EstimationError(f"{name}: expected real numbers, got an array of {vector.dtype}.")
    if vector.ndim != 1:
        raise EstimationError(f"{name}: expected one number a sample, got {_shape(vector)}.")
    check_rows(name, len(vector), rows, min_rows)
    vector = vector.astype(np.float64, copy=False)
    _check_values(name, vector[:, None])
    return vector


def as_clusters(clusters: Sequence[Any] | NDArray[Any] | None, rows: int) -> NDArray[np.intp]:
    """Cluster ids as integers 0..G-1 in order of first appearance; every row its own cluster when `None`.

    Raises:
        EstimationError: the number of ids differs from `rows`.
    """
    if clusters is None:
        return np.arange(rows)
    if len(clusters) != rows:
        raise EstimationError(f"clusters: expected one id for each of {rows} samples, got {len(clusters)}.")
    codes: dict[Any, int] = {}
    return np.array([codes.setdefault(cluster, len(codes)) for cluster in clusters], dtype=np.intp)


def require_varied(name: str, matrix: NDArray[Any]) -> None:
    """Refuses a set of identical rows, which carries no information and whose error cannot be estimated.

    Raises:
        EstimationError: all rows are the same.
    """
    first = matrix[0]
    if matrix.shape[0] > 1 and bool((matrix[1] != first).any()):
        return
    if all(bool((matrix[block] == first).all()) for block in blocks(matrix.shape[0])):
        raise EstimationError(
            f"{name}: all {matrix.shape[0]} rows are identical, so there is nothing to measure. "
            f"Check whether the model answers every query alike or the encoder ignores its input."
        )


def check_rows(name: str, found: int, rows: int | None = None, min_rows: int = 1) -> None:
    """Refuses `found` rows where `rows`, or at least `min_rows`, are needed.

    Raises:
        EstimationError: another number, or too few.
    """
    if rows is not None and found != rows:
        raise EstimationError(
            f"{name}: expected {rows} rows, got {found}. Arrays that are measured together hold the same samples "
            f"in the same order."
        )
    if found < min_rows:
        raise EstimationError(f"{name}: at least {min_rows} rows are needed, got {found}.")


def _check_values(name: str, matrix: NDArray[Any], nonzero_rows: bool = False) -> None:
    for block in blocks(matrix.shape[0]):
        part = matrix[block]
        finite = np.isfinite(part)
        if not finite.all():
            row, column = (int(index) for index in np.argwhere(~finite)[0])
            bad = int((~np.isfinite(matrix)).any(axis=1).sum())
            raise EstimationError(
                f"{name}: row {block.start + row} holds {part[row, column]} in column {column} "
                f"({bad} of {matrix.shape[0]} rows are not finite). Remove the sample or fix the encoder that made it."
            )
        if nonzero_rows and not (filled := part.any(axis=1)).all():
            raise EstimationError(
                f"{name}: row {block.start + int(filled.argmin())} is all zeros, which is no embedding. "
                f"Remove the sample or fix the encoder that made it."
            )


def _shape(array: NDArray[Any]) -> str:
    return f"shape {array.shape}" if array.ndim else "a single value"
