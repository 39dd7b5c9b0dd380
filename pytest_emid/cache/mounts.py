"""Whether a folder may be seen by other machines, too, as far as the system says so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

__all__ = ["is_shared"]

MOUNTS: Final = Path("/proc/self/mountinfo")
_NAMES: Final = (
    "9p afs beegfs ceph cifs fuse.ceph fuse.gcsfuse fuse.glusterfs fuse.grpcfuse fuse.juicefs fuse.s3fs fuse.sshfs "
    "fuse.vmhgfs-fuse gfs2 glusterfs gpfs lustre nfs nfs4 ocfs2 orangefs panfs prl_fs pvfs2 smb3 smbfs vboxsf virtiofs "
    "wekafs"
)
SHARED: Final = frozenset(_NAMES.split())
"""File systems of networks, clusters and virtual machines' shared folders, as Linux names them."""


def is_shared(folder: Path) -> bool:
    """Whether a folder is on a file system that several machines can mount. False where the system does not tell."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return False
    place = folder.resolve()
    kind, depth = "", -1
    for line in lines:
        before, _, after = line.partition(" - ")
        mount = Path(_unescaped(before.split(" ")[4]))
        # of mounts on one place, the last one is seen
        if place.is_relative_to(mount) and len(mount.parts) >= depth:
            kind, depth = after.split(" ")[0], len(mount.parts)
    return kind in SHARED


def _unescaped(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)
