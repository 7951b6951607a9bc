"""The page that an LEA finds: its own server, port and user name, whatever the settings; written where it changes."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import Connection, Engine, event, text
from typer.testing import CliRunner

from broker import offline
from broker.cli.main import build
from broker.core.model import LeaId, Party, PartyKind
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.parties import directory
from broker.edge.pgp import keyring
from broker.formats import templates
from broker.parties.pages import write_pages, write_readmes
from tests.support import ledgers
from tests.support.endings import said_of
from tests.support.ssh import make_key

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with two LEAs."""
    before = os.umask(0o077)
    root = tmp_path_factory.mktemp("readme")
    make_key(root / "ssh")
    run("init", str(root / "home"), "--name", "State exchange")
    for lea, name in (("01", "Canyon District"), ("6G", "Summit {Charter}")):
        run("keygen", "--name", name, "--out", str(root / lea))
        keys = ["--cert", str(root / lea / "public.asc"), "--ssh-key", str(root / "ssh.pub")]
        run("lea", "add", lea, "--name", name, "--kind", "district", *keys, "--home", str(root / "home"))
    yield root / "home"
    os.umask(before)


def run(*words: str) -> None:
    ended = CliRunner().invoke(build(words), words)
    assert ended.exit_code == 0, ended.output


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "home"))


def configure(home: Path, section: str, **changed: str) -> offline.Offline:
    lines = (home / "satchel.toml").read_text().split(f"[{section}]")
    for name, value in changed.items():
        lines[1] = lines[1].replace(f"\n{name} = ", f"\n{name} = {value} #", 1)
    (home / "satchel.toml").write_text(f"[{section}]".join(lines))
    return offline.build(home)


def page(home: Path, lea: str = "6G") -> str:
    return (home / "leas" / lea / "README.txt").read_text("utf-8")


def test_the_page_names_the_server_that_leas_use(home: Path) -> None:
    assert "sftp -P 2222 -i KEY 6G@127.0.0.1\n" in page(home)
    assert write_readmes(configure(home, "sftp", host='"exchange.example"', port="2022")) == []
    assert "sftp -P 2022 -i KEY 6G@exchange.example\n" in page(home)
    assert "sftp -P 2022 -i KEY 01@exchange.example\n" in page(home, "01")
    assert "Summit {Charter} (6G)" in page(home)


def test_every_login_names_the_key_and_other_programs_have_the_same_facts(home: Path) -> None:
    logins = [line.split() for line in page(home).splitlines() if line.split()[:1] == ["sftp"]]
    assert len(logins) == 4
    assert all(words[3:5] == ["-i", "KEY"] for words in logins)
    assert r'-i "%USERPROFILE%\.ssh\id_ed25519"' in page(home)
    assert "server 127.0.0.1, port 2222, user name 6G" in page(home)


def test_a_free_port_is_told_when_it_is_known(home: Path) -> None:
    services = configure(home, "sftp", port="0", address='"::1"')
    write_readmes(services)
    assert "sftp -P PORT -i KEY 6G@[::1]\n" in page(home)
    (home / "run" / "sftp.port").write_text("40123\n")
    write_readmes(services)
    assert "sftp -P 40123 -i KEY 6G@[::1]\n" in page(home)


def test_with_openssh_the_page_names_the_account(home: Path) -> None:
    write_readmes(configure(home, "sftp", enabled="false", port="0", host='"exchange.example"'))
    assert "sftp -P 22 -i KEY lea-6g@exchange.example\n" in page(home)


def test_what_has_not_changed_is_not_written(home: Path) -> None:
    services = offline.build(home)
    before = (home / "leas" / "6G" / "README.txt").stat().st_ino
    write_readmes(services)
    assert (home / "leas" / "6G" / "README.txt").stat().st_ino == before


def test_the_page_that_opens_a_document_lies_in_every_directory_once(home: Path) -> None:
    services = offline.build(home)
    pages = [home / "leas" / lea / "directory" / "read-a-record.html" for lea in ("01", "6G")]
    write_pages(services)
    first = [path.stat().st_ino for path in pages]
    assert first[0] == first[1]  # one file, linked
    text = pages[0].read_text("utf-8")
    assert "default-src 'none'" in text
    assert not re.search(r"(?:src|href|url)\s*[=(]\s*[\"']?https?:", text)
    write_pages(services)
    assert [path.stat().st_ino for path in pages] == first


def known(path: Path) -> tuple[int, int]:
    return path.stat().st_ino, path.stat().st_mtime_ns


