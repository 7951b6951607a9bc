"""The same folders served by OpenSSH: the configuration for an sshd of its own (sshd_config(5), OpenSSH 9.1 or later).

Owns that text. Promises: every LEA is locked into its own folder (chroot) with SFTP and nothing else; public keys only;
the algorithms are those of the built-in server, as far as OpenSSH has them; a name or path that could add a line of its
own is refused. Pure: the operator makes accounts, ownership and key files, as the text's first lines say.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from broker.edge.home.folders import lea_id
from broker.edge.sftp.hostkey import check_line
from broker.edge.sftp.server.transport import CIPHERS, CURVE25519, MACS, PUBLIC_KEYS, RSA_BITS

# OpenSSH 9.2 has no ML-KEM, but it has another method that a quantum computer cannot break either; an unknown name
# would keep it from starting.
_POST_QUANTUM = ("sntrup761x25519-sha512@openssh.com",)
# sftp-server(8), -P: an LEA needs no folders and no links, and must not see the system's accounts.
_DENIED = ("mkdir", "rmdir", "symlink", "hardlink", "readlink", "copy-data", "lsetstat", "users-groups-by-id")

_GLOBAL = """\
AllowUsers {users}
PermitRootLogin no
AuthenticationMethods publickey
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
HostbasedAuthentication no
GSSAPIAuthentication no
UsePAM no
StrictModes yes
DisableForwarding yes
PermitTunnel no
PermitTTY no
PermitUserEnvironment no
PermitUserRC no
PrintMotd no
Compression no
UseDNS no
LoginGraceTime 20
MaxAuthTries 10
MaxSessions 2
MaxStartups 60:30:200
PerSourceMaxStartups 24
PerSourceNetBlockSize 32:64
ClientAliveInterval 60
ClientAliveCountMax 3
KexAlgorithms {kex}
Ciphers {ciphers}
MACs {macs}
HostKeyAlgorithms ssh-ed25519
PubkeyAcceptedAlgorithms {public_keys}
RequiredRSASize {rsa_bits}
Subsystem sftp internal-sftp
ForceCommand internal-sftp -d / -u 0007 -l ERROR -P {denied}
"""


@dataclass(frozen=True, slots=True)
class SystemUser:
    """The account of an LEA on the system. SFTP clients log in with `user`."""

    lea: str
    user: str


def system_user(lea: str) -> SystemUser:
    """The account that this text proposes for an LEA: system accounts may not begin with a digit."""
    return SystemUser(lea, f"lea-{lea.lower()}")


def authorized_keys(lines: Sequence[str]) -> str:
    """The content of an LEA's key file. Raises ValueError for an invalid key line."""
    return "".join(f"restrict {check_line(line)}\n" for line in lines)


def _path(path: Path) -> str:
    text = str(path)
    if not path.is_absolute() or not text.isprintable() or '"' in text or "\\" in text:
        raise ValueError(f"{path} cannot be written into an sshd_config; use an absolute path without quotes.")
    return '"' + text.replace("%", "%%") + '"'


def _checked(users: Iterable[SystemUser]) -> list[SystemUser]:
    known = sorted(users, key=lambda one: one.lea)
    for one in known:
        lea_id(one.lea)
        if not one.user.replace("-", "").replace("_", "").isalnum() or not one.user.isascii():
            raise ValueError(f"{one.user!r} cannot be the name of an account.")
    if len({one.user for one in known}) < len(known):
        raise ValueError("Two LEAs would share an account; name the accounts yourself.")
    return known


def _first_steps(home: Path, keys: Path, known: Sequence[SystemUser]) -> list[str]:
    steps = [
        f"# Once, as root. {home} and all above it must belong to root, writable by no one else (ChrootDirectory).",
        f"# Put the public SSH keys of each LEA into {keys}/ID, mode 0644; then:",
    ]
    for one in known:
        top = home / "leas" / one.lea
        steps += [
            f"#   useradd --system --user-group --no-create-home --home-dir / --shell /usr/sbin/nologin"
            f" --password '*' {one.user}",
            f"#   chown root:{one.user} {top} && chmod 0750 {top}",
            f"#   chgrp {one.user} {top}/outbox {top}/inbox {top}/receipts {top}/directory",
            f"#   chmod 2770 {top}/outbox {top}/inbox && chmod 2750 {top}/receipts {top}/directory",
        ]
    return steps


def generate(
    home: Path,
    users: Iterable[SystemUser],
    keys: Path,
    port: int = 22,
    address: str = "",
    *,
    post_quantum_only: bool = False,
) -> str:
    """The whole configuration. `keys` is the folder of key files, one for each LEA, which every account can read;
    without `address` sshd listens on every address of the machine. `post_quantum_only` is sftp.post_quantum_only.

    Raises ValueError for ids, accounts and paths that cannot be written into it.
    """
    known = _checked(users)
    if not known:
        raise ValueError("There is no LEA yet.")
    lines = _first_steps(home, keys, known)
    lines += ["", f"Port {port}", *([f"ListenAddress {ip_address(address)}"] if address else [])]
    lines += [f"HostKey {_path(home / 'keys' / 'ssh_host_ed25519')}", f"PidFile {_path(home / 'run' / 'sshd.pid')}"]
    lines.append(
        _GLOBAL.format(
            users=" ".join(one.user for one in known),
            kex=",".join(_POST_QUANTUM if post_quantum_only else _POST_QUANTUM + CURVE25519),
            ciphers=",".join(CIPHERS),
            macs=",".join(MACS),
            public_keys=",".join(PUBLIC_KEYS),
            rsa_bits=RSA_BITS,
            denied=",".join(_DENIED),
        )
    )
    for one in known:
        lines += [
            f"Match User {one.user}",
            f"    ChrootDirectory {_path(home / 'leas' / one.lea)}",
            f"    AuthorizedKeysFile {_path(keys / one.lea)}",
        ]
    return "\n".join(lines) + "\n"
