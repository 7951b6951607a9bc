"""What an LEA finds beside its folders: README.txt with its own commands, and the directory of keys.

Owns these pages. Promises: every command in them works as it stands for this LEA with gpg and an SFTP program.
"""

from broker.core.model import Party
from broker.edge.ledger import directory
from broker.edge.ledger.engine import reading
from broker.edge.sftp_hostkey import ensure_host_key
from broker.offline import Offline

_TEXT = """{exchange}: what to do, for {name} ({lea})

1. Get ready, once.
   gpg --import directory/exchange.asc directory/all.asc
   The exchange's key must have the fingerprint {fingerprint};
   ask the state for it by telephone, and compare. Then say that you trust it:
   gpg --quick-lsign-key {fingerprint}

2. Send a packet. Write your document (say, record.json), seal it, and put it into outbox.
   gpg --sign --encrypt --recipient {fingerprint} --output record.pgp record.json
   sftp -P {port} {lea}@{host}
   sftp> put record.pgp outbox/
   The server's host key must be {host_key}

3. See what became of it: a few seconds later `receipts` holds signed answers. Each says in plain words what happened,
   and what to do if something was refused.
   gpg --verify receipts/NAME.json.asc

4. Read what others sent you: take it out of inbox, then open it. gpg names the district that signed it.
   gpg --decrypt --output record.json NAME.pgp

A file that lies in inbox until you take or delete it counts as collected from then on.
Do not put students' names into file names.
"""


def write_pages(services: Offline) -> None:
    """Bring README.txt and directory/ of every LEA up to date."""
    with reading(services.engine) as connection:
        parties = directory.all_parties(connection)
        keys = {party.id: directory.certificates_of(connection, party.id) for party in parties}
    exchange = services.home.certificate.read_text("utf-8")
    pages = [("exchange.asc", exchange)]
    pages += [(f"{party.id}.asc", b"\n".join(keys[party.id]).decode()) for party in parties]
    pages.append(("all.asc", "\n".join(text for _, text in pages)))
    host_key = ensure_host_key(services.home.keys / "ssh_host_ed25519").fingerprint
    for party in parties:
        services.home.write_directory(party.id, pages)
        services.home.write_readme(party.id, _text(services, party, host_key))


def _text(services: Offline, party: Party, host_key: str) -> str:
    from broker.edge import keyring

    certificate = services.home.certificate.read_bytes()
    return _TEXT.format(
        exchange=services.settings.name,
        name=party.name,
        lea=party.id,
        fingerprint=keyring.inspect(certificate, services.clock()).fingerprint,
        host=services.settings.sftp.address,
        port=services.settings.sftp.port,
        host_key=host_key,
    )
