"""The built-in SFTP server as ssh-audit sees it, and the programs that must still find an algorithm in common."""

import contextlib

import paramiko
import pytest

from broker.edge.settings.values import SettingsError, Sftp
from broker.edge.sftp.server.server import SftpServer
from broker.edge.sftp.server.transport import CIPHERS, CURVE25519, HOST_KEYS, MACS, POST_QUANTUM
from tests.support.ssh import House, Running, raw, running
from tests.support.sshaudit import NOT_POST_QUANTUM, audit
from tests.support.tools import require_tool

pytest_plugins = ("tests.support.ssh_fixtures",)


def test_no_fail_and_no_warning_but_of_what_older_programs_need(served: Running) -> None:
    said = audit(served.port)
    assert sorted(said.faults) == [("warn", name, NOT_POST_QUANTUM) for name in CURVE25519]
    assert said.notes == []


def test_no_fail_and_no_warning_without_them(house: House) -> None:
    with running(house, Sftp(port=0, post_quantum_only=True)) as served:
        said = audit(served.port)
        assert (said.faults, said.notes, said.code) == ([], [], 0)


def test_who_is_audited_can_still_log_in(house: House) -> None:
    """The audit's connections count as anybody's, and keep nobody out."""
    with running(house, Sftp(port=0, post_quantum_only=True)) as served:
        audit(served.port)
        with served.client() as client:
            assert client.listdir("/outbox") == []


# What programs offer that LEAs have: of each kind the names that it has in common with this server must not run out.
# From the programs' own documents: OpenSSH 7.4 (2016), PuTTY 0.68 (2017) and WinSCP 5.10 beside it, Go's x/crypto/ssh
# of rclone 1.60 (2022), libssh 0.8 (2018), AsyncSSH 1.x, Apache MINA SSHD 2.
PROGRAMS = {
    "OpenSSH 7.4": ({"curve25519-sha256"}, {"aes256-gcm@openssh.com"}, {"hmac-sha2-256-etm@openssh.com"}),
    "PuTTY 0.68": ({"curve25519-sha256@libssh.org"}, {"aes256-ctr"}, {"hmac-sha2-256-etm@openssh.com"}),
    "rclone 1.60": ({"curve25519-sha256"}, {"aes128-gcm@openssh.com"}, {"hmac-sha2-256-etm@openssh.com"}),
    "libssh 0.8": ({"curve25519-sha256@libssh.org"}, {"aes256-ctr"}, {"hmac-sha2-512-etm@openssh.com"}),
    "MINA 2": ({"curve25519-sha256"}, {"aes256-gcm@openssh.com"}, {"hmac-sha2-512-etm@openssh.com"}),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_of_the_last_ten_years_have_something_in_common(program: str) -> None:
    kex, ciphers, macs = PROGRAMS[program]
    assert kex & set(CURVE25519)
    assert ciphers & set(CIPHERS)
    assert macs & set(MACS)
    assert HOST_KEYS == ("ssh-ed25519",)


@pytest.mark.parametrize("kex", [*POST_QUANTUM, *CURVE25519[1:]])
@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("mac", MACS)
def test_every_algorithm_works_with_a_library_client(served: Running, kex: str, cipher: str, mac: str) -> None:
    with contextlib.closing(paramiko.Transport(("127.0.0.1", served.port))) as transport:
        options = transport.get_security_options()
        options.kex, options.ciphers, options.digests = (kex,), (cipher,), (mac,)
        key = paramiko.Ed25519Key.from_private_key_file(str(served.house.key("01")))
        transport.connect(username="01", pkey=key)
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        assert client.listdir("/outbox") == []


@pytest.mark.parametrize("kex", CURVE25519)
def test_both_names_of_the_exchange_work_with_openssh(served: Running, kex: str) -> None:
    require_tool("sftp")
    assert served.sftp("ls\n", "01", "-o", f"KexAlgorithms={kex}").returncode == 0


def test_an_openssl_without_it_is_told_of(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    known = dict(raw(paramiko.Transport)._kex_info)
    for name in POST_QUANTUM:
        known.pop(name)
    monkeypatch.setattr(paramiko.Transport, "_kex_info", known)
    with pytest.raises(SettingsError, match="post_quantum_only"):
        SftpServer(Sftp(port=0, post_quantum_only=True), house.home / "keys" / "sftp_host", house).serve()
    with running(house) as served, served.client() as client:
        assert client.listdir("/outbox") == []
