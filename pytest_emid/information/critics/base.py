"""What a critic is: a frozen model of the response given the query, with an identity and a held-out score."""

from __future__ import annotations

import hashlib
import json
import math
from abc import ABC
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeGuard, runtime_checkable

import numpy as np
import safetensors.numpy
from numpy.typing import ArrayLike, NDArray
from safetensors import SafetensorError, safe_open

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import check_folder
from pytest_emid.information.intervals.estimate import Estimate

__all__ = [
    "UNKNOWN_R2",
    "ArrayCritic",
    "ContrastiveCritic",
    "Critic",
    "GaussianCritic",
    "has_contributions",
    "has_gaussian_form",
    "read_header",
]

Float = NDArray[np.float64]

FORMAT = "pytest-emid critic"
VERSION = 1

UNKNOWN_R2 = Estimate(
    value=math.nan, low=-math.inf, high=math.inf, se=math.nan, n=0, clusters=0, confidence=0.95, unit="fraction"
)
"""The held-out R^2 of a critic that nobody has checked, such as one read from the authors' checkpoint."""


@runtime_checkable
class Critic(Protocol):
    """What every critic has. It takes part in estimates as a `GaussianCritic` or a `ContrastiveCritic`.

    >>> from pytest_emid.information.critics.ridge import RidgeCritic
    >>> x = np.random.default_rng(0).normal(size=(60, 4))
    >>> critic: Critic = RidgeCritic.fit(x, x[:, :3])
    >>> critic.kind, critic.held_out_r2.value > 0.9
    ('ridge', True)
    """

    @property
    def kind(self) -> str:
        """Name of the family, such as `ridge`."""

    @property
    def dimension_x(self) -> int:
        """Columns of the query embeddings."""

    @property
    def dimension_y(self) -> int:
        """Columns of the response embeddings."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the kind and every number that decides what the critic answers."""

    @property
    def held_out_r2(self) -> Estimate:
        """Share of the variance of held-out ID references that the critic explains; near 0 it is uninformative."""

    def save(self, path: str | Path) -> None:
        """Writes the critic as safetensors."""


@runtime_checkable
class GaussianCritic(Critic, Protocol):
    """A critic whose log q(y given x) is a Gaussian with diagonal covariance: CLUB needs nothing else of it.

    >>> from pytest_emid.information.critics.ridge import RidgeCritic
    >>> x = np.random.default_rng(0).normal(size=(60, 4))
    >>> a, w = RidgeCritic.fit(x, x[:, :3]).natural(x)
    >>> a.shape, bool((w > 0).all())
    ((60, 3), True)
    """

    def natural(self, x: Float) -> tuple[Float, Float]:
        """Natural parameters `(a, w)` for the queries x (n x dimension_x): w = exp(-logvar) > 0, a = w * mu.

        Both are n x dimension_y float64 and must not be written to. Row i depends on row i of x alone.
        """


@runtime_checkable
class ContrastiveCritic(Critic, Protocol):
    """A critic without a Gaussian form, which brings its own estimate of mutual information.

    >>> from pytest_emid.information.critics.ridge import RidgeCritic
    >>> x = np.random.default_rng(0).normal(size=(60, 4))
    >>> isinstance(RidgeCritic.fit(x, x[:, :3]), ContrastiveCritic)  # it has a Gaussian form instead
    False
    """

    def contributions(self, x: ArrayLike, y: ArrayLike) -> Float:
        """Influence values (n,), whose mean is the estimate."""


def has_gaussian_form(critic: object) -> TypeGuard[GaussianCritic]:
    """Whether a critic has natural parameters; isinstance would look through the whole protocol every time.

    >>> from pytest_emid.information.critics.ridge import RidgeCritic
    >>> has_gaussian_form(RidgeCritic)
    True
    """
    return hasattr(critic, "natural")


def has_contributions(critic: object) -> TypeGuard[ContrastiveCritic]:
    """Whether a critic brings its own influence values.

    >>> has_contributions(object())
    False
    """
    return hasattr(critic, "contributions")


