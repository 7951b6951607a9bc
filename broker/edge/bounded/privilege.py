"""Gives up what a process does not need before it touches hostile bytes, as far as an ordinary user can.

Owns these calls to Linux. Promises: afterwards the process writes no core dump and no file, cannot be traced by its
user, gains no right, ends with its parent, and gets no more memory for data than it was given; where the machine's
architecture is known here and its kernel allows it, it opens nothing for writing, and can use no network and start no
other program (seccomp(2)). What the kernel denies is skipped: the bounds of `warden` hold without it.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38  # linux/prctl.h
_SET_FILTER, _AT_FULL_SPEED = 1, 4  # linux/seccomp.h: without it older kernels slow such a process down by a third
_ALLOW, _DENY = 0x7FFF0000, 0x00050000 | 1  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO with EPERM
_LOAD, _JUMP_EQUAL, _JUMP_SET, _RETURN = 0x20, 0x15, 0x45, 0x06  # linux/bpf_common.h
_NUMBER_AT, _ARCHITECTURE_AT, _FLAGS_AT = 0, 4, 16 + 2 * 8  # struct seccomp_data; openat's flags are its third argument
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_OTHER_ABI = 0x40000000  # x32: the same calls under other numbers
# For each architecture: its number in linux/audit.h, the numbers of seccomp and openat, and the denied calls: socket,
# connect, bind, execve, execveat, ptrace, process_vm_readv and _writev, kill, pidfd_send_signal, openat2,
# io_uring_setup, open, creat
_KNOWN = {
    "x86_64": (0xC000003E, 317, 257, (41, 42, 49, 59, 322, 101, 310, 311, 62, 424, 437, 425, 2, 85)),
    "aarch64": (0xC00000B7, 277, 56, (198, 203, 200, 221, 281, 117, 270, 271, 129, 424, 437, 425)),
}


def end_with_parent(parent: int) -> None:
    """Have this process killed when its parent, whose id is `parent`, ends; also if that has ended already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if sys.platform == "linux" and os.getppid() != parent:
        os._exit(1)


def hide_memory() -> None:
    """From now on only root can read this process's memory or attach to it: other processes of its user, such as a
    program that was taken over, must not see what it holds. It leaves no core dump either."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_PR_SET_DUMPABLE, 0)


def lower(memory: int) -> None:
    """Give up what is not needed; this process may have `memory` bytes of data in addition to what it has."""
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC):
        resource.setrlimit(limit, (0, 0))
    most = _data_bytes() + memory
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    hide_memory()
    if _prctl(_PR_SET_NO_NEW_PRIVS, 1) == 0:
        _filter()


def _prctl(what: int, value: int) -> int:
    if sys.platform != "linux":
        return -1
    return int(ctypes.CDLL(None).prctl(what, value, 0, 0, 0))


def _data_bytes() -> int:
    """How many bytes this process has of the kind that RLIMIT_DATA counts."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0


def _filter() -> None:
    known = _KNOWN.get(platform.machine())
    if known is None:
        return
    architecture, call, openat, denied = known
    program = b"".join(_instructions(architecture, openat, denied))
    code = ctypes.create_string_buffer(program)
    whole = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    held = ctypes.create_string_buffer(whole)
    ctypes.CDLL(None).syscall(call, _SET_FILTER, _AT_FULL_SPEED, ctypes.c_void_p(ctypes.addressof(held)))


def _instructions(architecture: int, openat: int, denied: tuple[int, ...]) -> list[bytes]:
    """A program in classic BPF: calls of another architecture, and denied calls, end with EPERM."""
    to_deny = len(denied) + 3  # steps from the first comparison to the last instruction
    out = [_step(_LOAD, _ARCHITECTURE_AT), _step(_JUMP_EQUAL, architecture, 1, 0), _step(_RETURN, _DENY)]
    out += [_step(_LOAD, _NUMBER_AT), _step(_JUMP_SET, _OTHER_ABI, to_deny + 1, 0)]
    out += [_step(_JUMP_EQUAL, number, to_deny - at, 0) for at, number in enumerate(denied)]
    out.append(_step(_JUMP_EQUAL, openat, 0, 2))
    out += [_step(_LOAD, _FLAGS_AT), _step(_JUMP_SET, _WRITES, 1, 0)]
    return [*out, _step(_RETURN, _ALLOW), _step(_RETURN, _DENY)]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
