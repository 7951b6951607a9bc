"""Each part of the exchange holds the secrets that it needs, and no others; and nobody of its user can look for them.

The part that faces the net has no key: what it writes down as collected is signed by another part.
"""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import paramiko
import psutil
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_ssh_private_key

from broker.edge.pgp import keyring, openpgp
from broker.edge.settings import passwords
from broker.held import HELD, Secret, held_by
from tests.support import exchange as support
from tests.support import memory
from tests.support.desk import Desk, child, join
from tests.support.exchange import Exchange, wait_until
from tests.support.ssh import make_key
from tests.support.tools import missing

ANA = child("Ana", "Reyes", "2012-03-04")
PASSWORD = "Vq7-password-of-the-ledger"
# who may look into any process whatever it says of itself gives that right up first, and so do all that it starts
_LIKE_OTHERS = "import ctypes, os, sys; ctypes.CDLL(None).prctl(24, 19, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"
UNPRIVILEGED = [sys.executable, "-c", _LIKE_OTHERS]  # PR_CAPBSET_DROP, CAP_SYS_PTRACE
_LOOK = "import sys; open(f'/proc/{sys.argv[1]}/mem', 'rb').close()"


@dataclass
class Here:
    """An exchange that runs, and one LEA that comes by SFTP."""

    exchange: Exchange
    lea: Desk
    ssh_key: Path

    def pids(self, kind: str) -> list[int]:
        """Of the parts of a kind; `reader` are those who read packets, `supervisor` who has started them all."""
        assert self.exchange.process is not None
        if kind == "supervisor":
            return [self.exchange.process.pid]
        if kind == "reader":
            began = [psutil.Process(pid) for pid in self.exchange.readers().values()]
            return [one.pid for one in began if "broker.processes.reader" in one.cmdline()]
        return [pid for name, pid in self.exchange.parts().items() if name.startswith(f"{kind}-")]

    @contextlib.contextmanager
    def sftp(self) -> Iterator[paramiko.SFTPClient]:
        port = int((self.exchange.home / "run" / "sftp.port").read_text())
        with contextlib.closing(paramiko.Transport(("127.0.0.1", port))) as transport:
            transport.connect(username="01", pkey=paramiko.Ed25519Key.from_private_key_file(str(self.ssh_key)))
            client = paramiko.SFTPClient.from_transport(transport)
            assert client is not None
            yield client


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    root = tmp_path_factory.mktemp("hold")
    with ExitStack() as stack:
        exchange = Exchange(root / "home", processes=1)
        stack.callback(exchange.close)
        lea = join(stack, exchange, "01", "cv25519")
        make_key(root / "ssh")
        exchange.add("01", lea.gpg.export(lea.fingerprint), ssh_key=root / "ssh.pub")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(passwords.LEDGER, PASSWORD)  # SQLite asks for none; nobody else must get it either
            patch.setattr(support, "SATCHEL", [*UNPRIVILEGED, *support.SATCHEL])
            exchange.up(is_from_nothing=True)
        yield Here(exchange, lea, root / "ssh")


def keys_of(home: Path) -> dict[Secret, dict[str, bytes]]:
    """How each secret of this home looks in memory."""
    keys = home / "keys"
    armored = (keys / Secret.KEY).read_bytes()
    key = openpgp.load_secret(armored)
    host = load_ssh_private_key((keys / Secret.HOST_KEY).read_bytes(), None)
    return {
        Secret.KEY: memory.needles_of(key) | {"file": armored.splitlines()[-4]},
        Secret.DIGEST: {"raw": (keys / Secret.DIGEST).read_bytes()},
        Secret.HOST_KEY: {"raw": host.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())},
        Secret.LEDGER: {"environment": PASSWORD.encode()},
    }


def in_memory(pid: int, needles: dict[str, bytes]) -> set[str]:
    try:
        return memory.found_in(pid, needles)
    except memory.Unreadable:
        missing("the kernel lets nobody look into another process's memory here")
        return set()


def test_what_is_collected_by_sftp_is_signed_by_a_part_that_has_the_key(here: Here, tmp_path: Path) -> None:
    here.lea.enroll(ANA)
    (answer,) = [path.name for path in here.exchange.inbox("01") if ".ssid." in path.name]
    with here.sftp() as client:
        client.get(f"/inbox/{answer}", str(tmp_path / answer))
    receipts = here.exchange.folder("01", "receipts")
    tracking = answer.partition(".")[0]
    path = wait_until(lambda: next(receipts.glob(f"{tracking}.*.collected.json.asc"), None), "the receipt of COLLECTED")
    assert here.lea.gpg.verify(path.read_bytes())
    assert support.said_by(path)["how"] == "sftp-read"


@pytest.mark.parametrize("kind", ["sftp", "watcher", "sweeper", "worker", "reader", "supervisor", "redis"])
def test_a_part_has_in_its_memory_what_the_table_says_and_nothing_else(here: Here, kind: str) -> None:
    """The table is right both ways, so that a search that finds nothing would be seen."""
    held = {Secret.LEDGER, Secret.DIGEST} if kind == "supervisor" else HELD[kind]  # it proves whose the ledger is
    for pid in here.pids(kind) or pytest.fail(f"no {kind} runs"):
        for secret, needles in keys_of(here.exchange.home).items():
            found = in_memory(pid, needles)
            if secret in held and not (secret is Secret.DIGEST and kind in ("worker", "supervisor")):  # read once
                assert found, (kind, secret)
            elif secret not in held:
                assert not found, (kind, secret, found)


