"""What every estimator demands of the arrays it is given: finite numbers, the right shape, enough rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError

__all__ = [
    "as_clusters",
    "as_matrix",
    "as_pair",
    "as_vector",
    "as_width",
    "blocks",
    "check_folder",
    "check_rows",
    "checked_matrix",
    "require_varied",
    "unit_rows",
]

Float = NDArray[np.float64]

LARGEST: Final = 1e100
"""Larger numbers have squares, or products of squares, beyond what float64 holds; 1 / LARGEST is nothing likewise."""

BLOCK_ROWS = 512
"""Rows that one pass holds in float64 at a time: about 3 MB an array at 768 dimensions."""


def blocks(rows: int, size: int = BLOCK_ROWS) -> Iterator[slice]:
    """Slices that cover `range(rows)` in order, each of at most `size` rows.

    >>> list(blocks(5, size=2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
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
        EstimationError: not a numeric matrix, wrong shape, too few rows, a NaN or infinite value, one beyond 1e100,
            masked values, or a zero row.

    >>> checked_matrix("image", np.ones((2, 3), np.float32)).dtype
    dtype('float32')
    >>> checked_matrix("image", np.ones((2, 0)))
    Traceback (most recent call last):
        ...
    pytest_emid.errors.EstimationError: image: the matrix has no columns (shape (2, 0)).
    """
    matrix = _real(name, array)
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
    """Like `checked_matrix`, as float64.

    >>> as_matrix("response", [[1, 2], [3, 4]]).dtype
    dtype('float64')
    >>> as_matrix("response", [[1, 2]], min_rows=2)
    Traceback (most recent call last):
        ...
    pytest_emid.errors.EstimationError: response: at least 2 rows are needed, got 1.
    """
    matrix = checked_matrix(name, array, rows=rows, columns=columns, min_rows=min_rows, nonzero_rows=nonzero_rows)
    return matrix.astype(np.float64, copy=False)


def as_vector(name: str, array: ArrayLike, *, rows: int | None = None, min_rows: int = 1) -> Float:
    """`array` as a finite float64 vector of length n.

    Raises:
        EstimationError: not a numeric vector, wrong length, too short, masked values, or a NaN or infinite value, or
            one beyond 1e100.

    >>> as_vector("score", [1, 2])
    array([1., 2.])
    >>> as_vector("score", [[1.0]])
    Traceback (most recent call last):
        ...
    pytest_emid.errors.EstimationError: score: expected one number a sample, got shape (1, 1).
    """
    vector = _real(name, array)
    if vector.ndim != 1:
        raise EstimationError(f"{name}: expected one number a sample, got {_shape(vector)}.")
    check_rows(name, len(vector), rows, min_rows)
    vector = vector.astype(np.float64, copy=False)
    _check_values(name, vector[:, None])
    return vector


def as_pair(
    one: ArrayLike, other: ArrayLike, first: str = "clean", second: str = "shifted", *, otherwise: str = ""
) -> tuple[Float, Float]:
    """Scores of the same samples, twice: two vectors of one length. `otherwise` is what an error says to do.

    Raises:
        EstimationError: as `as_vector`, or different lengths.

    >>> as_pair([1.0], [2])
    (array([1.]), array([2.]))
    """
    a, b = as_vector(first, one), as_vector(second, other)
    if len(a) != len(b):
        raise EstimationError(
            f"{first} has {len(a)} values and {second} has {len(b)}: they must score the same samples in the same "
            f"order.{otherwise}"
        )
    return a, b


def as_width(width: float) -> float:
    """What one answer can change: a finite number from 0 up.

    Raises:
        EstimationError: it is none.
    """
    if not (math.isfinite(width) and width >= 0.0):
        raise EstimationError(f"width: {width} is not what one answer can change; give a number from 0 up.")
    return width


def as_clusters(clusters: Iterable[Any] | None, rows: int) -> NDArray[np.intp]:
    """Cluster ids as integers 0..G-1 in order of first appearance; every row its own cluster when `None`.

    Raises:
        EstimationError: the number of ids differs from `rows`, or an id is NaN, or no label at all (not hashable).

    >>> as_clusters(["b", "a", "b"], 3).tolist()
    [0, 1, 0]
    """
    if clusters is None:
        return np.arange(rows)
    if not isinstance(clusters, Iterable):
        raise EstimationError(f"clusters: expected one id for each of {rows} samples, got {clusters!r}.")
    labels = list(clusters)
    if len(labels) != rows:
        raise EstimationError(f"clusters: expected one id for each of {rows} samples, got {len(labels)}.")
    codes: dict[Any, int] = {}
    if {type(label) for label in labels} <= {str, int, np.int64}:  # as nearly always: these tell apart
        codes = {label: code for code, label in enumerate(dict.fromkeys(labels))}
        return np.fromiter(map(codes.__getitem__, labels), dtype=np.intp, count=rows)
    found = np.empty(rows, dtype=np.intp)
    for row, label in enumerate(labels):
        if not _tells_apart(label):
            raise EstimationError(
                f"clusters: the id of row {row} is {label!r}, which cannot tell samples apart. "
                f"Use a number or a text, the same for samples that belong together."
            )
        found[row] = codes.setdefault(label, len(codes))
    return found


def require_varied(name: str, matrix: NDArray[Any]) -> None:
    """Refuses a set of identical rows, which carries no information and whose error cannot be estimated.

    Raises:
        EstimationError: all rows are the same.

    >>> require_varied("response", np.array([[1.0], [2.0]]))
    """
    first = matrix[0]
    if matrix.shape[0] > 1 and bool((matrix[1] != first).any()):
        return
    if all(bool((matrix[block] == first).all()) for block in blocks(matrix.shape[0])):
        raise EstimationError(
            f"{name}: all {matrix.shape[0]} rows are identical, so there is nothing to measure. "
            f"Check whether the model answers every query alike or the encoder ignores its input."
        )


def unit_rows(rows: Float) -> Float:
    """Rows of length one; a zero row, which points nowhere, stays zero.

    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    norm = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Float = rows / np.where(norm > 0.0, norm, 1.0)
    return scaled


def check_rows(name: str, found: int, rows: int | None = None, min_rows: int = 1) -> None:
    """Refuses `found` rows where `rows`, or at least `min_rows`, are needed.

    Raises:
        EstimationError: another number, or too few.

    >>> check_rows("text", 3, rows=3)
    >>> check_rows("text", 1, min_rows=2)
    Traceback (most recent call last):
        ...
    pytest_emid.errors.EstimationError: text: at least 2 rows are needed, got 1.
    """
    if rows is not None and found != rows:
        raise EstimationError(
            f"{name}: expected {rows} rows, got {found}. Arrays that are measured together hold the same samples "
            f"in the same order."
        )
    if found < min_rows:
        raise EstimationError(f"{name}: at least {min_rows} rows are needed, got {found}.")


def _tells_apart(label: Any) -> bool:
    """Whether a label can be looked up and equals itself: samples of id NaN would pass for independent."""
    try:
        hash(label)
        return bool(label == label)
    except (TypeError, ValueError):
        return False


def _real(name: str, array: ArrayLike) -> NDArray[Any]:
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        raise EstimationError(
            f"{name}: {int(np.ma.getmaskarray(array).sum())} values are masked, which no estimator leaves out. "
            f"Remove those samples."
        )
    try:
        found = np.asarray(array)
    except (ValueError, TypeError) as error:
        raise EstimationError(f"{name}: not an array of numbers ({str(error).splitlines()[0]})") from error
    if found.dtype.kind not in "fiub":
        raise EstimationError(f"{name}: expected real numbers, got an array of {found.dtype}.")
    return found


def check_folder(path: str | Path) -> None:
    """Refuses to write to a folder that does not exist.

    Raises:
        EstimationError: it does not.

    >>> check_folder("/none/critic.safetensors")
    Traceback (most recent call last):
        ...
    pytest_emid.errors.EstimationError: /none/critic.safetensors: there is no folder /none. Make it first.
    """
    folder = Path(path).parent
    if not folder.is_dir():
        raise EstimationError(f"{path}: there is no folder {folder}. Make it first.")


def _check_values(name: str, matrix: NDArray[Any], nonzero_rows: bool = False) -> None:
    # Narrower types hold nothing that is too large or too small.
    wide = matrix.dtype.kind == "f" and matrix.dtype.itemsize >= 8
    for block in blocks(matrix.shape[0]):
        part = matrix[block]
        size = np.abs(part) if wide else part
        good = size <= LARGEST if wide else np.isfinite(part)
        if not good.all():
            _refuse(name, matrix, block.start, good)
        if nonzero_rows and not (filled := (size >= 1 / LARGEST if wide else part).any(axis=1)).all():
            raise EstimationError(
                f"{name}: row {block.start + int(filled.argmin())} is all zeros, which is no embedding. "
                f"Remove the sample or fix the encoder that made it."
            )


def _refuse(name: str, matrix: NDArray[Any], start: int, good: NDArray[np.bool_]) -> None:
    row, column = (int(index) for index in np.argwhere(~good)[0])
    value = matrix[start + row, column]
    if np.isfinite(value):
        raise EstimationError(
            f"{name}: row {start + row} holds {value} in column {column}, too large to compute with. "
            f"Scale the numbers, or fix what made them."
        )
    bad = int((~np.isfinite(matrix)).any(axis=1).sum())
    raise EstimationError(
        f"{name}: row {start + row} holds {value} in column {column} "
        f"({bad} of {matrix.shape[0]} rows are not finite). Remove the sample or fix the encoder that made it."
    )


def _shape(array: NDArray[Any]) -> str:
    return f"shape {array.shape}" if array.ndim else "a single value"
