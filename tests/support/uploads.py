"""Files put into an outbox over SFTP."""

import paramiko

from tests.support.ssh import (
    House,
)

Client = paramiko.SFTPClient


def contents(house: House) -> dict[str, bytes]:
    """What intake would take, by name."""
    return {name: (house.outbox() / name).read_bytes() for name in house.visible()}


def put(client: Client, name: str, content: bytes) -> None:
    """Upload in one go; returns when the server has answered the close with OK."""
    with client.open(f"/outbox/{name}", "wb") as out:
        out.write(content)
