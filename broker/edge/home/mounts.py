"""Which file system a folder is on, and what that file system guarantees.

Owns the reading of Linux's mount table (proc(5), /proc/self/mountinfo). Promises: an unknown file system is trusted
with the least: no flush of the whole file system. On other systems than Linux the table is empty. `Table` never looks
into a folder, which could hang.
"""

import os
import re
import select
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# Changes made on another machine (or on the host of a virtual one) cause no inotify event on this one.
REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda", "ceph", "9p", "virtiofs", "vboxsf", "prl_fs"}
    | {"fakeowner", "autofs", "fuse", "lustre", "gpfs", "beegfs", "glusterfs", "gfs2", "ocfs2", "orangefs", "pvfs2"}
)
# Here syncfs(2) writes both file contents and names; network and FUSE file systems may do less.
FLUSHED_WHOLE = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "bcachefs", "zfs", "tmpfs", "overlay"})

_TABLE = Path("/proc/self/mountinfo")
_OCTAL = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mounts:
    """The mount table: file system types by mount point and by device number (major, minor)."""

    by_point: Mapping[str, str] = field(default_factory=dict)
    by_device: Mapping[tuple[int, int], str] = field(default_factory=dict)

    def type_at(self, path: Path) -> str:
        """The file system type at `path`, links resolved; '' when the table does not have it."""
        real = path.resolve()
        return next((self.by_point[str(at)] for at in (real, *real.parents) if str(at) in self.by_point), "")

    def type_of(self, device: int) -> str:
        """The file system type of an `st_dev`; '' when the table does not have it (for example btrfs subvolumes)."""
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
        major, _, minor = fields[2].partition(b":")
        by_point[_path(fields[4])] = kind
        by_device[int(major), int(minor)] = kind
    return Mounts(by_point, by_device)


class Table:
    """Which folders directly below one folder contain mounts, according to the present mount table."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._lock = threading.Lock()
        self._below: dict[str, frozenset[str]] = {}
        self._looks = select.poll() if hasattr(select, "poll") else None
        try:
            self._file = _TABLE.open("rb", buffering=0)
        except FileNotFoundError:
            self._looks = None
            return
        if self._looks is not None:
            self._looks.register(self._file, select.POLLPRI)  # POLLPRI signals changes: proc(5), /proc/pid/mounts
        self._read()

    def below(self, name: str) -> frozenset[str]:
        """The mounts at or below the folder of this name, each as its id and type ("42 nfs4")."""
        if self._looks is None:
            return frozenset()
        with self._lock:
            if self._looks.poll(0):
                self._read()
            return self._below.get(name, frozenset())

    @staticmethod
    def is_remote(mount: str) -> bool:
        """Whether such a mount can change without an event on this machine."""
        kind = mount.partition(" ")[2]
        return kind in REMOTE or kind.startswith("fuse.")

    def _read(self) -> None:
        self._file.seek(0)
        found: dict[str, set[str]] = {}
        for line in self._file.readall().splitlines():
            left, _, right = line.partition(b" - ")
            fields = left.split(b" ")
            if len(fields) < 5 or not right:
                continue
            point = Path(_path(fields[4]))
            if point != self._root and point.is_relative_to(self._root):
                name = point.relative_to(self._root).parts[0]
                found.setdefault(name, set()).add(os.fsdecode(fields[0] + b" " + right.split(b" ")[0]))
        self._below = {name: frozenset(mounts) for name, mounts in found.items()}


def _path(field: bytes) -> str:
    return os.fsdecode(_OCTAL.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), field))


def read() -> Mounts:
    """The present mount table."""
    try:
        return parse(_TABLE.read_bytes())
    except FileNotFoundError:
        return Mounts()
