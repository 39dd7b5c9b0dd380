"""Which folders other machines may see."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_emid.cache import mounts

TABLE = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
23 22 0:21 / /proc rw - proc proc rw
30 22 0:40 / /home rw,relatime shared:9 - nfs4 server:/home rw,vers=4.2
31 30 254:1 / /home/scratch rw - xfs /dev/vdb rw
32 22 0:41 / /mnt/my\040share rw - cifs //server/share rw
33 22 0:42 / /over rw - lustre a:/l rw
34 33 0:43 / /over rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("folder", "shared"),
    [
        ("/work", False),
        ("/home/me/project/.emid", True),
        ("/homes/me", False),
        ("/home/scratch/me", False),
        ("/mnt/my share/x", True),
        ("/mnt/my", False),
        ("/over/x", False),
        ("/", False),
    ],
)
def test_the_innermost_mount_decides(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str, shared: bool
) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(TABLE)
    monkeypatch.setattr(mounts, "MOUNTS", table)
    assert mounts.is_shared(Path(folder)) is shared


def test_where_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "none")
    assert mounts.is_shared(tmp_path) is False


def test_this_system_s_table_can_be_read(tmp_path: Path) -> None:
    assert mounts.is_shared(tmp_path) in (True, False)
