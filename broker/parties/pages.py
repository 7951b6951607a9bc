"""The pages in an LEA's folder: README.txt with its own commands, the directory of keys, and tables to fill in.

Owns these pages. Promises: every command in them works unchanged for this LEA with gpg and an SFTP program (a test runs
them); an LEA whose folder is missing keeps no other LEA from its pages, and is reported to the caller. The directory
has keys in their published form only (`broker.edge.pgp.minimal`), with the last ones of parties that have left: these
serve to check signatures, and nothing is sealed with them; `parties.json` says to whom each key belongs. It also has
the page that opens a decrypted document in a browser, the same bytes until the program changes.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Protocol

from broker.core.model import LeaId, Party
from broker.edge.home.apart import Apart
from broker.edge.home.apart_folders import publish_to_all, renew_readme
from broker.edge.home.folders import Missing
from broker.edge.home.published import PARTIES, publishing
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import Engine, reading
from broker.edge.ledger.parties import directory, removals
from broker.edge.pages import reader
from broker.edge.pgp import keyring
from broker.edge.sftp.hostkey import ensure_host_key
from broker.edge.sftp.sshd_config import system_user
from broker.formats import templates
from broker.formats.readable.reader_words import words
from broker.parties import keys

READER = "read-a-record.html"
_OPENSSH_PORT = 22

_TEXT = """{exchange}: what to do, for {name} ({lea})

You need gpg (GnuPG) and an SFTP program. Where NAME stands below, put the beginning of the file's name. Where KEY
stands, put the file of your private SSH key: its name is that of the .pub file that you sent to the state, without
.pub. For example -i "$HOME/.ssh/id_ed25519"; in Windows -i "%USERPROFILE%\\.ssh\\id_ed25519"
(PowerShell: -i "$HOME\\.ssh\\id_ed25519").
With WinSCP or FileZilla: protocol SFTP, server {host}, port {port}, user name {user}, and KEY as the key file.

1. Once: get the public keys, and say that you trust the exchange's.
   sftp -P {port} -i KEY {user}@{host}
   sftp> get -r directory
   sftp> bye
   The server must show this key: {host_key}
   gpg --import directory/all.asc
   gpg --fingerprint {fingerprint}
   Ask the state for the exchange's fingerprint by telephone. If it is the same, and only then:
   gpg --quick-lsign-key {fingerprint}

   The folder directory also holds tables to fill in, each as a workbook (.xlsx) and as CSV: {tables}.
   Fill one in, or take a list out of your own system, and send it as in 2 in the place of record.json.

2. Send. Seal your file, and put it into outbox. A list of students goes as you have it, a workbook (.xlsx, .xls, .ods)
   or a CSV: put its name in the place of record.json, and a name with .pgp behind it in the place of record.pgp.
   It needs columns for last and first name, birth date, school (its number), and the first day or the last one.
   gpg --sign --encrypt --recipient {fingerprint} --output record.pgp record.json
   sftp -P {port} -i KEY {user}@{host}
   sftp> put record.pgp outbox/
   sftp> bye

3. See what became of it. A few seconds later receipts holds signed answers: text that you can read in any editor.
   The line "means" says what happened and, if something was refused, what to do.
   sftp -P {port} -i KEY {user}@{host}
   sftp> get -r receipts
   sftp> bye
   gpg --verify receipts/NAME.json.asc
   If there is none after a minute, look for OUTBOX-WAITS.txt beside this page: it says which files wait, and for what.

4. Read what others sent you. gpg must say "Good signature from" the LEA that wrote it.
   sftp -P {port} -i KEY {user}@{host}
   sftp> get -r inbox
   sftp> bye
   gpg --decrypt --output opened.json inbox/NAME.pgp
   The answer to a list is two files NAME.ssid.pgp. The last one is your own list with the numbers: write
   --output answered.csv for a CSV, --output answered.xlsx for a workbook. Correct in it what it names, send it again.
   To read it as a page, and to print it: open directory/read-a-record.html in your browser, and drag opened.json onto
   it. The page uses no network.
   Once you have downloaded a file from inbox, the exchange notes that you have it. Delete it there when it is safe.

5. A file NAME.review-answer.pgp in inbox asks which student you mean. Open it as in 4, as question.xlsx. Choose an
   answer in its column Answer, save it, and send it as in 2. To say that you cannot use what came, send
   directory/acknowledgement.xlsx as it is: it comes back with all that was delivered to you, to be answered.

