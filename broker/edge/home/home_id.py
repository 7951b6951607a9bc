"""Which home this is: an id that `satchel init` draws, or `satchel upgrade` for a home of an earlier program.

Owns `home.id` in the home and in its vault, and `home.run`, the exchange's last start here; the ledger has both too,
and a proof of the id that only this home's keys can make (`broker.edge.ledger.homes`). Promises: an id never overwrites
another one; a mismatch is reported in one sentence that says what to do. The id is no secret.
"""

import hashlib
import hmac
import re
import uuid
from pathlib import Path

from broker.core.errors import OperatorError
from broker.edge.home.durable import write_atomic
from broker.edge.home.folders import Home
from broker.edge.ledger.homes import Owner

_NAME, _RUNS = "home.id", "home.run"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class OtherHome(OperatorError):
    """The home, its ledger and its vault do not belong together; the message says what to do."""


def new() -> str:
    """An id that no other home has."""
    return str(uuid.uuid4())


def read(folder: Path) -> str | None:
    """The id in a home, or in its vault; None for none. Raises OtherHome if it is not an id or cannot be read."""
    path = folder / _NAME
    try:
        text = path.read_text("ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError):
        text = ""
    if not _ID.fullmatch(text):
        raise OtherHome(f"{path} cannot be read as the id of a home; put it back from a backup.")
    return text


def write(folder: Path, number: str) -> None:
    """Write the id, durably; writing the same one again changes nothing. Raises OtherHome where another one is
    there."""
    found = read(folder)
    if found is None:
        write_atomic(folder / _NAME, f"{number}\n".encode(), 0o600)
    elif found != number:
        raise OtherHome(f"{folder / _NAME} has the id of another home; put the right folder there.")


def proof(home: Home, number: str) -> str:
    """The proof that only this home's keys can make of the id: HMAC-SHA256 (RFC 2104), 64 hex digits. Raises OtherHome
    without the key."""
    path = home.keys / "digest.key"
    try:
        return hmac.new(path.read_bytes(), f"home {number}".encode(), hashlib.sha256).hexdigest()
    except OSError:
        raise OtherHome(f"{path} cannot be read; was this home made by `satchel init`?") from None


def check(home: Home, owner: Owner | None, ledger: str, *, has_keys: bool = True) -> None:
    """Check that the home, the ledger (which belongs to `owner`, and is at `ledger`) and the vault belong together, and
    that each of them says so. Raises OtherHome. Without keys (`has_keys`) the ledger's proof is not checked."""
    todo = f"run `satchel upgrade --home {home.root}`."
    if owner is None:
        raise OtherHome(f"The ledger at {ledger} belongs to no home yet: {todo}")
    check_owner(home, owner, ledger, has_keys=has_keys)
    if read(home.root) is None:
        raise OtherHome(f"{home.root / _NAME} was lost: {todo}")
    found = read(home.vault)  # so that an empty mount point is not taken for a vault
    if found is None:
        raise OtherHome(f"{home.vault} is not the vault of {home.root}: mount that; if it is, {todo}")
    if found != owner.id:
        raise OtherHome(f"{home.vault} is another home's vault ({found}); put the one of {home.root} there.")


def check_owner(home: Home, owner: Owner, ledger: str, *, has_keys: bool = True) -> None:
    """Check that the ledger is this home's. Raises OtherHome."""
    is_proven = not has_keys or proof(home, owner.id) == owner.proof
    if read(home.root) not in (None, owner.id) or not is_proven:
        raise OtherHome(
            f"The ledger at {ledger} belongs to another home ({owner.id}), and two homes never work with one: give"
            f" {home.root} a ledger of its own, by ledger.url in {home.settings}."
        )


def runs(home: Home) -> tuple[str, ...]:
    """The possible last starts of the exchange here: one, or two where it was killed in between; none before the first
    start. Raises OtherHome."""
    try:
        return tuple((home.root / _RUNS).read_text("ascii").split())
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError):
        raise OtherHome(f"{home.root / _RUNS} cannot be read; put it back from a backup.") from None


def check_last(home: Home, last: str) -> None:
    """Check that the last start in the ledger was this home's last. Raises OtherHome: one of them was restored from a
    backup, or a copy of the home has run."""
    if last not in (runs(home) or ("",)):
        raise OtherHome(
            f"{home.root} is not as it was when the exchange ran last on its ledger: a backup of one of them was put"
            f" back, or a copy of the home has run; if this is the home to go on with, run `satchel restored --home"
            f" {home.root}`."
        )


def put_runs(home: Home, *known: str) -> None:
    """Write the possible last starts, durably."""
    write_atomic(home.root / _RUNS, "".join(f"{one}\n" for one in known if one).encode(), 0o600)
