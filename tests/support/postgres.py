"""A PostgreSQL server of its own for tests: made, started and removed here, on a Unix socket only; and databases on it,
of which one is quickly made as a copy of another."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from tests.support.tools import missing


def _program(name: str) -> str:
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / name).exists():
            return str(folder / name)
    found = shutil.which(name)
    if not found:
        missing(f"{name} (a PostgreSQL server) is not installed")
    return str(found)


def _as_nobody(command: list[str], folder: Path) -> None:
    """PostgreSQL refuses to run as root."""
    who = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    more = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if who else {}
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60, **more)


def _options(root: Path) -> str:
    return f"-c listen_addresses='' -c unix_socket_directories={root} -c fsync=off"


@contextmanager
def server(password: str = "") -> Iterator[str]:
    """The SQLAlchemy URL of an empty database, without the password that it wants, where one is given."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    root = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(root, "nobody")
    data = root / "data"
    try:
        (root / "password").write_text(password or "none")
        (root / "password").chmod(0o644)
        how = ["-A", "scram-sha-256" if password else "trust", f"--pwfile={root / 'password'}"]
        _as_nobody([initdb, "-D", str(data), "-U", "satchel", *how, "--no-sync"], root)
        _as_nobody([pg_ctl, "-D", str(data), "-w", "-l", str(root / "log"), "-o", _options(root), "start"], root)
        try:
            yield f"postgresql+psycopg://satchel@/postgres?host={root}"
        finally:
            _as_nobody([pg_ctl, "-D", str(data), "-w", "-m", "immediate", "stop"], root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def away(url: str) -> Iterator[None]:
    """The server of this URL is stopped, at once, and started again at the end of the block."""
    root = Path(url.partition("host=")[2])
    command = [_program("pg_ctl"), "-D", str(root / "data"), "-w"]
    _as_nobody([*command, "-m", "immediate", "stop"], root)
    try:
        yield
    finally:
        _as_nobody([*command, "-l", str(root / "log"), "-o", _options(root), "start"], root)


def made(server: str, name: str, like: str = "template1") -> str:
    """The URL of a new database on that server, a copy of another one, which whoever was in it has to leave."""
    _said(server, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = :like", like=like)
    _said(server, f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def dropped(server: str, name: str) -> None:
    """The database is no more."""
    _said(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _said(server: str, statement: str, **values: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement), values)
    engine.dispose()
