"""openssh: the same folders, served by a real OpenSSH.

Contract: the LEAs' key files are written after the line of the act; the configuration is only returned.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from broker.core.access import Action
from broker.core.actor import Actor
from broker.core.errors import NotDone
from broker.edge.home.durable import write_atomic
from broker.edge.ledger.engine import Reading
from broker.edge.ledger.parties import directory, removals
from broker.edge.sftp import sshd_config
from broker.parties import joining
from broker.parties.pages import House
from broker.verbs.acting import recorded, verb


@verb(Action.RUN_EXCHANGE)
def write_sshd_config(house: House, folder: Path, port: int = 22, address: str = "", *, actor: Actor) -> str:
    """A whole sshd_config that serves every LEA's folder with OpenSSH; the LEAs' key files that it names are written to
    `folder`. Raises NotDone `no-parties`, `sshd-unusable`, `folder-unwritable`; OperatorError where the exchange itself
    has a federal name."""
    joining.check_settings(house)

    def lines(connection: Reading) -> Mapping[str, Sequence[str]]:
        return {one.id: directory.ssh_keys_of(connection, one.id) for one in removals.present(connection)}

    def make(connection: Reading) -> tuple[str, Mapping[str, bytes]]:
        return _made(house, folder.absolute(), port, address, lines(connection))

    text, files = recorded(house, "write_sshd_config", make, actor=actor, subject=str(folder))
    try:
        _write(folder, files)
    except OSError as error:
        raise NotDone("folder-unwritable", folder=str(folder), fault=error.strerror) from None
    return text


def _made(
    house: House, folder: Path, port: int, address: str, lines: Mapping[str, Sequence[str]]
) -> tuple[str, Mapping[str, bytes]]:
    """The configuration, and the content of the key files by LEA."""
    if not lines:
        raise NotDone("no-parties")
    users, strict = [sshd_config.system_user(lea) for lea in lines], house.settings.sftp.post_quantum_only
    try:
        text = sshd_config.generate(house.settings.home, users, folder, port, address, post_quantum_only=strict)
        return text, {lea: sshd_config.authorized_keys(known).encode() for lea, known in lines.items()}
    except ValueError as error:
        raise NotDone("sshd-unusable", fault=str(error)) from None


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(mode=0o755, exist_ok=True)
    for lea, content in files.items():
        write_atomic(folder / lea, content, 0o644)
