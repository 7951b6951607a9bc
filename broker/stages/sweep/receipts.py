"""receipts: signs the statements of moves, and writes them into the LEA's folder.

Contract: may be repeated or missed without harm; a receipt has one text, whichever process writes it.
"""

from broker.core.model import LeaId
from broker.core.receipt import file_name
from broker.edge.home.apart_folders import write_all_receipts
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import history
from broker.packets.receipts import signed
from broker.packets.services import Services

_RECEIPTS_AT_ONCE = 500


def publish_receipts(services: Services, away: set[str] | None = None) -> int:
    """Sign receipts that have no file yet, and write the files; returns how many. A party whose folder is missing holds
    up no other party: it is added to `away`, and receipts of parties in `away` are skipped."""
    missing: set[str] = set() if away is None else away
    while True:
        with reading(services.engine) as connection:
            pending = history.pending(connection, _RECEIPTS_AT_ONCE, missing)
        texts = [(one, signed(services, one)) for one in pending]
        files = [(LeaId(one.party), file_name(one.tracking, one.n, one.state), said) for one, said in texts if said]
        absent = write_all_receipts(services.home, services.apart, files) if files else []
        written = [one for one in pending if one.party not in absent]
        missing |= set(absent)
        if written or not absent:
            break
    if written:
        with writing(services.engine) as connection:
            history.published(connection, written)
    return len(written)
