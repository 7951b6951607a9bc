"""A folder that hangs as one on a network mount does whose server is gone: a file system that answers no request.

Promises: real (FUSE, in the kernel): who enters it is in an uninterruptible wait that no signal ends; `answers` and the
end of the block end every such wait, and the folder is the plain one again that it was. Needs root and /dev/fuse.
"""

import ctypes
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.tools import missing, require_root

_INIT = 26
_LIBC = ctypes.CDLL(None, use_errno=True)
_MNT_DETACH = 2


class Hanging:
    """The mount, and the process behind it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._process = subprocess.Popen([sys.executable, __file__, str(path)], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "hangs\n":
            missing("FUSE cannot be mounted here")

    def answers(self) -> None:
        """The mount is gone, with all who wait in it."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
            _LIBC.umount2(os.fsencode(self.path), _MNT_DETACH)


@contextmanager
def hanging(path: Path) -> Iterator[Hanging]:
    """Mount it over `path`."""
    require_root("mounts a file system")
    if not Path("/dev/fuse").exists():
        missing("there is no /dev/fuse")
    made = Hanging(path)
    try:
        yield made
    finally:
        made.answers()


def _serve(path: str) -> None:
    fd = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    if _LIBC.mount(b"gone", os.fsencode(path), b"fuse.gone", 0, options):
        return
    print("hangs", flush=True)
    while True:
        request = os.read(fd, 1 << 20)
        _, kind, unique = struct.unpack("<IIQ", request[:16])
        if kind == _INIT:  # linux/fuse.h, fuse_init_out
            body = struct.pack("<IIIIHHII", 7, 31, 65536, 0, 12, 10, 65536, 1).ljust(64, b"\0")
            os.write(fd, struct.pack("<IiQ", 16 + len(body), 0, unique) + body)


if __name__ == "__main__":
    _serve(sys.argv[1])
