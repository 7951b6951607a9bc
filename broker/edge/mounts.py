"""Which file system a folder lies on, and what may be expected of it.

Owns the reading of Linux's mount table (proc(5), /proc/self/mountinfo). Promises: an unknown file system is never
trusted with more than the least: no whole-file-system flush. Elsewhere than on Linux the table is empty.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# Changes made on another machine (or on the host of a virtual one) cause no inotify event on this one.
REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda", "ceph", "9p", "virtiofs", "vboxsf", "prl_fs"}
    | {"fakeowner", "autofs", "fuse", "lustre", "gpfs", "beegfs", "glusterfs", "gfs2", "ocfs2", "orangefs", "pvfs2"}
)
# Here syncfs(2) writes out file contents and names alike; network and FUSE file systems may do less.
FLUSHED_WHOLE = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "bcachefs", "zfs", "tmpfs", "overlay"})

_TABLE = Path("/proc/self/mountinfo")
_OCTAL = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mounts:
    """The mount table: file system types by mount point and by device number (major, minor)."""

    by_point: Mapping[str, str] = field(default_factory=dict)
    by_device: Mapping[tuple[int, int], str] = field(default_factory=dict)

    def type_at(self, path: Path) -> str:
        """The file system type at `path`, links resolved; '' when the table does not say."""
        real = path.resolve()
        return next((self.by_point[str(at)] for at in (real, *real.parents) if str(at) in self.by_point), "")

    def type_of(self, device: int) -> str:
        """The file system type of a `st_dev`; '' when the table does not say (btrfs subvolumes, for one)."""
        return self.by_device.get((os.major(device), os.minor(device)), "")

    def is_remote(self, path: Path) -> bool:
        """Whether `path` can change without an event on this machine."""
        kind = self.type_at(path)
        return kind in REMOTE or kind.startswith("fuse.")


def parse(table: bytes) -> Mounts:
    """Read the text of a mountinfo file; a later mount over the same point hides the earlier one."""
    by_point: dict[str, str] = {}
    by_device: dict[tuple[int, int], str] = {}
    for line in table.splitlines():
        left, dash, right = line.partition(b" - ")
        fields = left.split(b" ")
        if not dash or len(fields) < 5 or not right:
            continue
        kind = os.fsdecode(right.split(b" ")[0])
        point = _OCTAL.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), fields[4])
        major, _, minor = fields[2].partition(b":")
        by_point[os.fsdecode(point)] = kind
        by_device[int(major), int(minor)] = kind
    return Mounts(by_point, by_device)


def read() -> Mounts:
    """The mount table as it is now."""
    try:
        return parse(_TABLE.read_bytes())
    except FileNotFoundError:
        return Mounts()
