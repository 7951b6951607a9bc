"""The SSH transport of the SFTP server: paramiko, restricted to what an LEA needs and bounded where paramiko is not.

Owns the list of algorithms and who may log in. Promises: ssh-audit finds no fault in any algorithm, except one key
exchange that every program of the last ten years knows (a setting leaves it out); only public keys of sufficient
strength, compared in constant time and with the same work for an LEA that does not exist; no shell, command, forwarding
or environment; the only subsystem is sftp. A peer cannot make paramiko buffer more than a packet before the login or a
window after it, nor loop over a count that it sent: messages that could do this are refused here.
"""

import base64
import binascii
import hashlib
import hmac
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Protocol

import paramiko
from paramiko.auth_handler import AuthHandler
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_EXTENDED_DATA,
    MSG_EXT_INFO,
    MSG_KEXINIT,
    MSG_NEWKEYS,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_FAILED_RESOURCE_SHORTAGE,
    OPEN_SUCCEEDED,
)
from paramiko.kex_curve25519 import KexCurve25519
from paramiko.packet import Packetizer

# No NIST curve, because nobody can say where their constants come from; no Diffie-Hellman over numbers, whose
# arithmetic a stranger could cause again and again before any login (CVE-2002-20001); encrypt-then-MAC only.
POST_QUANTUM = ("mlkem768x25519-sha256",)
CURVE25519 = ("curve25519-sha256", "curve25519-sha256@libssh.org")  # RFC 8731, and its earlier name
CIPHERS = ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr")
MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com")
HOST_KEYS = ("ssh-ed25519",)
PUBLIC_KEYS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "rsa-sha2-512", "rsa-sha2-256")
RSA_BITS = 2048

WINDOW = 384 * 1024  # bytes of one channel that may wait in memory; 200 full windows fit into 200 MB
PACKET = 32 * 1024
WIRE_PACKET = 64 * 1024  # RFC 4253 section 6.1 asks for 35,000 at least
BANNER_LINE = 255  # RFC 4253 section 4.2
CHANNELS = 64  # opened during one connection
SESSIONS = 2  # at the same time
KEYS_COMPARED = 16
NAME_CHARS = 64

_Message = paramiko.Message
_NOBODY = "ssh-ed25519 " + base64.b64encode(bytes(51)).decode()  # as long as a key, but no key
_WIRE_LOG = "satchel.sftp.ssh"


def key_exchanges(*, post_quantum_only: bool) -> tuple[str, ...]:
    """The key exchanges that are offered, the best first."""
    known = vars(paramiko.Transport)["_kex_info"]  # with an older OpenSSL it lacks ML-KEM
    offered = tuple(name for name in POST_QUANTUM if name in known)
    return offered if post_quantum_only else offered + CURVE25519


class Packets(Packetizer):
    """Paramiko's packets with a bound on each; its own timers are off, because the server keeps the deadlines."""

    def start_handshake(self, timeout: float) -> None:
        """Start no timer thread for the connection."""

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:
        """Read `n` bytes. Raises SSHException for more than a packet may contain."""
        if n > WIRE_PACKET:
            raise paramiko.SSHException("packet too long")
        return super().read_all(n, check_rekey)

    def readline(self, timeout: float) -> str:
        """One line of the greeting."""
        del timeout
        line = bytearray()
        while not line.endswith(b"\n"):
            if len(line) >= BANNER_LINE:
                raise paramiko.SSHException("greeting too long")
            line += self.read_all(1)
        return line.rstrip(b"\r\n").decode("ascii")


class _PublicKeyOnly(AuthHandler):
    """Leaves out the message that makes paramiko read as many answers as the peer announces."""

    def _parse_userauth_info_response(self, m: _Message) -> None:
        del m
        raise paramiko.SSHException("not offered")


def _bounded(channel: paramiko.Channel, message: _Message) -> None:
    if len(channel.in_buffer) > WINDOW + WIRE_PACKET:
        raise paramiko.SSHException("window ignored")
    channel.in_buffer.feed(message.get_binary())


def _dropped(_channel: paramiko.Channel, _message: _Message) -> None:
    """A client sends nothing but its requests."""


