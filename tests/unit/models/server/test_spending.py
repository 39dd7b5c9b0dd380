"""What a model has cost, in one process and in several."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_emid.errors import DataError
from pytest_emid.models.server.spending import Spending


def test_alone() -> None:
    spending = Spending()
    assert (spending.total(), spending.shared) == (0.0, False)
    spending.add(1.5)
    spending.add(2.0)
    assert spending.total() == 3.5


def test_two_share_a_sum(tmp_path: Path) -> None:
    path = tmp_path / "run" / "model"
    one, two = Spending(), Spending()
    one.add(1.0)
    for each in (one, two):
        each.share(path)
        assert each.shared
    assert (one.total(), two.total()) == (1.0, 1.0)
    two.add(0.25)
    one.add(0.5)
    assert (one.total(), two.total()) == (1.75, 1.75)


def test_one_takes_another_s_part(tmp_path: Path) -> None:
    one, two = Spending(), Spending()
    one.add(1.0)
    two.add(0.5)
    one.include(two)
    assert one.total() == 1.5
    for each in (one, two):
        each.share(tmp_path / "model")
    assert one.total() == 2.0
    one.include(two)
    assert one.total() == 2.0


def test_sharing_again_counts_once(tmp_path: Path) -> None:
    spending = Spending()
    spending.add(1.0)
    spending.share(tmp_path / "model")
    spending.share(tmp_path / "model")
    assert spending.total() == 1.0


def test_nothing_is_made_before_something_is_spent(tmp_path: Path) -> None:
    spending = Spending()
    spending.share(tmp_path / "run" / "model")
    assert spending.total() == 0.0
    assert not (tmp_path / "run").exists()


def test_threads_lose_nothing(tmp_path: Path) -> None:
    spending = Spending()
    spending.share(tmp_path / "model")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: spending.add(1.0), range(400)))
    assert spending.total() == 400.0


def test_processes_lose_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pytest_emid.models.server.spending import Spending\n"
        "s = Spending(); s.share(Path(sys.argv[1])); [s.add(1.0) for _ in range(500)]"
    )
    path = str(tmp_path / "model")
    running = [subprocess.Popen([sys.executable, "-c", code, path]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    spending = Spending()
    spending.share(Path(path))
    assert spending.total() == 1500.0


def test_a_half_written_amount_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "model"
    one = Spending()
    one.share(path)
    one.add(2.0)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:3])
    assert one.total() == 2.0
    path.write_bytes(whole + whole)
    assert one.total() == 4.0


@pytest.mark.parametrize("act", ["add", "total"])
def test_a_folder_that_cannot_be_used(tmp_path: Path, act: str) -> None:
    path = tmp_path / "model"
    path.mkdir()
    spending = Spending()
    spending.share(path)
    with pytest.raises(DataError) as caught:
        spending.add(1.0) if act == "add" else spending.total()
    assert str(caught.value) == (
        f"the processes of this run share a budget through {path}, which cannot be used ([Errno 21] Is a directory: "
        f"{str(path)!r}). Give them a folder for temporary files that they can write to (TMPDIR)."
    )
