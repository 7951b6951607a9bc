"""What `satchel fetch` prints at its end: what has come, and what happened to each file that was sent.

Promises: one line for each new packet, up to a screenful, and a sum for the rest; a table of results in which rows that
need somebody come first, and none of these is left out.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from broker.client import answers
from broker.client.answers import Answer, SentPackets
from broker.edge.sftp.client.line import Account
from broker.edge.sftp.client.transfer import Outcome
from broker.terminal import tables
from broker.terminal.common import say

_KINDS = {"inbox": "packet", "receipts": "receipt", "directory": "public key"}
_TABLE, _OF_TABLES = "table to fill in", frozenset({".xlsx", ".csv"})
_MOST_LINES = 20
_MOST_ROWS = 40  # of rows that need nobody


def of(account: Account, into: Path, outcomes: Sequence[Outcome], waiting: Sequence[str]) -> list[Answer]:
    """The results, from the new receipts, from what is still in the outbox (`waiting`), and for what has no receipt
    yet."""
    new = [Path(one.path) for one in outcomes if not one.error and not one.was_here]
    receipts = [path for path in new if path.parent.name == "receipts"]
    exchange = into / "directory" / "exchange.asc"
    found, digests = answers.read(receipts, exchange.read_bytes() if receipts and exchange.is_file() else b"")
    left = SentPackets(account).settle(digests, into / "receipts")
    told = {one.file for one in found}
    found += answers.unanswered(name for name in [*waiting, *left] if name not in told)
    return sorted(found, key=lambda one: (not one.is_refused, not one.needs, one.result, one.file))


def tell(outcomes: Sequence[Outcome], found: Sequence[Answer]) -> None:
    """Print the outcomes and the results."""
    good = [one for one in outcomes if not one.error]
    by_kind = Counter(_kind(Path(one.path)) for one in good if _is_counted(Path(one.path)))
    packets = [one for one in good if Path(one.path).parent.name == "inbox"]
    for one in packets[:_MOST_LINES]:
        say(f"Fetched {one.name} ({one.size} bytes) as {one.path}")
    if len(packets) > _MOST_LINES:
        say(f"Fetched {len(packets) - _MOST_LINES:,} packets more; they lie in {Path(packets[0].path).parent}.")
    sums = [_counted(by_kind[what], what) for what in (*_KINDS.values(), _TABLE) if by_kind[what]]
    say(f"Fetched {', '.join(sums)}." if sums else "Nothing new.")
    if found:
        _results(found)


def _is_counted(path: Path) -> bool:
    """The directory has more than keys and tables, which needs no word."""
    return path.parent.name != "directory" or path.suffix in (".asc", *_OF_TABLES)


def _kind(path: Path) -> str:
    """What a fetched file is."""
    is_table = path.parent.name == "directory" and path.suffix in _OF_TABLES
    return _TABLE if is_table else _KINDS[path.parent.name]


def _results(found: Sequence[Answer]) -> None:
    needs = [one for one in found if one.needs]
    others = [one for one in found if not one.needs]
    shown = [*needs, *(others if len(others) <= _MOST_ROWS else [])]
    if shown:
        columns = ("file", "result", tables.text("what to do"))
        tables.show(columns, [(one.file, one.result, one.todo) for one in shown])
    if len(others) > _MOST_ROWS:
        results = Counter((one.result, one.todo) for one in others)
        for (result, todo), count in sorted(results.items()):
            say(f"{_counted(count, 'file')} more: {result}; {todo}.")
    say(f"{_counted(len(found), 'file')}: " + ", ".join(f"{count:,} {what}" for what, count in _sum(found)) + ".")


def _sum(found: Sequence[Answer]) -> list[tuple[str, int]]:
    return sorted(Counter(one.result.partition(" [")[0] for one in found).items())


def _counted(count: int, what: str) -> str:
    first, _, rest = what.partition(" to ")
    return f"{count:,} {first}{'s' * (count != 1)}{f' to {rest}' * bool(rest)}"