class Transport(paramiko.Transport):
    """One connection, server side."""

    _kex_info = vars(paramiko.Transport)["_kex_info"] | dict.fromkeys(CURVE25519, KexCurve25519)
    _preferred_ciphers = CIPHERS
    _preferred_macs = MACS
    _preferred_keys = HOST_KEYS
    _preferred_pubkeys = PUBLIC_KEYS
    _channel_handler_table = vars(paramiko.Transport)["_channel_handler_table"] | {
        MSG_CHANNEL_DATA: _bounded,
        MSG_CHANNEL_EXTENDED_DATA: _dropped,
    }
    _handler_table: dict[int, Callable[[_Message], None]]

    def __init__(self, sock: socket.socket, host_key: paramiko.PKey, *, post_quantum_only: bool = False) -> None:
        super().__init__(sock, default_window_size=WINDOW, default_max_packet_size=PACKET, packetizer_class=Packets)
        self._preferred_kex = key_exchanges(post_quantum_only=post_quantum_only)
        # Its lines hold what strangers send, and tracebacks of their garbage.
        self.set_log_channel(_WIRE_LOG)
        logging.getLogger(_WIRE_LOG).disabled = True
        self.local_version = "SSH-2.0-Satchel"
        self.add_server_key(host_key)
        self._handler_table[MSG_EXT_INFO] = lambda _: None
        self._handler_table[MSG_KEXINIT] = self._once_before_login(self._handler_table[MSG_KEXINIT])
        self._handler_table[MSG_NEWKEYS] = self._then_public_keys(self._handler_table[MSG_NEWKEYS])

    def _once_before_login(self, handler: Callable[[_Message], None]) -> Callable[[_Message], None]:
        def handle(message: _Message) -> None:
            if self.initial_kex_done and not self.is_authenticated():
                raise paramiko.SSHException("another key exchange before the login")
            handler(message)

        return handle

    def _then_public_keys(self, handler: Callable[[_Message], None]) -> Callable[[_Message], None]:
        def handle(message: _Message) -> None:
            handler(message)
            if type(self.auth_handler) is AuthHandler:
                self.auth_handler = _PublicKeyOnly(self)

        return handle


class Desk(Protocol):
    """The server, as one connection's gate uses it."""

    def keys(self, lea: str) -> Sequence[str]:
        """The public key lines of an LEA; none when there is no such LEA."""

    def admit(self) -> bool:
        """Whether this connection may serve its LEA now; counts it there."""

    def begin(self, channel: paramiko.Channel) -> bool:
        """Start a session on a channel."""


def blob(line: str) -> bytes:
    """The key of an OpenSSH public key line (`type base64 comment`); empty when it is not a key."""
    fields = line.split()
    if len(fields) < 2:
        return b""
    try:
        return base64.b64decode(fields[1], validate=True)
    except binascii.Error:
        return b""


def is_known(offered: bytes, lines: Sequence[str]) -> bool:
    """Whether the offered key is one of the lines; the work is the same for any number of lines up to KEYS_COMPARED."""
    wanted = hashlib.sha256(offered).digest()
    found = False
    for line in [*lines, *[_NOBODY] * (KEYS_COMPARED - len(lines))]:
        found |= hmac.compare_digest(hashlib.sha256(blob(line)).digest(), wanted)
    return found


class Gate(paramiko.ServerInterface):
    """Who may log in and what a client may request. Everything not named here is paramiko's default: no."""

    def __init__(self, desk: Desk, attempts: int) -> None:
        self._desk = desk
        self._attempts = attempts
        self._channels = 0
        self._served: set[int] = set()

    def get_allowed_auths(self, username: str) -> str:
        """Public keys only, for everyone."""
        del username
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """Whether the key is one of this LEA's; paramiko then checks the signature."""
        self._attempts -= 1
        if self._attempts < 0:
            raise paramiko.SSHException("too many keys")
        strong = key.get_name() in PUBLIC_KEYS or (key.get_name() == "ssh-rsa" and key.get_bits() >= RSA_BITS)
        lines = self._desk.keys(username) if username.isprintable() and len(username) <= NAME_CHARS else ()
        return AUTH_SUCCESSFUL if is_known(key.asbytes(), lines) and strong else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        """Sessions only, and a limited number."""
        del chanid
        if kind != "session":
            return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        self._channels += 1
        if self._channels > CHANNELS or not self._desk.admit():
            return OPEN_FAILED_RESOURCE_SHORTAGE
        return OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        """Only sftp, once on a channel."""
        if name != "sftp" or channel.get_id() in self._served:
            return False
        self._served.add(channel.get_id())
        return self._desk.begin(channel)