@pytest.mark.parametrize("kind", ["sftp", "watcher"])
def test_a_part_without_the_key_has_no_key_file_open_or_mapped(here: Here, kind: str) -> None:
    keys = str(here.exchange.home / "keys")
    for pid in here.pids(kind):
        links = [str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()]
        assert links
        assert [one for one in links if one.startswith(keys)] == []
        assert keys not in Path(f"/proc/{pid}/maps").read_text()


def can_look(pid: int) -> bool:
    """Whether a program of the same user, without rights of its own, can read that memory."""
    words = [*UNPRIVILEGED, sys.executable, "-c", _LOOK, str(pid)]
    return subprocess.run(words, capture_output=True, timeout=60, check=False).returncode == 0


@pytest.mark.parametrize("kind", ["supervisor", "sftp", "watcher", "sweeper", "worker", "reader"])
def test_nobody_of_the_same_user_looks_into_a_part(here: Here, kind: str) -> None:
    (plain,) = here.pids("redis")  # holds tracking ids, and says nothing of who may look
    if not can_look(plain):
        missing("the kernel lets nobody look into another process's memory here")
    pids = here.pids(kind)
    assert pids
    assert [pid for pid in pids if can_look(pid)] == []


def damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def of_another(path: Path) -> None:
    path.write_bytes(keyring.public(keyring.generate("Exchange <x@example.org>", "cv25519", datetime.now(UTC), None)))


@pytest.mark.parametrize(
    ("name", "how", "sentence"),
    [
        ("keys/exchange.key", damaged, "is no usable secret key"),
        ("keys/exchange.key", Path.unlink, "cannot be read"),
        ("keys/digest.key", Path.unlink, "cannot be read"),
        ("exchange.asc", Path.unlink, "is not the exchange's public key"),
        ("exchange.asc", damaged, "is not the exchange's public key"),
        ("exchange.asc", of_another, "is not the public part of"),
    ],
)
def test_what_is_wrong_with_the_keys_is_said_once_before_anything_starts(
    tmp_path: Path, name: str, how: Callable[[Path], object], sentence: str
) -> None:
    made = Exchange(tmp_path / "home")
    how(made.home / name)
    ended = support.satchel("up", *made.at, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert sentence in ended.stderr


_HELD_BACK = """
import atexit, ctypes, resource, sys
atexit.register(lambda: print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), *resource.getrlimit(resource.RLIMIT_CORE)))
from broker.cli.main import main
main()
"""


@pytest.mark.parametrize("words", [["codes"], ["seal", "x"], ["status", "--home", "/nonexistent"], ["--help"]])
def test_nobody_looks_into_a_command_either(words: list[str]) -> None:
    """PR_GET_DUMPABLE, as the command ends."""
    ended = subprocess.run([sys.executable, "-c", _HELD_BACK, *words], capture_output=True, text=True, timeout=120)
    assert ended.stdout.splitlines()[-1] == "0 0 0", ended.stderr


_BUILD = """
import os, sys
home, part, log = sys.argv[1], sys.argv[2], os.open(sys.argv[3], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def note(event, args):
    if event == "open" and isinstance(args[0], str) and args[0].startswith(home + "/keys/"):
        os.write(log, os.path.basename(args[0]).encode() + b"\\n")
sys.addaudithook(note)
from pathlib import Path
from broker import wiring
from broker.edge.settings import file
from broker.processes import reader
reader.desk(file.load(Path(home))) if part == "reader" else wiring.build(Path(home), part)
"""


@pytest.mark.parametrize("part", ["sftp", "watcher", "sweeper", "worker", "reader"])
def test_a_part_reads_no_key_that_it_does_not_hold(here: Here, tmp_path: Path, part: str) -> None:
    words = [sys.executable, "-c", _BUILD, str(here.exchange.home), part, str(tmp_path / "opened")]
    subprocess.run(words, check=True, timeout=120)
    opened = set((tmp_path / "opened").read_text().split()) if (tmp_path / "opened").exists() else set()
    host_key = {Secret.HOST_KEY} if part == "sftp" else set()  # which the server itself reads
    assert opened | host_key == {one for one in HELD[part] if one not in (Secret.LEDGER, Secret.REDIS)}


@pytest.mark.parametrize("part", HELD)
def test_a_part_is_given_no_password_that_it_does_not_need(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (passwords.LEDGER, passwords.REDIS, "PGPASSWORD"):
        monkeypatch.setenv(name, "secret")
    given = passwords.environment(held_by(part))
    assert (passwords.LEDGER in given, passwords.REDIS in given) == (
        Secret.LEDGER in HELD[part],
        Secret.REDIS in HELD[part],
    )
    assert ("PGPASSWORD" in given) == (Secret.LEDGER in HELD[part])
