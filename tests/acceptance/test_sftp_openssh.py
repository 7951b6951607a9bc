"""The same folders served by OpenSSH (chroot, internal-sftp) with the configuration that Satchel writes."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.core.model import LeaId
from broker.edge.home.folders import Home
from broker.edge.sftp.client.line import Account, Line
from broker.edge.sftp.client.transfer import fetch, send
from broker.edge.sftp.hostkey import ensure_host_key
from broker.edge.sftp.server.transport import CURVE25519
from broker.edge.sftp.sshd_config import SystemUser, authorized_keys, generate
from tests.support.ssh import PACKET, make_key, names, wait_until
from tests.support.sshaudit import NOT_POST_QUANTUM, audit
from tests.support.tools import require_root, require_tool


class Served:
    """A home with LEAs 01 and 6G under a running sshd; every LEA has a throwaway account."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.home = Home(base / "home")
        self.users = [SystemUser(lea, f"slt{os.getpid()}{lea.lower()}") for lea in ("01", "6G")]
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])

    def folder(self, name: str, lea: str = "01") -> Path:
        return self.home.folder(LeaId(lea), name)

    def prepare(self) -> None:
        self.base.chmod(0o755)
        self.home.create()
        (self.base / "keys").mkdir(mode=0o755)
        for one in self.users:
            gid = int(_run("id", "-g", one.user))
            self.home.create_lea(LeaId(one.lea), gid)
            line = make_key(self.base / one.lea)
            (self.base / "keys" / one.lea).write_text(authorized_keys([line]))
        line = ensure_host_key(self.home.keys / "ssh_host_ed25519").line
        (self.base / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {line}\n")
        text = generate(self.home.root, self.users, self.base / "keys", self.port, "127.0.0.1")
        (self.base / "sshd_config").write_text(text)

    def sftp(self, commands: str, lea: str = "01", key: str = "") -> "subprocess.CompletedProcess[str]":
        user = next(one.user for one in self.users if one.lea == lea)
        settings = (
            f"UserKnownHostsFile={self.base}/known_hosts",
            f"IdentityFile={self.base}/{key or lea}",
            "GlobalKnownHostsFile=/dev/null",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "StrictHostKeyChecking=yes",
            "BatchMode=yes",
        )
        words = ["sftp", "-F", "/dev/null", *[word for one in settings for word in ("-o", one)], "-P", str(self.port)]
        words += ["-b", "-", f"{user}@127.0.0.1"]
        return subprocess.run(words, input=commands, capture_output=True, text=True, timeout=60, check=False)


def _run(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout


@contextlib.contextmanager
def accounts(users: list[SystemUser]) -> Iterator[None]:
    made = []
    try:
        for one in users:
            options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/"]
            _run(require_tool("useradd"), *options, "--shell", "/usr/sbin/nologin", "--password", "*", one.user)
            made.append(one.user)
        yield
    finally:
        for user in made:
            subprocess.run([require_tool("userdel"), user], capture_output=True, check=False, timeout=60)


@contextlib.contextmanager
def sshd(served: Served) -> Iterator[None]:
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    words = [require_tool("sshd"), "-D", "-e", "-f", str(served.base / "sshd_config")]
    _run(words[0], "-t", "-f", words[-1])
    program = subprocess.Popen(words, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: _answers(served.port))
        yield
    finally:
        program.terminate()
        program.communicate(timeout=10)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    require_tool("sshd")
    require_tool("sftp")
    require_root("to change the root of a session, and to make accounts")
    # A chroot must lie in folders that only root can write; /tmp is none.
    base = Path(tempfile.mkdtemp(prefix="satchel-test-", dir="/var/lib"))
    one = Served(base)
    try:
        with accounts(one.users):
            one.prepare()
            with sshd(one):
                yield one
    finally:
        shutil.rmtree(base)


@pytest.fixture
def document(served: Served, tmp_path: Path) -> Path:
    for folder in ("outbox", "inbox"):
        for name in names(served.folder(folder)):
            (served.folder(folder) / name).unlink()
    packet = served.folder("inbox") / PACKET
    packet.write_bytes(b"sealed" * 1000)
    packet.chmod(0o640)
    path = tmp_path / "record.pgp"
    path.write_bytes(os.urandom(300_000))
    return path


@pytest.mark.parametrize("strict", [False, True])
def test_ssh_audit_finds_no_more_fault_than_in_the_built_in_server(served: Served, strict: bool) -> None:
    text = generate(
        served.home.root, served.users, served.base / "keys", served.port, "127.0.0.1", post_quantum_only=strict
    )
    (served.base / "sshd_config_audited").write_text(text.replace(f"Port {served.port}", f"Port {served.port + 1}"))
    words = [require_tool("sshd"), "-D", "-e", "-f", str(served.base / "sshd_config_audited")]
    program = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: _answers(served.port + 1))
        said = audit(served.port + 1)
    finally:
        program.terminate()
        program.wait(10)
    wanted = [] if strict else [("warn", name, NOT_POST_QUANTUM) for name in CURVE25519]
    assert sorted(said.faults) == wanted
    # how often one address may come in a second is no setting of OpenSSH before 9.8
    assert [note for note in said.notes if "throttling" not in note] == []


def test_the_work_of_a_day(served: Served, document: Path, tmp_path: Path) -> None:
    (served.folder("outbox") / "broken.pgp").write_bytes(document.read_bytes()[:100_000])
    shutil.chown(served.folder("outbox") / "broken.pgp", served.users[0].user)
    ended = served.sftp(
        f"pwd\nls\nput {document} outbox/a.part\nrename outbox/a.part outbox/a.pgp\nput -p {document} outbox/b.pgp\n"
        f"reput {document} outbox/broken.pgp\nls -l outbox\nget inbox/{PACKET} {tmp_path}/got\nrm inbox/{PACKET}\n"
    )
    assert ended.returncode == 0, ended.stderr
    assert "Remote working directory: /\n" in ended.stdout
    assert names(served.folder("outbox")) == ["a.pgp", "b.pgp", "broken.pgp"]
    for path in served.folder("outbox").iterdir():
        assert path.read_bytes() == document.read_bytes()
        assert path.stat().st_gid == served.folder("outbox").stat().st_gid
    assert (tmp_path / "got").read_bytes() == b"sealed" * 1000
    assert names(served.folder("inbox")) == []


@pytest.mark.parametrize(
    "command",
    [
        "get ../../../../etc/passwd {tmp}/stolen",
        "ls ../6G",
        "ls /leas",
        "symlink /etc/passwd outbox/link",
        "ln -s ../inbox outbox/link",
        "ln inbox/{packet} outbox/link",
        "mkdir outbox/folder",
        "mkdir folder",
        "put {document} new",
        "put {document} inbox/{packet}",
        "put {document} receipts/new",
        "put {document} directory/new",
        "rename inbox/{packet} directory/{packet}",
        "chmod 777 inbox/{packet}",
        "chmod 777 inbox",
    ],
)
def test_what_is_refused(served: Served, document: Path, tmp_path: Path, command: str) -> None:
    text = command.format(document=document, tmp=tmp_path, packet=PACKET)
    assert served.sftp(text + "\n").returncode != 0
    assert not (tmp_path / "stolen").exists()
    assert (served.folder("inbox") / PACKET).read_bytes() == b"sealed" * 1000
    assert names(served.folder("outbox")) == names(served.folder("directory")) == names(served.folder("receipts")) == []


def test_another_lea_sees_nothing_of_it(served: Served, document: Path) -> None:
    assert document.exists()
    listing = served.sftp("ls inbox\n", "6G")
    assert listing.returncode == 0
    assert PACKET not in listing.stdout
    refused = served.sftp("ls\n", "6G", key="01")
    assert "Permission denied (publickey)" in refused.stderr


def test_nothing_but_sftp(served: Served) -> None:
    options = ["-F", "/dev/null", "-o", f"UserKnownHostsFile={served.base}/known_hosts", "-o", "BatchMode=yes"]
    options += ["-i", str(served.base / "01"), "-o", "IdentitiesOnly=yes", "-p", str(served.port)]
    where = f"{served.users[0].user}@127.0.0.1"
    shell = subprocess.run(["ssh", *options, where, "id"], input="", capture_output=True, text=True, timeout=30)
    assert "uid=" not in shell.stdout
    forward = ["ssh", *options, "-o", "ExitOnForwardFailure=yes", "-N", "-R", "0:127.0.0.1:1", where]
    assert subprocess.run(forward, capture_output=True, timeout=30, check=False).returncode != 0


def test_satchels_own_client(served: Served, document: Path, tmp_path: Path) -> None:
    known = served.base / "known_hosts"
    one = Account("127.0.0.1", served.port, served.users[0].user, served.base / "01", known_hosts=known)
    (served.folder("outbox") / "record.pgp.part").write_bytes(document.read_bytes()[:100_000])
    shutil.chown(served.folder("outbox") / "record.pgp.part", served.users[0].user)
    with Line(one) as line:
        assert [outcome.error for outcome in send(line, [document, document])] == ["", ""]
        assert [outcome.error for outcome in fetch(line, tmp_path / "in", remove=True)] == [""]
    assert names(served.folder("outbox")) == ["record-2.pgp", "record.pgp"]
    assert (served.folder("outbox") / "record.pgp").read_bytes() == document.read_bytes()
    assert (tmp_path / "in" / "inbox" / PACKET).read_bytes() == b"sealed" * 1000
    assert names(served.folder("inbox")) == []
