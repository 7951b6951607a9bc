"""A PostgreSQL server for the tests of one process: made, started and removed here, on a Unix socket only.

Promises: each test that asks has a database of its own, which is dropped after it with whoever is still in it; what
stops a server, or asks for a password, has one of its own (`alone`).
"""

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg
from sqlalchemy import make_url

from tests.support.tools import missing

_MEMORY = Path("/dev/shm")
_numbers = count(1)


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


@cache
def _running() -> str:
    """The folder of this process's server, which ends with the process."""
    root = _folder()
    _start(root, "trust")
    atexit.register(_as_nobody, _ctl(root, "-m", "immediate", "stop"), root)
    return str(root)


def _folder() -> Path:
    root = Path(tempfile.mkdtemp(prefix="pg", dir=_MEMORY if os.access(_MEMORY, os.W_OK) else "/tmp"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    if os.geteuid() == 0:
        shutil.chown(root, "nobody")
    return root


def _start(root: Path, how: str, *more: str) -> None:
    initdb = [_program("initdb"), "-D", str(root / "data"), "-U", "satchel", "-A", how, "--no-sync"]
    _as_nobody([*initdb, *more], root)
    _as_nobody(_ctl(root, "-l", str(root / "log"), "-o", _options(root), "start"), root)


def _ctl(root: Path, *words: str) -> list[str]:
    return [_program("pg_ctl"), "-D", str(root / "data"), "-w", *words]


def _options(root: Path) -> str:
    names = f"-c listen_addresses='' -c unix_socket_directories={root} -c max_connections=200"
    return f"{names} -c fsync=off -c full_page_writes=off"  # nothing here outlives the machine


@contextmanager
def alone(password: str = "") -> Iterator[str]:
    """The URL of an empty database on a server of its own, without the password that it wants, where one is given."""
    root = _folder()
    try:
        (root / "password").write_text(password or "none")
        (root / "password").chmod(0o644)
        _start(root, "scram-sha-256" if password else "trust", f"--pwfile={root / 'password'}")
        try:
            yield f"postgresql+psycopg://satchel@/postgres?host={root}"
        finally:
            _as_nobody(_ctl(root, "-m", "immediate", "stop"), root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def away(url: str) -> Iterator[None]:
    """The server of this URL, of `alone`, is stopped, at once, and started again at the end of the block."""
    root = Path(url.partition("host=")[2])
    _as_nobody(_ctl(root, "-m", "immediate", "stop"), root)
    try:
        yield
    finally:
        _as_nobody(_ctl(root, "-l", str(root / "log"), "-o", _options(root), "start"), root)


def log(url: str) -> str:
    """What the server of this URL has told of its work."""
    return (Path(str(make_url(url).query["host"])) / "log").read_text()


def _ask(*statements: str) -> None:
    """Statements about whole databases, which are no transaction."""
    with psycopg.connect(host=_running(), user="satchel", dbname="postgres", autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def database() -> str:
    """The SQLAlchemy URL of an empty database, which is there until this process ends."""
    name = f"test{next(_numbers)}"
    _ask(f"CREATE DATABASE {name}")
    return f"postgresql+psycopg://satchel@/{name}?host={_running()}"


@contextmanager
def server() -> Iterator[str]:
    """The SQLAlchemy URL of an empty database, which nobody else has."""
    url = database()
    try:
        yield url
    finally:
        _ask(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


def is_blank(url: str) -> bool:
    """Whether a database is of this process's server, and has no tables."""
    if make_url(url).query.get("host") != _running():
        return False
    with psycopg.connect(host=_running(), user="satchel", dbname=make_url(url).database or "") as connection:
        return not connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1").fetchall()


def replace(url: str, template: str) -> None:
    """Make the database of this URL anew: a copy of another one, which nobody is in."""
    name, like = make_url(url).database, make_url(template).database
    _ask(f'DROP DATABASE "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}" TEMPLATE "{like}"')


def made(name: str, like: str = "template1") -> str:
    """The URL of a new database of this name, a copy of another one, which whoever is in it has to leave."""
    ended = f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{like}'"  # noqa: S608
    _ask(ended, f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
    return f"postgresql+psycopg://satchel@/{quote(name)}?host={_running()}"


def dropped(name: str) -> None:
    """The database is no more."""
    _ask(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
