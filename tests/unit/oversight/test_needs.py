"""What needs a person: each code has its words, with the facts that stand in them."""

import ast
import inspect
from collections.abc import Mapping

from broker.cli.exchange.needs import WORDS, said
from broker.oversight import needs
from broker.oversight.needs import Need

MIB = 1024**2
SAID: Mapping[str, tuple[dict[str, object], str, str]] = {
    "disk": (
        {"free_bytes": 1500 * MIB, "reserve_bytes": 256 * MIB, "vault": "/v"},
        "the disk is nearly full (1,500 MiB free, 256 MiB are the reserve), and nothing is taken in",
        "df -h /v",
    ),
    "alerts": (
        {"count": 1200},
        "1,200 alerts that nobody has seen (missing children, harvesting)",
        "satchel alerts",
    ),
    "answered": ({"count": 1}, "1 question that only the state may decide", "satchel review list"),
    "late-packet": (
        {"seconds": 3_660.0, "tracking": "018f"},
        "a packet has waited for 61 minutes",
        "satchel packet 018f",
    ),
    "own-key-unusable": (
        {"fault": "key-expired", "path": "/k"},
        "the exchange's own key cannot be used (key-expired)",
        "gpg --show-keys /k",
    ),
    "own-key-ends": ({"on": "2027-01-02", "path": "/k"}, "the exchange's own key ends on 2027-01-02", "gpg"),
    "no-valid-key": ({"lea": "01"}, "LEA 01 has no valid key", "satchel lea list"),
    "key-ends": ({"lea": "01", "on": "2027-01-02"}, "the key of LEA 01 ends on 2027-01-02", "satchel lea list"),
    "parts": ({"names": "sftp, sweeper"}, "not working: sftp, sweeper", "the last lines of the log of satchel up"),
    "queue": ({"run": "/r"}, "Redis does not answer", "tail /r/redis.log"),
    "queue-elsewhere": ({}, "Redis does not answer", "redis.url in satchel.toml"),
    "inbox-lost": (
        {"lea": "01"},
        "the inbox of LEA 01 is missing, or is another folder than before",
        "satchel lea inbox 01",
    ),
    "silent": ({"lea": "01"}, "the folder of LEA 01 does not answer", "mount"),
    "full": ({"lea": "01", "files": 3}, "3 files of LEA 01 have not ended", "satchel packets --lea 01"),
    "password": ({"sentence": "It may be read.", "settings": "/s"}, "It may be read", "ls -l /s"),
}


def _codes() -> set[str]:
    """The codes that are given."""
    tree = ast.parse(inspect.getsource(needs))
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)]
    given = [one.args[0] for one in calls if isinstance(one.func, ast.Name) and one.func.id == "Need"]
    return {str(one.value) for one in given if isinstance(one, ast.Constant)}


def test_every_need_has_its_words() -> None:
    assert _codes() == set(WORDS) == set(SAID)
    for code, (facts, what, see) in SAID.items():
        told = said(Need(code, facts))
        assert told.what.startswith(what), code
        assert told.see.startswith(see), code
