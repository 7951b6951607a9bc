"""A database and a Redis of one's own: how they are named and given a password, and what is said without them.

A password is in no file that others may read, in no list of processes, in no message and in no log.
"""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from broker.processes.part import UNUSABLE
from tests.support import ledgers, postgres
from tests.support.exchange import QUICK, SATCHEL, Exchange, satchel, sentence_of, wait_until
from tests.support.tools import require_tool

SECRET = "c0rrect-h0rse-battery"
PARTS = ("worker", "watcher", "sweeper", "sftp")
Ended = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.alone(SECRET) as url:
        yield url


@pytest.fixture
def url(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database, whose user needs the password."""
    monkeypatch.setenv("PGPASSWORD", SECRET)
    ledgers.blank(tmp_path, server).dispose()
    monkeypatch.delenv("PGPASSWORD")
    return server


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose settings a test may change, and changes back."""
    home = tmp_path_factory.mktemp("bare") / "home"
    satchel("init", str(home))
    return home


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "db.password"
    path.write_text(f"{SECRET}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """A Redis with the password, on a port of its own."""
    program, port = require_tool("redis-server"), free_port()
    lines = f"port {port}\nbind 127.0.0.1\nrequirepass {SECRET}\nsave ''\n"
    begun = subprocess.Popen([program, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=tmp_path, text=True)
    assert begun.stdin is not None
    begun.stdin.write(lines)
    begun.stdin.close()
    try:
        wait_until(lambda: answers(port), "Redis")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        begun.terminate()
        begun.wait(30)


def free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def answers(port: int) -> bool:
    with closing(socket.socket()) as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def is_sentence(ended: Ended, code: int, *says: str) -> bool:
    said = sentence_of(ended)
    return ended.returncode == code and said.endswith(".") and all(one in said for one in says)


def run(*words: str, **environment: str) -> Ended:
    return subprocess.run(
        [*SATCHEL, *words], capture_output=True, text=True, timeout=240, check=False, env=os.environ | environment
    )


def everywhere(home: Path) -> Mapping[str, bytes]:
    """What is in the home's files, and in the command lines of this machine's processes."""
    found = {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[str(path)] = path.read_bytes()
        except OSError:
            continue
    return found


# a home on servers of one's own


@pytest.mark.slow
def test_a_home_on_a_database_and_a_redis_with_passwords(url: str, redis: str, password: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    given = ("--ledger-url", url, "--redis-url", redis)
    satchel("init", str(home), *given, "--ledger-password-file", str(password), "--redis-password-file", str(password))
    assert not (home / "ledger.db").exists()
    assert stat.S_IMODE((home / "satchel.toml").stat().st_mode) == 0o600
    exchange = Exchange.of(home)
    exchange.configure(**(QUICK | {"enabled": False, "processes": 1}))
    try:
        exchange.up()
        assert exchange.status()["queues"] is not None
        shown = {place for place, content in everywhere(home).items() if SECRET.encode() in content}
        assert shown == set()
        assert SECRET not in exchange.log.read_text()
        assert exchange.down() == 0
    finally:
        exchange.close()


WAYS = ("SATCHEL_LEDGER_PASSWORD", "PGPASSWORD", "PGPASSFILE")


@pytest.mark.parametrize("way", [WAYS[0], *(pytest.param(one, marks=pytest.mark.long) for one in WAYS[1:])])
def test_the_password_by_the_environment(url: str, tmp_path: Path, way: str) -> None:
    home, passfile = tmp_path / "home", tmp_path / "pgpass"
    passfile.write_text(f"*:*:*:satchel:{SECRET}\n")
    passfile.chmod(0o600)
    given = {one: str(passfile) if one == "PGPASSFILE" else SECRET for one in WAYS}
    assert run("init", str(home), "--ledger-url", url, **{way: given[way]}).returncode == 0
    for one in WAYS:
        assert run("status", "--home", str(home), **{one: given[one]}).returncode == 3  # it is not up
    assert SECRET not in (home / "satchel.toml").read_text()
    without = run("status", "--home", str(home))
    assert is_sentence(without, 4, "cannot be opened"), without.stderr


@pytest.mark.parametrize("option", ["--ledger-url", "--redis-url"])
@pytest.mark.parametrize("form", ["{scheme}://u:{secret}@db.example/x", "{scheme}://u@db.example/x?password={secret}"])
def test_a_password_on_the_command_line_is_refused_and_not_repeated(tmp_path: Path, option: str, form: str) -> None:
    url = form.format(scheme="redis" if "redis" in option else "postgresql", secret=SECRET)
    ended = satchel("init", str(tmp_path / "home"), option, url, check=False)
    assert is_sentence(ended, 2, "password-file"), ended.stderr
    assert SECRET not in ended.stderr + ended.stdout
    assert not (tmp_path / "home").exists()


def test_a_password_file_that_others_may_read_is_refused(url: str, password: Path, tmp_path: Path) -> None:
    password.chmod(0o640)
    given = ("--ledger-url", url, "--ledger-password-file", str(password))
    ended = satchel("init", str(tmp_path / "home"), *given, check=False)
    assert is_sentence(ended, 1, f"chmod 600 {password}"), ended.stderr
    assert not (tmp_path / "home").exists()
    password.chmod(0o600)
    satchel("init", str(tmp_path / "home"), *given)
    password.unlink()
    ended = satchel("status", "--home", str(tmp_path / "home"), check=False)
    assert is_sentence(ended, 1, str(password), "cannot be read"), ended.stderr


def test_a_password_in_the_settings_works_and_is_warned_of_until_nobody_else_reads_it(url: str, tmp_path: Path) -> None:
    """As a home of an earlier program has it."""
    exchange = Exchange(tmp_path / "home", enabled=False, processes=1)
    settings = exchange.home / "satchel.toml"
    exchange_url = url.replace("satchel@", f"satchel:{SECRET}@")
    text = settings.read_text()
    place = text.index("url = ", text.index("[ledger]"))
    settings.write_text(text[:place] + f'url = "{exchange_url}"' + text[text.index('""', place) + 2 :])
    settings.chmod(0o644)
    satchel("upgrade", *exchange.at)
    told = satchel("status", *exchange.at)
    assert f"chmod 600 {settings}" in told.stderr
    assert "password_file" in told.stderr
    assert SECRET not in told.stderr
    settings.chmod(0o600)
    assert satchel("status", *exchange.at).stderr == ""


@pytest.mark.parametrize(
    "url",
    [
        f"not a url {SECRET}",
        f"mysql://u:{SECRET}@db/x",
        f"postgresql://u:{SECRET}@db:port/x",
        f"postgresql://u:{SECRET}@127.0.0.1:1/x?nonsense=1",
        f"postgresql://u:{SECRET}@127.0.0.1:1/x",
    ],
)
def test_no_mistake_in_a_url_shows_its_password(bare: Path, url: str) -> None:
    settings = bare / "satchel.toml"
    before = settings.read_text()
    place = before.index("url = ", before.index("[ledger]"))
    settings.write_text(before[:place] + f'url = "{url}"' + before[before.index('""', place) + 2 :])
    ends = {words: satchel(words, "--home", str(bare), check=False) for words in ("status", "up")}
    settings.write_text(before)
    for words, ended in ends.items():
        assert ended.returncode == (4 if words == "status" and "127.0.0.1" in url else 1)
        assert SECRET not in ended.stderr, ended.stderr
        assert "Traceback" not in ended.stderr
        assert "in a way it should not" not in ended.stderr


# without them


@pytest.mark.long
def test_what_starts_without_its_database_ends_in_a_sentence(tmp_path: Path) -> None:
    home = tmp_path / "home"
    satchel("init", str(home))
    settings = home / "satchel.toml"
    text = settings.read_text()
    place = text.index("url = ", text.index("[ledger]"))
    url = f"postgresql://satchel@127.0.0.1:{free_port()}/satchel"
    settings.write_text(text[:place] + f'url = "{url}"' + text[text.index('""', place) + 2 :])
    for part in PARTS:
        command = [sys.executable, "-m", f"broker.processes.{part}", *("--home", str(home))]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        assert is_sentence(ended, UNUSABLE, "cannot be opened"), ended.stderr
    for words in (["up"], ["status"], ["upgrade"], ["lea", "list"], ["transfers"]):
        ended = run(*words, "--home", str(home))
        assert is_sentence(ended, 4 if words == ["status"] else 1, "cannot be opened"), ended.stderr
    ended = run("init", str(tmp_path / "other"), "--ledger-url", url)
    assert is_sentence(ended, 1, "cannot be opened"), ended.stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.slow
def test_a_database_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    """The parts say so in sentences, and work on when it is back."""
    with postgres.alone() as gone:
        exchange = Exchange(tmp_path / "home", enabled=False, processes=1)
        settings = exchange.home / "satchel.toml"
        text = settings.read_text()
        place = text.index("url = ", text.index("[ledger]"))
        settings.write_text(text[:place] + f'url = "{gone}"' + text[text.index('""', place) + 2 :])
        satchel("upgrade", *exchange.at)
        try:
            exchange.up()
            with postgres.away(gone):
                ended = satchel("status", *exchange.at, check=False)
                assert is_sentence(ended, 4, "cannot be opened"), ended.stderr
            wait_until(lambda: satchel("status", *exchange.at, check=False).returncode == 0, "it is back")
            wait_until(
                lambda: all(one["alive"] and one["ready"] for one in exchange.status()["parts"]), "all parts work"
            )
            assert "Traceback" not in exchange.log.read_text()
            assert exchange.down() == 0
        finally:
            exchange.close()


def test_init_without_its_redis_makes_nothing(tmp_path: Path) -> None:
    redis = f"redis://127.0.0.1:{free_port()}/0"
    ended = satchel("init", str(tmp_path / "home"), "--redis-url", redis, check=False)
    assert is_sentence(ended, 1, "Redis does not answer"), ended.stderr
    assert not (tmp_path / "home").exists()
