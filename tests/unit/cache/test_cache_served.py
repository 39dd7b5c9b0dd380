"""Who served an answer is kept with it: in the file, in a pack, and beside what version 0.1.0 wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_emid.cache.packs import write_pack
from pytest_emid.cache.rows import digest_of as _digest
from pytest_emid.cache.served import error_and_told, error_bytes
from pytest_emid.cache.store import Store
from pytest_emid.models.base import Outcome, Response, Served
from pytest_emid.models.packs import Answer, read_entries

SERVED = Served("gpt-4o-2024-08-06", "fp_1", "Azure")


@pytest.mark.parametrize("served", [None, SERVED, Served(provider="é\ud800")])
@pytest.mark.parametrize("error", ["", "HTTP 400: filtered", "a\0b", '\0{"model": 5}', "\ud800"])
def test_bytes_and_back(error: str, served: Served | None) -> None:
    raw = error_bytes(Response("", Outcome.REFUSED, error, served=served))
    assert error_and_told(raw) == (error, served, "")
    assert served is not None or raw == error.encode("utf-8", "surrogatepass")  # as version 0.1.0 wrote it


def test_the_file_and_a_pack_keep_it(tmp_path: Path) -> None:
    answers = [
        Answer(b"a" * 32, "m", "f", Response("yes", served=SERVED)),
        Answer(b"b" * 32, "m", "f", Response("no")),
        Answer(b"c" * 32, "m", "f", Response("", Outcome.REFUSED, "HTTP 400", served=Served("m"))),
    ]
    store = Store(tmp_path / "c.db")
    for answer in answers:
        store.put_answer(answer)
    expected = [SERVED, None, Served("m")]
    assert [response.served for _, response in sorted(store.answers(a.key for a in answers).items())] == expected
    assert [answer.response.served for answer in store.every_answer()] == expected
    write_pack(store, tmp_path / "pack.json")
    packed = [placed.entry for placed in read_entries(tmp_path / "pack.json")]
    assert packed == answers
    assert [answer.response.served for answer in packed if isinstance(answer, Answer)] == expected


def test_an_empty_answer_that_version_0_1_0_kept_as_ok_is_empty(tmp_path: Path) -> None:
    store, key = Store(tmp_path / "c.db"), b"a" * 32
    row = (key, "m", "f", "ok", b"", b"", 0.0, 1e9, 1e9, _digest(key, "ok", b"", b"", 0.0, None), None)
    store.do(lambda c: c.execute("INSERT INTO answers VALUES (?,?,?,?,?,?,?,?,?,?,?)", row))
    assert store.answers([key]) == {key: Response("", Outcome.EMPTY, entropy=0.0)}
