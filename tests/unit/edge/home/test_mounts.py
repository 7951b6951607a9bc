"""Reading the mount table (proc(5))."""

import os
from pathlib import Path

import pytest

from broker.edge.home import mounts

TABLE = rb"""27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
31 27 0:40 / /srv/satchel/leas rw shared:5 master:2 - nfs4 server:/leas rw,vers=4.2
32 27 0:41 / /srv/With\040Space rw - fuse.sshfs user@host: rw
33 27 0:42 / /mnt rw - tmpfs tmpfs rw
34 33 0:43 / /mnt rw - cifs //server/share rw
garbage
35 27 0:44 / /cut
"""


@pytest.mark.parametrize(
    ("path", "kind", "remote"),
    [
        ("/", "ext4", False),
        ("/srv/satchel/vault", "ext4", False),
        ("/srv/satchel/leas", "nfs4", True),
        ("/srv/satchel/leas/01/outbox", "nfs4", True),
        ("/srv/satchel/leases", "ext4", False),
        ("/srv/With Space/outbox", "fuse.sshfs", True),
        ("/mnt/x", "cifs", True),
    ],
)
def test_the_nearest_and_latest_mount_counts(path: str, kind: str, remote: bool) -> None:
    table = mounts.parse(TABLE)
    assert table.type_at(Path(path)) == kind
    assert table.is_remote(Path(path)) is remote


def test_devices_and_the_unknown() -> None:
    table = mounts.parse(TABLE)
    assert table.type_of(os.makedev(254, 0)) == "ext4"
    assert table.type_of(os.makedev(9, 9)) == ""
    assert mounts.Mounts().type_at(Path("/srv")) == ""
    assert not mounts.Mounts().is_remote(Path("/srv"))


def test_nothing_is_both_remote_and_flushed_whole() -> None:
    assert not mounts.REMOTE & mounts.FLUSHED_WHOLE


def test_this_machine_has_a_table() -> None:
    if not Path("/proc/self/mountinfo").exists():
        pytest.skip("no /proc here")
    assert mounts.read().type_at(Path("/")) != ""
