"""How a home and its ledger come to belong together: `satchel init` and `satchel upgrade`.

Owns the moment at which the id is written, in the home, the vault and the ledger. Promises: it is written within the
transaction that makes the ledger what it is to be, so that of two homes one is too late and changes nothing there; a
vault without what the ledger knows to be in it is not taken for the home's. What was lost of it is written again.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from broker.core.errors import NotDone
from broker.core.model import LeaId, Sha256
from broker.edge.home import home_id
from broker.edge.home.folders import Home
from broker.edge.home.home_id import OtherHome
from broker.edge.home.running import hold, is_alive, is_up, read_beats
from broker.edge.ledger import homes
from broker.edge.ledger.engine import Engine, Writing, place_of, reading, writing
from broker.edge.ledger.homes import Owner
from broker.edge.ledger.packets import views
from broker.edge.settings.values import Settings
from broker.edge.vault import DirectoryVault
from broker.offline import now
from broker.parties import marks

_LOOK_SECONDS = 0.2


@contextmanager
def stopped(home: Home) -> Iterator[None]:
    """Nobody starts the exchange while the block runs. Raises NotDone `running` where it runs, or a part of it does."""
    home.run.mkdir(mode=0o700, exist_ok=True)
    while (lock := hold(home.run)) is None and not _runs(home.run):  # another one upgrades it, and will end
        time.sleep(_LOOK_SECONDS)
    if lock is None or _beats(home.run):
        raise NotDone("running", home=str(home.root))
    with lock:
        yield


def _runs(run: Path) -> bool:
    return is_up(run) or _beats(run)


def _beats(run: Path) -> bool:
    now = time.time()
    return any(is_alive(beat, now) for beat in read_beats(run))


def is_settled(engine: Engine, chosen: Settings) -> bool:
    """Whether home, ledger and vault belong together and say so, and no inbox is still to be marked. The ledger must
    have the newest form. Raises OtherHome where it is another home's, or the vault is."""
    home = Home(chosen.home)
    with reading(engine) as connection:
        owner, is_marked = homes.owner(connection), not homes.unmarked(connection)
    if owner is None:
        return False
    home_id.check_owner(home, owner, place_of(chosen))
    said = (home_id.read(home.root), home_id.read(home.vault))
    if None not in said:
        home_id.check(home, owner, place_of(chosen))
    return None not in said and is_marked


def settle(connection: Writing, chosen: Settings) -> Sequence[LeaId]:
    """Within the transaction that makes the ledger: this home is its home. Gives the LEAs whose inbox was not marked,
    for it is not there, or is in doubt. Raises OtherHome."""
    home, owner, at = Home(chosen.home), homes.owner(connection), now().timestamp()
    if owner is not None:
        home_id.check_owner(home, owner, place_of(chosen))
    number = owner.id if owner else home_id.read(home.root) or home_id.new()
    if home_id.read(home.vault) is None:
        _check_has(home, views.newest_sealed(connection))
    home_id.write(home.root, number)
    home_id.write(home.vault, number)
    if owner is None:
        homes.bind(connection, Owner(number, home_id.proof(home, number)), at)
        home_id.put_runs(home)
    return marks.give_missing(connection, home, at)


def _check_has(home: Home, newest: Sha256 | None) -> None:
    if newest is not None and not DirectoryVault(home.vault).has(newest):
        raise OtherHome(f"{home.vault} has not what the ledger knows to be in it: mount it, or put it back.")


def begin_run(engine: Engine, home: Home) -> None:
    """The exchange starts on this ledger. A crash in between leaves a home that knows both starts, this and the last.

    Raises OtherHome as `home_id.check_last` does."""
    with reading(engine) as connection:
        last = homes.last_run(connection)
    home_id.check_last(home, last)
    new = home_id.new()
    home_id.put_runs(home, last, new)
    with writing(engine) as connection:
        homes.begin_run(connection, new)
    home_id.put_runs(home, new)


def accept(connection: Writing, home: Home) -> Sequence[LeaId]:
    """Go on with a home, or a ledger, that was put back from a backup: what is absent from an inbox was perhaps never
    taken, so an inbox that lacks anything is known by no mark any more. Gives the LEAs of these."""
    doubtful = marks.take_from_lacking(connection, home)
    home_id.put_runs(home, homes.last_run(connection))
    return doubtful