def test_tables_to_fill_in_lie_in_the_directory_and_are_written_only_when_they_change(home: Path) -> None:
    services = offline.build(home)
    files = templates.files()
    assert {name.partition(".")[2] for name in files} == {"xlsx", "csv"}
    folders = [home / "leas" / lea / "directory" for lea in ("01", "6G")]
    assert [(folder / name).read_bytes() == content for folder in folders for name, content in files.items()] == [
        True
    ] * (2 * len(files))
    assert write_pages(services) == []  # makes links of what the fixture has copied
    before = {name: known(folders[1] / name) for name in files}
    (folders[1] / "enrollment.csv").unlink()
    (home / "leas" / ".directory" / "enrollment.csv").write_bytes(b"an older one")
    assert write_pages(services) == []
    assert (folders[1] / "enrollment.csv").read_bytes() == files["enrollment.csv"]
    assert {name for name in files if known(folders[1] / name) != before[name]} == {"enrollment.csv"}
    assert [kind for kind in templates.TEMPLATES if kind not in page(home)] == []
    assert "directory/acknowledgement.xlsx" in page(home)


def test_a_missing_folder_keeps_nobody_else_from_theirs(home: Path) -> None:
    (home / "leas" / "01").rename(home / "elsewhere")
    (home / "leas" / "6G" / "README.txt").unlink()
    shutil.rmtree(home / "leas" / "6G" / "directory")
    (home / "leas" / "6G" / "directory").mkdir()
    assert write_pages(offline.build(home)) == ["01"]
    assert "Summit" in page(home)
    keys = {"01.asc", "6G.asc", "all.asc", "exchange.asc", "parties.json"}
    others = {"read-a-record.html", *templates.files()}
    assert {path.name for path in (home / "leas" / "6G" / "directory").iterdir()} == keys | others
    (home / "elsewhere").rename(home / "leas" / "01")
    (home / "leas" / "6G" / "directory").rename(home / "leas" / "6G" / "away")
    assert write_pages(offline.build(home)) == ["6G"]


@pytest.fixture
def alone(blank_url: str, tmp_path: Path) -> offline.Offline:
    """A home without LEAs."""
    run("init", str(tmp_path / "alone"), *(("--ledger-url", blank_url) if blank_url else ()))
    return offline.build(tmp_path / "alone")


def test_a_party_may_be_entered_while_the_pages_are_written(alone: offline.Offline) -> None:
    other = ledgers.again(alone.settings.home, alone.settings.ledger.url)
    may_write = alone.engine.dialect.name == "postgresql"
    comers = [LeaId(f"2{n}") for n in range(10)]
    certs = {lea: keyring.public(keyring.generate(f"Mesa {lea}", "cv25519", NOW, None)) for lea in comers}
    waiting = [*comers]

    def enter(connection: Connection, *_: object) -> None:
        """The next one, between two looks at the ledger."""
        reads_only = connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
        if (reads_only or may_write) and waiting:
            lea = waiting.pop(0)
            with writing(other) as mine:
                directory.add_party(mine, Party(lea, f"Mesa {lea}", PartyKind.CHARTER), 0.0)
                directory.put_certificate(mine, lea, keyring.inspect(certs[lea], NOW), certs[lea].decode(), 0.0)

    event.listen(alone.engine, "after_cursor_execute", enter)
    while waiting:
        write_pages(alone)
    event.remove(alone.engine, "after_cursor_execute", enter)
    assert write_pages(alone) == comers  # they have no folders here
    assert all((alone.home.leas / ".directory" / f"{lea}.asc").read_text() for lea in comers)


@pytest.mark.parametrize("ledger_url", ["postgresql"], indirect=True)
def test_of_two_who_enter_one_name_at_once_the_second_is_refused(alone: offline.Offline, tmp_path: Path) -> None:
    run("keygen", "--name", "Canyon District", "--out", str(tmp_path / "02"))
    words = ("lea", "add", "02", "--name", "Canyon District", "--kind", "district", "--home", str(alone.settings.home))
    words = (*words, "--cert", str(tmp_path / "02" / "public.asc"))
    first = keyring.public(keyring.generate("Canyon District", "cv25519", NOW, None))
    with ThreadPoolExecutor(1) as pool:
        with writing(alone.engine) as mine:
            directory.add_party(mine, Party(LeaId("01"), "Canyon District", PartyKind.DISTRICT), 0.0)
            directory.put_certificate(mine, LeaId("01"), keyring.inspect(first, NOW), first.decode(), 0.0)
            second = pool.submit(lambda: CliRunner().invoke(build(words), words))
            _until_somebody_waits(alone.engine, second)
        ended = second.result(60)
    assert "is a name of 01" in said_of(ended.exception)


def _until_somebody_waits(engine: Engine, who: "Future[Result]") -> None:
    """For a row that another transaction has."""
    with reading(engine) as connection:
        while not connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar():
            assert not who.done()
            time.sleep(0.01)
