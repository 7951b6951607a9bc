"""A connection to an SFTP server that is rebuilt when it breaks: the LEA's own (`satchel send`, `satchel fetch`), and
the exchange's to a district's server.

Owns login and reconnecting. Promises: an unknown host key is never accepted; a broken connection is retried a bounded
number of times, with growing pauses, and the count restarts when bytes have moved; where nothing listens, or nothing
answers the first time, that is reported at once. `ClientError` is one sentence that says what to do; `Deferred` means
that the connection did not last. The transfers are in `transfer`.
"""

import errno
import hmac
import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import paramiko

from broker.core.errors import BrokerError, Deferred
from broker.edge.sftp.hostkey import fingerprint

RETRIES = 6
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
ANSWER_SECONDS = 60.0
CONNECT_SECONDS = 8.0  # an address behind a firewall never answers; a server answers at once
LOGIN_SECONDS = 20.0
FIRST_RETRIES = 2  # for a server that hung up before a login; one that does not answer is reported at once

_WEAK = {
    "ciphers": ["aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"],
    "macs": ["hmac-sha1", "hmac-md5", "hmac-sha1-96", "hmac-md5-96"],
}
_WIRE_LOG = "satchel.sftp.client"
_LOCAL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EMFILE}
_T = TypeVar("_T")


class ClientError(BrokerError):
    """Trying again does not help; the message is one sentence for the person at the keyboard."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where to log in, as which user, and how to recognise the server: `known_hosts` or `host_key` ("SHA256:…")."""

    host: str
    port: int
    user: str
    identity: Path
    known_hosts: Path | None = None
    host_key: str = ""
    passphrase: str | None = field(default=None, repr=False)


