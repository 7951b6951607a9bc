"""How a home and its ledger are bound to each other: `satchel init` and `satchel upgrade`.

Owns the moment at which the id is written, in the home, the vault and the ledger. Promises: it is written within the
transaction that creates or upgrades the ledger, so of two homes one is too late and changes nothing there; a vault that
lacks what the ledger knows is not accepted as the home's. Lost copies of the id are written again.
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
    """Keep the exchange from starting while the block runs. Raises NotDone `running` where it, or a part of it,
    runs."""
    home.run.mkdir(mode=0o700, exist_ok=True)
    while (lock := hold(home.run)) is None and not _runs(home.run):  # another process upgrades it, and will end
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
    """Whether home, ledger and vault belong together and say so, and every inbox has its mark. The ledger must have the
    newest form. Raises OtherHome where the ledger or the vault is another home's."""
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
    """Bind the ledger to this home, within the transaction that creates or upgrades the ledger. Returns the LEAs whose
    inbox got no mark, because it is missing or in doubt. Raises OtherHome."""
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
    """Record a start on this ledger. After a crash in between, the home knows both starts, this one and the last.

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
    """Continue with a home, or a ledger, that was restored from a backup: what is absent from an inbox was perhaps
    never collected, so an inbox that lacks packets loses its mark. Returns the LEAs of these inboxes."""
    doubtful = marks.take_from_lacking(connection, home)
    home_id.put_runs(home, homes.last_run(connection))
    return doubtful