6. A file NAME.record-request.pgp in inbox asks you for the record of a student who has enrolled at another school.
   Open it as in 4: "student" says who it is, "due_on" your last day, and "means" what to do. Send the record as in 2;
   it finds the new school by itself. When a student comes to you, send the enrollment: the exchange then asks the
   earlier school for the record.

Do not put students' names into file names.
"""


class House(keys.KeysRoom, Protocol):
    """What writing the pages needs of an exchange."""

    @property
    def engine(self) -> Engine:
        """The ledger."""

    @property
    def apart(self) -> Apart:
        """The processes that work in the folders of LEAs with mounts of their own."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """The clock."""


def write_pages(services: House) -> list[LeaId]:
    """Bring README.txt and directory/ of every LEA up to date; returns the LEAs whose folder is missing."""
    with publishing(services.home) as publisher:
        _settle(services)
        with reading(services.engine) as connection:
            every = directory.all_parties(connection)
            served = [party.id for party in removals.present(connection)]
            shown, prints = keys.published(connection), keys.prints(connection)
        own = services.home.certificate.read_text("utf-8")
        files: dict[str, str | bytes] = {"exchange.asc": own}
        files |= {f"{party.id}.asc": "\n".join(shown.get(party.id, ())) for party in every}
        files |= {PARTIES: _who(services, every, prints), READER: _reader()}
        files |= templates.files()
        missing = publish_to_all(publisher, services.apart, served, files)
    return sorted({*missing, *write_readmes(services)})


@cache
def _reader() -> str:
    return reader.render(words())


def _settle(services: House) -> None:
    with reading(services.engine) as connection:
        is_settled = keys.is_settled(connection, services)
    if not is_settled:
        committed(services.engine, lambda connection: keys.settle(connection, services, services.clock()))


def _who(services: House, every: Sequence[Party], prints: Mapping[str, Sequence[str]]) -> str:
    """To whom each fingerprint belongs, according to the exchange: a key's own text is only its owner's word."""
    own = [_fingerprint(services)]
    lines = [{"id": keys.EXCHANGE, "name": services.settings.name, "kind": "exchange", "keys": own}]
    lines += [
        {"id": one.id, "name": one.name, "kind": one.kind.value, "keys": list(prints.get(one.id, ()))} for one in every
    ]
    return json.dumps(lines, indent=1) + "\n"


def _fingerprint(services: House) -> str:
    return keyring.inspect(services.home.certificate.read_bytes(), services.clock()).fingerprint


def write_readmes(services: House) -> list[LeaId]:
    """Bring README.txt of every LEA up to date; returns the LEAs whose folder is missing. Writes only changed pages."""
    with reading(services.engine) as connection:
        parties = removals.present(connection)
    fill = _filler(services)

    def write(party: Party) -> None:
        renew_readme(services.home, services.apart, party.id, fill(party))

    return _for_each(parties, write)


def _for_each(parties: Sequence[Party], write: Callable[[Party], None]) -> list[LeaId]:
    missing = []
    for party in parties:
        try:
            write(party)
        except Missing:
            missing.append(party.id)
    return missing


def _filler(services: House) -> Callable[[Party], str]:
    sftp = services.settings.sftp
    host = sftp.host or sftp.address
    shared = {
        "exchange": services.settings.name,
        "tables": ", ".join(templates.TEMPLATES),
        "fingerprint": _fingerprint(services),
        "host": f"[{host}]" if ":" in host else host,
        "port": _port(services),
        "host_key": ensure_host_key(services.home.keys / "ssh_host_ed25519").fingerprint,
    }

    def fill(party: Party) -> str:
        user = party.id if sftp.enabled else system_user(party.id).user  # otherwise OpenSSH serves the same folders
        return _TEXT.format(**shared, name=party.name, lea=party.id, user=user)

    return fill


def _port(services: House) -> str:
    """The SFTP server's port; PORT while it has none, because the exchange takes a free one when it starts."""
    sftp = services.settings.sftp
    if sftp.port or not sftp.enabled:
        return str(sftp.port or _OPENSSH_PORT)
    running = services.home.run / "sftp.port"
    return running.read_text("utf-8").strip() if running.is_file() else "PORT"