class _Pinned(paramiko.MissingHostKeyPolicy):
    """Accepts only the one fingerprint that was given."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        """Called for every key that known_hosts does not have. Raises ClientError."""
        del client
        shown = fingerprint(key.asbytes())
        if self._wanted and hmac.compare_digest(shown, self._wanted):
            return
        known = "not the one you named" if self._wanted else "not in your known hosts"
        raise ClientError(
            f"The server {hostname} shows the key {shown}, which is {known}; ask the exchange's operator which key is"
            " theirs, and only then give it with --host-key."
        )


def _identity(account: Account) -> paramiko.PKey:
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key_file(str(account.identity), account.passphrase)
        except paramiko.PasswordRequiredException:
            raise ClientError(
                f"The SSH key {account.identity} has a passphrase; give it with --passphrase-file."
            ) from None
        except OSError as error:
            raise ClientError(f"The SSH key {account.identity} cannot be read: {error.strerror}.") from None
        except (ValueError, paramiko.SSHException):
            continue
    raise ClientError(
        f"{account.identity} is no private SSH key (the file without .pub), or its passphrase is another one; check"
        " --identity."
    )


def _trusting(account: Account) -> paramiko.SSHClient:
    if not account.known_hosts and not account.host_key:
        raise ClientError("Say by which key the server is known: give --host-key SHA256:… or --known-hosts FILE.")
    client = paramiko.SSHClient()
    # The client's log repeats what the server sends, with tracebacks.
    client.set_log_channel(_WIRE_LOG)
    quiet = logging.getLogger(_WIRE_LOG)
    quiet.propagate = False
    if not quiet.handlers:
        quiet.addHandler(logging.NullHandler())
    client.set_missing_host_key_policy(_Pinned(account.host_key))
    if account.known_hosts:
        try:
            client.load_host_keys(account.known_hosts)
        except (OSError, UnicodeDecodeError, paramiko.SSHException):
            raise ClientError(
                f"{account.known_hosts} cannot be read as a known hosts file; check --known-hosts."
            ) from None
    return client


def login(account: Account) -> paramiko.SSHClient:
    """Log in. Raises ClientError for a fault that will not pass; otherwise OSError, EOFError and SSHException."""
    key = _identity(account)
    client = _trusting(account)
    try:
        client.connect(
            account.host,
            account.port,
            account.user,
            pkey=key,
            allow_agent=False,
            look_for_keys=False,
            timeout=CONNECT_SECONDS,
            banner_timeout=LOGIN_SECONDS,
            auth_timeout=LOGIN_SECONDS,
            channel_timeout=LOGIN_SECONDS,
            disabled_algorithms=_WEAK,
        )
    except paramiko.BadHostKeyException as error:
        client.close()
        raise ClientError(
            f"The server {account.host} shows the key {fingerprint(error.key.asbytes())}, and your known hosts have"
            " another; someone may be in between: send nothing, and call the exchange's operator."
        ) from None
    except paramiko.AuthenticationException:
        client.close()
        raise ClientError(
            f"The server does not let {account.user} in with {account.identity}; check --user and --identity. If"
            f" both are right, ask the state whether it has {account.identity}.pub."
        ) from None
    except BaseException:
        client.close()
        raise
    return client


class Line:
    """A logged-in SFTP session that is rebuilt when it breaks. Use it as a context manager."""

    def __init__(
        self,
        account: Account,
        retries: int = RETRIES,
        pause: Callable[[float], None] = time.sleep,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`say` gets a sentence whenever the connection is to be rebuilt."""
        self._account = account
        self._retries = retries
        self._pause = pause
        self._say = say
        self._was_up = False
        self._ssh: paramiko.SSHClient | None = None
        self._sftp: paramiko.SFTPClient | None = None
        self._moved = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        if self._ssh is not None:
            self._ssh.close()
        self._ssh = self._sftp = None

    def moved(self) -> None:
        """Bytes have arrived: the connection is worth another try."""
        self._moved = True

    def _open(self) -> paramiko.SFTPClient:
        if self._sftp is None:
            self._ssh = login(self._account)
            self._sftp = self._ssh.open_sftp()
            self._was_up = True
            channel = self._sftp.get_channel()
            if channel is not None:
                channel.settimeout(ANSWER_SECONDS)
        return self._sftp

    def _is_up(self) -> bool:
        transport = self._ssh.get_transport() if self._ssh is not None else None
        channel = self._sftp.get_channel() if self._sftp is not None else None
        return transport is not None and transport.is_active() and channel is not None and not channel.closed

    def steadily(self, work: Callable[[paramiko.SFTPClient], _T]) -> _T:
        """Do `work`, and again after every break of the connection; `work` must be able to resume.

        Raises ClientError when the server refuses, Deferred when the connection does not last, OSError for local files.
        """
        failures = 0
        while True:
            self._moved = False
            try:
                return work(self._open())
            except (TimeoutError, paramiko.SSHException, EOFError, socket.gaierror) as error:
                why: Exception = error
            except OSError as error:
                if error.filename is not None or error.errno in _LOCAL:
                    raise
                if self._is_up():
                    raise ClientError(f"The server refuses: {_told(error)}") from None
                why = error
            self.close()
            failures = 1 if self._moved else failures + 1
            most = self._retries if self._was_up else _first_retries(why)
            if failures > most:
                raise Deferred(_gave_up(self._account, why, self._was_up))
            pause = min(FIRST_PAUSE_SECONDS * 2 ** (failures - 1), LONGEST_PAUSE_SECONDS)
            self._say(
                f"{_gave_up(self._account, why, self._was_up).partition(';')[0]}; trying again ({failures} of {most})."
            )
            self._pause(pause)


def _first_retries(why: Exception) -> int:
    """How often to retry a server that was never reached: not at all where nothing listens, or its name is unknown."""
    return 0 if isinstance(why, OSError) and not isinstance(why, ConnectionResetError) else FIRST_RETRIES


def _told(error: OSError) -> str:
    text = error.strerror or str(error)
    return "".join(letter for letter in text if letter.isprintable())[:200] or "it gives no reason."


def _gave_up(account: Account, why: Exception, was_up: bool) -> str:
    where = f"{account.host} port {account.port}"
    if isinstance(why, socket.gaierror):
        return f"The server {account.host} is not found; check its name, and that you are on the network."
    if isinstance(why, TimeoutError) and not was_up:
        return f"Nothing answers at {where}, not even with a refusal; check host, port and firewall."
    if isinstance(why, ConnectionError | paramiko.ssh_exception.NoValidConnectionsError):
        return f"Nothing answers at {where}; check host and port, or try again later."
    return f"The connection to {where} breaks off ({type(why).__name__}); try again later."