class ArrayCritic(ABC):
    """A critic that is a few named float32 arrays: identity, storage and dimensions follow from them.

    Subclasses set `kind` and `names`, compute `_dimensions`, and register under `kind` in `critics.load`.

    Raises:
        EstimationError: an array is missing, has the wrong shape, or holds a value that is not finite.

    >>> from pytest_emid.information.critics.ridge import RidgeCritic
    >>> x = np.random.default_rng(0).normal(size=(60, 4))
    >>> critic = RidgeCritic.fit(x, x[:, :3])
    >>> critic.kind, critic.dimension_x, critic.dimension_y, len(critic.fingerprint), critic.settings["pairs"]
    ('ridge', 4, 3, 64, 60)
    """

    kind: ClassVar[str]
    names: ClassVar[Mapping[str, int]]
    """Name of each array to its number of axes."""

    def __init__(
        self,
        arrays: Mapping[str, NDArray[Any]],
        *,
        held_out_r2: Estimate = UNKNOWN_R2,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self._arrays = {name: self._frozen(name, axes, arrays) for name, axes in self.names.items()}
        self._held_out_r2 = held_out_r2
        self._settings = dict(settings or {})
        self._dimension_x, self._dimension_y = self._dimensions()
        self._fingerprint = _fingerprint(self.kind, self._arrays)

    def _dimensions(self) -> tuple[int, int]:
        """Columns of query and response, after checking that the arrays fit together."""
        raise NotImplementedError

    @property
    def dimension_x(self) -> int:
        return self._dimension_x

    @property
    def dimension_y(self) -> int:
        return self._dimension_y

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def held_out_r2(self) -> Estimate:
        return self._held_out_r2

    @property
    def settings(self) -> dict[str, Any]:
        """How it was fitted (samples, penalty, seed ...), in plain types; no part of the identity."""
        return dict(self._settings)

    def with_held_out_r2(self, estimate: Estimate) -> Self:
        """The same critic, carrying another held-out R^2."""
        return type(self)(self._arrays, held_out_r2=estimate, settings=self._settings)

    def save(self, path: str | Path) -> None:
        """Writes the critic as safetensors; `load` gives back the same fingerprint, settings and held-out R^2.

        Raises:
            EstimationError: the folder does not exist.
        """
        check_folder(path)
        metadata = {
            "format": FORMAT,
            "version": str(VERSION),
            "kind": self.kind,
            "fingerprint": self.fingerprint,
            "held_out_r2": json.dumps(self.held_out_r2.to_dict()),
            "settings": json.dumps(self._settings, sort_keys=True),
        }
        safetensors.numpy.save_file(self._arrays, Path(path), metadata=metadata)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            EstimationError: not such a file, of another kind or version, or changed since it was saved.
        """
        header = read_header(path)
        if header["kind"] != cls.kind:
            raise EstimationError(f"{path}: holds a {header['kind']!r} critic, not a {cls.kind!r} one.")
        try:
            held_out_r2 = Estimate.from_dict(json.loads(header["held_out_r2"]))
            settings = dict(json.loads(header["settings"]))
        except (ValueError, TypeError) as error:
            raise EstimationError(f"{path}: the critic's header is damaged ({error}). Fit the critic again.") from error
        critic = cls(safetensors.numpy.load_file(Path(path)), held_out_r2=held_out_r2, settings=settings)
        if critic.fingerprint != header["fingerprint"]:
            raise EstimationError(
                f"{path}: the arrays have fingerprint {critic.fingerprint[:12]}, the header says "
                f"{header['fingerprint'][:12]}. The file was changed after it was saved: fit the critic again."
            )
        return critic

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.dimension_x} -> {self.dimension_y}, held-out R^2 {self.held_out_r2}, "
            f"{self.fingerprint[:12]}>"
        )

    def _frozen(self, name: str, axes: int, arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        if name not in arrays:
            raise EstimationError(f"{self.kind} critic: the array {name!r} is missing; found {sorted(arrays)}.")
        with np.errstate(over="ignore"):  # What float32 cannot hold becomes infinite, and is refused below.
            array = np.array(arrays[name], dtype=np.float32, order="C")
        if array.ndim != axes:
            raise EstimationError(f"{self.kind} critic: {name!r} has {array.ndim} axes, expected {axes}.")
        if not np.isfinite(array).all():
            raise EstimationError(f"{self.kind} critic: {name!r} holds values that are not finite.")
        array.setflags(write=False)
        return array

    def _expect(self, name: str, shape: tuple[int, ...]) -> None:
        if self._arrays[name].shape != shape:
            raise EstimationError(
                f"{self.kind} critic: {name!r} has shape {self._arrays[name].shape}, expected {shape}."
            )


def read_header(path: str | Path) -> dict[str, str]:
    """The metadata of a critic file.

    Raises:
        EstimationError: the file is missing, is no critic, or has a version that this code does not read.

    >>> import tempfile
    >>> from pytest_emid.information.critics.ridge import RidgeCritic
    >>> x = np.random.default_rng(0).normal(size=(60, 4))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     RidgeCritic.fit(x, x[:, :3]).save(f"{folder}/critic.safetensors")
    ...     header = read_header(f"{folder}/critic.safetensors")
    >>> header["kind"], header["version"]
    ('ridge', '1')
    """
    path = Path(path)
    if not path.is_file():
        raise EstimationError(f"{path}: no such file. Pass the path of a critic that was saved with `critic.save`.")
    try:
        with safe_open(path, framework="numpy") as file:
            header: dict[str, str] = file.metadata() or {}
    except SafetensorError as error:
        raise EstimationError(f"{path}: not a safetensors file ({error}).") from error
    if header.get("format") != FORMAT:
        raise EstimationError(f"{path}: a safetensors file, but not a critic saved by this package.")
    if header.get("version") != str(VERSION):
        raise EstimationError(
            f"{path}: critic format version {header.get('version')}, this release reads version {VERSION}. "
            f"Fit the critic again or install the release that wrote it."
        )
    missing = {"kind", "fingerprint", "held_out_r2", "settings"} - header.keys()
    if missing:
        raise EstimationError(f"{path}: the critic's header lacks {', '.join(sorted(missing))}.")
    return header


def _fingerprint(kind: str, arrays: Mapping[str, NDArray[np.float32]]) -> str:
    digest = hashlib.sha256(f"{FORMAT} {VERSION} {kind}".encode())
    for name in sorted(arrays):
        digest.update(f"\0{name}{arrays[name].shape}".encode())
        digest.update(arrays[name].astype("<f4", copy=False).tobytes())
    return digest.hexdigest()
