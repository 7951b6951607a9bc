"""lftp, rclone and OpenSSH's programs, run against the built-in SFTP server."""

import os
import subprocess
from pathlib import Path

from tests.support.ssh import House, Running
from tests.support.tools import require_tool

Ended = subprocess.CompletedProcess[str]


def document(house: House, name: str = "record.pgp", size: int = 300_000) -> Path:
    path = house.home / name
    path.write_bytes(os.urandom(size))
    return path


def lftp(served: Running, commands: str, lea: str = "01") -> Ended:
    program = " ".join(["ssh", "-a", "-x", *served.options(lea)])
    script = "set cmd:fail-exit yes; set net:max-retries 3; set net:reconnect-interval-base 1;\n"
    script += f'set sftp:connect-program "{program}"; open -u {lea}, sftp://127.0.0.1:{served.port};\n{commands}\n'
    environment = {**os.environ, "LFTP_HOME": str(served.house.home)}
    words = [require_tool("lftp"), "--norc", "-c", script]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120, check=False)


def ok(ended: Ended) -> Ended:
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return ended
