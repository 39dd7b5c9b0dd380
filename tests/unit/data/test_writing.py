"""What is no regular file is written into, and a regular one is replaced whole."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TextIO

import pytest

from pytest_emid.data.writing import writing


def write(path: Path, text: str = "new\n") -> None:
    with writing(path) as stream:
        stream.write(text)


def test_a_file_is_made_with_its_folders_and_read_by_others(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b" / "out", "ä\n")
    assert (tmp_path / "a" / "b" / "out").read_bytes() == b"\xc3\xa4\n"
    assert (tmp_path / "a" / "b" / "out").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["out"]


def test_a_file_keeps_its_mode_and_another_reader_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("old, and longer\n")
    path.chmod(0o640)
    with path.open() as reader:
        write(path)
        assert reader.read() == "old, and longer\n"
    assert path.read_text() == "new\n"
    assert path.stat().st_mode & 0o777 == 0o640


def test_where_writing_fails_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("old")

    def fail(stream: TextIO) -> None:
        stream.write("ne")
        raise RuntimeError("half")

    with pytest.raises(RuntimeError, match=r"^half$"), writing(path) as stream:
        fail(stream)
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("exists", [True, False], ids=["existing", "dangling"])
def test_a_link_stays_and_its_target_is_written(tmp_path: Path, exists: bool) -> None:
    target, link = tmp_path / "elsewhere" / "target", tmp_path / "link"
    target.parent.mkdir()
    if exists:
        target.write_text("old")
    link.symlink_to(target)
    write(link)
    assert link.is_symlink()
    assert target.read_text() == "new\n"
    assert not target.is_symlink()


def test_a_device_stays(tmp_path: Path) -> None:
    link = tmp_path / "nothing"
    link.symlink_to(os.devnull)
    for path in (Path(os.devnull), link):
        write(path)
    assert Path(os.devnull).is_char_device()
    assert link.is_symlink()


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()), daemon=True)
    reader.start()
    write(pipe)
    reader.join(10)
    assert got == ["new\n"]
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_that_goes_to_a_file_is_added_to(tmp_path: Path, name: str) -> None:
    code = (
        "import pathlib\nfrom pytest_emid.data.writing import writing\nprint('before', flush=True)\n"
        f"with writing(pathlib.Path({name!r})) as stream: stream.write('report\\n')\nprint('after')"
    )
    with (tmp_path / "log").open("w") as log:
        subprocess.run([sys.executable, "-c", code], stdout=log, check=True)
    assert (tmp_path / "log").read_text() == "before\nreport\nafter\n"


def test_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write(tmp_path)
