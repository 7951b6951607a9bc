"""The page that an LEA finds: its own server, port and user name, whatever the settings; written where it changes."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from broker import offline
from broker.cli.main import build
from broker.parties.pages import write_pages, write_readmes
from tests.support.ssh import make_key


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


def test_a_missing_folder_keeps_nobody_else_from_theirs(home: Path) -> None:
    (home / "leas" / "01").rename(home / "elsewhere")
    (home / "leas" / "6G" / "README.txt").unlink()
    shutil.rmtree(home / "leas" / "6G" / "directory")
    (home / "leas" / "6G" / "directory").mkdir()
    assert write_pages(offline.build(home)) == ["01"]
    assert "Summit" in page(home)
    assert sorted(path.name for path in (home / "leas" / "6G" / "directory").iterdir()) == [
        "01.asc",
        "6G.asc",
        "all.asc",
        "exchange.asc",
        "parties.json",
    ]
    (home / "elsewhere").rename(home / "leas" / "01")
    (home / "leas" / "6G" / "directory").rename(home / "leas" / "6G" / "away")
    assert write_pages(offline.build(home)) == ["6G"]
