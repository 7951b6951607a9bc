"""Who comes in to the built-in SFTP server, with which keys and algorithms, and that nothing but SFTP is there."""

import contextlib
import logging
import stat
import subprocess
from pathlib import Path

import paramiko
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from broker.edge.settings.values import SettingsError, Sftp
from broker.edge.sftp import hostkey
from broker.edge.sftp.server.server import ensure_host_key
from tests.support.ssh import (
    House,
    Running,
    make_rsa,
    raw,
    running,
    wait_until,
)
from tests.support.tools import require_tool

pytest_plugins = ("tests.support.ssh_fixtures",)
Client = paramiko.SFTPClient


def login(served: Running, lea: str, key: paramiko.PKey) -> None:
    with contextlib.closing(paramiko.Transport(("127.0.0.1", served.port))) as transport:
        transport.connect(username=lea, pkey=key)


def test_the_key_of_the_lea_and_no_other(house: House, served: Running) -> None:
    login(served, "01", paramiko.Ed25519Key.from_private_key_file(str(house.key("01"))))
    for lea in ("6G", "99", "", "x" * 1000, "../01"):
        with pytest.raises(paramiko.AuthenticationException):
            login(served, lea, paramiko.Ed25519Key.from_private_key_file(str(house.key("01"))))


def test_strong_keys_of_every_kind(house: House, served: Running) -> None:
    rsa_key = make_rsa(2048)
    weak = make_rsa(1024)
    curves = {bits: paramiko.ECDSAKey.generate(bits=bits) for bits in (256, 384, 521)}
    good = [rsa_key, curves[256], curves[384]]
    house.lines["01"] = [f"{key.get_name()} {key.get_base64()} comment" for key in (*good, weak, curves[521])]
    for key in good:
        login(served, "01", key)
    for key in (weak, curves[521]):
        with pytest.raises(paramiko.SSHException):
            login(served, "01", key)


class Sha1(paramiko.RSAKey):
    """A key that signs the way OpenSSH gave up in version 8.8."""

    def sign_ssh_data(self, data: bytes, algorithm: str | None = None) -> paramiko.Message:
        del algorithm
        signed = paramiko.Message()
        signed.add_string("ssh-rsa")
        signed.add_string(raw(self).key.sign(data, padding.PKCS1v15(), hashes.SHA1()))  # noqa: S303
        return signed


def test_no_sha1_signature(house: House, served: Running) -> None:
    key = make_rsa(2048)
    house.lines["01"] = [f"ssh-rsa {key.get_base64()}"]
    login(served, "01", key)
    with pytest.raises(paramiko.AuthenticationException):
        login(served, "01", Sha1(key=key.key))


@pytest.mark.parametrize(
    "option",
    [
        "Ciphers=aes128-cbc",
        "Ciphers=3des-cbc",
        "MACs=hmac-sha1",
        "MACs=hmac-sha2-256",
        "MACs=hmac-sha2-512",
        "KexAlgorithms=diffie-hellman-group14-sha1",
        "KexAlgorithms=diffie-hellman-group14-sha256",
        "KexAlgorithms=diffie-hellman-group16-sha512",
        "KexAlgorithms=ecdh-sha2-nistp256",
        "KexAlgorithms=ecdh-sha2-nistp384",
        "KexAlgorithms=ecdh-sha2-nistp521",
        "HostKeyAlgorithms=ssh-rsa",
    ],
)
def test_no_old_algorithm(served: Running, option: str, caplog: pytest.LogCaptureFixture) -> None:
    require_tool("sftp")
    caplog.set_level(logging.INFO)
    more = ["-o", "Ciphers=aes128-ctr"] if option.startswith("MACs") else []
    assert served.sftp("ls\n", "01", "-o", option, *more).returncode != 0
    wait_until(lambda: "verb=no-login why=IncompatiblePeer" in caplog.text)


@pytest.mark.parametrize(
    "option",
    ["Ciphers=aes256-gcm@openssh.com", "Ciphers=aes256-ctr", "KexAlgorithms=curve25519-sha256"],
)
def test_modern_algorithms(served: Running, option: str) -> None:
    require_tool("sftp")
    assert served.sftp("ls\n", "01", "-o", option).returncode == 0


def test_neither_password_nor_nothing(served: Running) -> None:
    with contextlib.closing(paramiko.Transport(("127.0.0.1", served.port))) as transport:
        transport.start_client()
        with pytest.raises(paramiko.BadAuthenticationType) as refused:
            transport.auth_none("01")
        assert refused.value.allowed_types == ["publickey"]
        with pytest.raises(paramiko.BadAuthenticationType):
            transport.auth_password("01", "secret")
        with pytest.raises(paramiko.BadAuthenticationType):
            transport.auth_interactive("01", lambda *_: [])


def test_so_many_keys_and_no_more(house: House) -> None:
    with (
        running(house, Sftp(port=0, login_attempts=3)) as served,
        contextlib.closing(paramiko.Transport(("127.0.0.1", served.port))) as transport,
    ):
        transport.start_client()
        for _ in range(3):
            with pytest.raises(paramiko.AuthenticationException):
                transport.auth_publickey("01", paramiko.ECDSAKey(vals=_ecdsa()))
        with pytest.raises((paramiko.SSHException, EOFError)):
            transport.auth_publickey("01", paramiko.Ed25519Key.from_private_key_file(str(house.key("01"))))
        wait_until(lambda: not transport.is_active())


def _ecdsa() -> tuple[ec.EllipticCurvePrivateKey, ec.EllipticCurvePublicKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    return key, key.public_key()


def test_nothing_but_sftp(served: Running) -> None:
    with contextlib.closing(served.transport()) as transport:
        for ask in ("exec_command", "invoke_subsystem"):
            with contextlib.closing(transport.open_session()) as channel, pytest.raises(paramiko.SSHException):
                getattr(channel, ask)("id")
        with contextlib.closing(transport.open_session()) as channel:
            channel.set_environment_variable("LD_PRELOAD", "x")
        with contextlib.closing(transport.open_session()) as channel, pytest.raises(paramiko.SSHException):
            channel.invoke_shell()
        with pytest.raises(paramiko.ChannelException):
            transport.open_channel("direct-tcpip", ("127.0.0.1", served.port), ("127.0.0.1", 1))
        with pytest.raises(paramiko.SSHException):
            transport.request_port_forward("127.0.0.1", 0)
        assert Client.from_transport(transport) is not None


def test_the_host_key_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "host"
    known = ensure_host_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ensure_host_key(path) == known
    assert list(path.parent.iterdir()) == [path]
    require_tool("ssh-keygen")
    told = subprocess.run(["ssh-keygen", "-lf", path], capture_output=True, text=True, check=True).stdout
    assert known.fingerprint in told
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        ensure_host_key(path)
    path.write_text("x")
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="no OpenSSH private key"):
        ensure_host_key(path)


def test_lines_of_keys_are_checked(tmp_path: Path) -> None:
    line = hostkey.public_line(hostkey.generate())
    assert hostkey.check_line(f" {line} me@example \n") == line
    weak = make_rsa(1024)
    for wrong in ("", "ssh-ed25519", line + "x", f"ssh-rsa {weak.get_base64()}", f'command="x" {line}', str(tmp_path)):
        with pytest.raises(ValueError, match=r"\.$"):
            hostkey.check_line(wrong)
