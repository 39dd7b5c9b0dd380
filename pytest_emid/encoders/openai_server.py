"""Texts to vectors by the embeddings endpoint of an OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_emid.encoders.pretrained import unit_vectors
from pytest_emid.errors import ModelError, UnavailableError
from pytest_emid.models.backend.checkpoint import digest_of
from pytest_emid.models.backend.secret import conceal, conceal_address, conceal_values
from pytest_emid.models.server.connection import RequestError, Server
from pytest_emid.models.server.patience import LONGEST
from pytest_emid.models.server.reading import instead_of

__all__ = ["OpenAIServerTextEncoder"]


class OpenAIServerTextEncoder:
    """Texts to vectors by a server.

    Args:
        model: the model's name on the server.
        base_url: such as `http://localhost:8000/v1`; None is OpenAI's own service.
        revision: what exactly the server runs; without one, its address stands for it.
        dimensions: asks for shorter vectors, where the model can.
        batch_size: texts per request.
        timeout, retries, patience, wait, api_key, api_key_env, default_headers, default_query, client: see `Server`.
        name: what reports call it.

    Raises:
        ModelError: impossible settings; while encoding, a request that the server cannot serve.
        UnavailableError: while encoding, a request that failed after its retries, or no access.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        revision: str | None = None,
        dimensions: int | None = None,
        batch_size: int = 64,
        timeout: float = 60.0,
        retries: int = 4,
        patience: float = LONGEST,
        wait: float = 0.0,
        api_key: str | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, str] | None = None,
        client: Any = None,
        name: str | None = None,
    ) -> None:
        api_key, base_url = conceal(api_key), conceal_address(base_url)  # a traceback may print this frame
        default_headers, default_query = conceal_values(default_headers), conceal_values(default_query)
        if batch_size < 1:
            raise ModelError(f"batch_size is {batch_size}; it must be at least 1.")
        self.model = model
        self.name = name or model
        self.revision = revision
        self.dimensions = dimensions
        self.batch_size = batch_size
        self.server = Server(
            base_url,
            api_key=api_key,
            api_key_env=api_key_env,
            timeout=timeout,
            retries=retries,
            patience=patience,
            wait=wait,
            default_headers=default_headers,
            default_query=default_query,
            client=client,
        )

    def __repr__(self) -> str:
        return f"OpenAIServerTextEncoder({self.model!r}, base_url={self.server.name!r})"

    @property
    def identity(self) -> Mapping[str, Any]:
        """Everything that decides a vector besides the text."""
        return {
            "kind": "openai-server-embeddings",
            "model": self.model,
            "revision": self.revision,
            "server": self.server.name if self.revision is None else None,
            "dimensions": self.dimensions,
            **self.server.told,
        }

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over `identity`; the server is not asked for it."""
        return digest_of(self.identity)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit-norm rows, shape (len(texts), d). Lone surrogates are read as `?`; an empty text is sent as a space."""
        rows: list[list[float]] = []
        for start in range(0, len(texts), self.batch_size):
            batch = [
                t.encode("utf-8", "replace").decode("utf-8") or " " for t in texts[start : start + self.batch_size]
            ]
            rows += self._request(batch)
        return unit_vectors(rows) if rows else np.zeros((0, 0), dtype=np.float32)

    def _once(self, batch: list[str]) -> Any:
        extra = {} if self.dimensions is None else {"dimensions": self.dimensions}
        fault: RequestError | None = None
        try:
            answer = self.server.client.embeddings.create(
                model=self.model, input=batch, encoding_format="float", **extra
            )
        except ModelError:
            raise
        except Exception as error:
            fault = self.server.fault(error, self.model)
        if fault is not None:  # the client's exception, which may hold the key, is no local of this frame any more
            raise fault
        if not getattr(answer, "data", None):
            told = instead_of(answer)
            if told is not None:
                raise told
        return answer

    def _request(self, batch: list[str]) -> list[list[float]]:
        try:
            answer = self.server.patience.through(lambda: self._once(batch))
        except RequestError as fault:
            kind = UnavailableError if fault.of_server or fault.fatal else ModelError
            raise kind(f"{self.server.name}, model {self.model!r}: {fault}.") from None
        data = getattr(answer, "data", None) or []
        if len(data) != len(batch):
            raise ModelError(
                f"{self.server.name}, model {self.model!r} returned {len(data)} embeddings for {len(batch)} texts."
            )
        try:
            rows = {item.index: np.asarray(item.embedding, dtype=np.float64) for item in data}
        except (AttributeError, TypeError, ValueError):
            rows = {}
        # places that are missing or there twice would give texts each other's vectors
        if set(rows) != set(range(len(batch))) or any(row.ndim != 1 for row in rows.values()):
            raise ModelError(
                f"{self.server.name}, model {self.model!r} returned embeddings that are no lists of numbers, or do not "
                f"say which of the {len(batch)} texts each is of (index)."
            )
        return [rows[i].tolist() for i in range(len(batch))]
