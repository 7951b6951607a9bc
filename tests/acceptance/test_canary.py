"""Plaintext never rests: what was inside the packets is found nowhere afterwards, names in the registry only."""

import base64
import json
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import text

from broker.core.openpgp.armor import enarmor
from broker.core.openpgp.frames import LITERAL, packet
from broker.edge.ledger.engine import connect, reading
from broker.edge.ledger.tables import metadata
from broker.edge.pgp import openpgp
from broker.edge.settings.file import load as read_settings
from tests.bench import load
from tests.support import documents
from tests.support.exchange import Exchange, wait_until

CANARY = "Qx7CanaryZw9"
FIRST, LAST = "Zebulonia", "Quetzalcoatlson"
STAYS = "Ambrosiana"  # the first name of a student of the same family who goes nowhere
REGISTRY = {"students", "student_names", "student_features", "reviews"}  # and reviews, of students in doubt


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    made = Exchange(tmp_path_factory.mktemp("canary") / "home")
    yield made
    made.close()


def student(number: int = 0, first: str = FIRST) -> dict[str, Any]:
    block = documents.student() | {"local_id": "", "guardians": [], "birth_date": f"2012-03-{number + 1:02}"}
    del block["ssid"]
    return block | {"legal_name": {"first": first, "middle": "", "last": LAST, "suffix": ""}}


def record(**changes: Any) -> dict[str, Any]:
    whole = documents.record(student=student()) | changes
    return whole | {"record": {"writing_samples": [{"text": CANARY}]} | whole.get("record", {})}


def needles(word: str) -> list[bytes]:
    """The word as text, in UTF-16 and in base64 at each of its three offsets."""
    plain = word.encode()
    shifted = [base64.b64encode(b"x" * pad + plain)[4:-4] for pad in range(3)]
    return [plain, word.encode("utf-16-le"), *shifted]


@pytest.fixture(scope="module")
def afterwards(exchange: Exchange) -> Exchange:
    """The exchange after admitted, applied, held, duplicate and refused packets, still running."""
    sender, receiver = load.lea("01", "district", "cv25519"), load.lea("6G", "charter", "cv25519")
    stranger = load.lea("99", "district", "cv25519")
    for one in (sender, receiver):
        exchange.add(one.id, one.certificate, one.kind)
    exchange.up()

    def drop(name: str, document: Any, key: load.Lea = sender) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        lea = receiver if key is receiver else sender
        exchange.drop(lea.id, name, openpgp.seal(body, openpgp.load_secret(key.secret), [exchange.certificate]))

    def enroll(lea: load.Lea, date: str, *students: dict[str, Any]) -> None:
        lines = [{"student": one, "school": "704", "event": "entry", "date": date, "code": ""} for one in students]
        drop("e", documents.enrollment(id=str(uuid.uuid4())) | {"from": lea.id, "students": lines}, lea)
        exchange.wait_receipt(lea.id, "e", "APPLIED")

    enroll(sender, "2025-08-18", student(), student(20, STAYS))
    enroll(receiver, "2026-08-17", student())  # and so the sender is asked for the record, by a notice with the name
    drop("good", record())
    drop("held", {k: v for k, v in record(student=student(20, STAYS)).items() if k != "to"})
    drop("review", record(student=student(7)))
    drop("schema", record(record={CANARY: CANARY, "grades": CANARY}))
    drop("value", record(school_year=CANARY))
    drop("from", record(**{"from": "6G"}))
    drop("type", record(packet=f"{CANARY}.v1"))
    drop("to", record(to="NOBODY"))
    drop("json", b'{"packet": "' + CANARY.encode() + b'", ' + LAST.encode())
    drop("twice", b'{"' + CANARY.encode() + b'": 1, "' + CANARY.encode() + b'": 2}')
    drop("utf8", b'{"packet": "' + CANARY.encode() + b'\\xff"}')
    drop("stranger", record(), stranger)
    exchange.drop("01", "unsealed", json.dumps(record()).encode())
    exchange.drop("01", "armored", enarmor("MESSAGE", packet(LITERAL, b"b\0\0\0\0\0" + CANARY.encode())).encode())
    for name, state in {"good": "DELIVERED", "held": "HELD", "review": "HELD"}.items():
        exchange.wait_receipt("01", name, state)
    for name in ("schema", "value", "from", "type", "to", "json", "twice", "utf8", "stranger", "unsealed", "armored"):
        exchange.wait_receipt("01", name, "REFUSED")
    wait_until(lambda: exchange.status()["receipts_to_publish"] == 0, "receipts")
    wait_until(lambda: {"record-request", "transfer"} <= kinds(exchange), "the transfer's notices")
    return exchange


def kinds(exchange: Exchange) -> set[str]:
    """Of what packets stand in the inboxes."""
    return {path.name.split(".")[1] for lea in ("01", "6G") for path in exchange.inbox(lea)}


def found_in(paths: list[Path], words: list[str]) -> list[str]:
    wanted = [needle for word in words for needle in needles(word)]
    return [str(path) for path in paths if any(needle in path.read_bytes() for needle in wanted)]


def found_under(exchange: Exchange, words: list[str], but: str = "no file") -> list[str]:
    """In one look during which no file was renamed: the exchange runs on, and what it writes gets its name last."""
    for _ in range(50):
        with suppress(FileNotFoundError):
            return found_in([path for path in files(exchange) if not path.name.startswith(but)], words)
    raise AssertionError("files went away in each of 50 looks")


def files(exchange: Exchange) -> list[Path]:
    return [path for path in exchange.home.rglob("*") if path.is_file()] + [exchange.log]


def test_the_search_would_find_it(tmp_path: Path) -> None:
    for number, content in enumerate((f"..{CANARY}..".encode(), base64.b64encode(f"12{CANARY}345".encode()))):
        (tmp_path / str(number)).write_bytes(content)
    assert len(found_in(list(tmp_path.iterdir()), [CANARY])) == 2


def test_what_was_inside_is_in_no_file_under_home_and_in_no_log(afterwards: Exchange) -> None:
    assert found_under(afterwards, [CANARY]) == []


def test_names_are_in_the_ledger_only(afterwards: Exchange) -> None:
    names = [FIRST, STAYS, LAST, FIRST.lower(), STAYS.lower(), LAST.lower()]
    assert found_under(afterwards, names, but="ledger.db") == []


def test_names_are_in_the_registry_tables_only(afterwards: Exchange) -> None:
    engine = connect(read_settings(afterwards.home))
    with reading(engine) as connection:
        for name in metadata.tables:
            whole = str(connection.execute(text(f"SELECT * FROM {name}")).fetchall()).lower()  # noqa: S608
            assert (LAST.lower() in whole) == (name in REGISTRY), name
            assert CANARY.lower() not in whole, name
    engine.dispose()


def test_nothing_is_in_redis(afterwards: Exchange) -> None:
    server = redis.Redis(unix_socket_path=str(afterwards.home / "run" / "redis.sock"))
    keys = server.keys("*")
    assert keys
    dumped = b"".join([*keys, *(server.dump(key) or b"" for key in keys)])
    assert not [needle for word in (CANARY, FIRST, LAST) for needle in needles(word) if needle in dumped]


def test_nothing_is_in_process_arguments_or_environments(afterwards: Exchange) -> None:
    for pid in (*afterwards.parts().values(), *afterwards.readers().values()):
        seen = Path(f"/proc/{pid}/cmdline").read_bytes()
        with suppress(PermissionError):  # without root's rights nobody sees the environment of a part
            seen += Path(f"/proc/{pid}/environ").read_bytes()
        assert not [word for word in (CANARY, FIRST, LAST) if word.encode() in seen]


def test_no_part_may_leave_a_core_dump(afterwards: Exchange) -> None:
    for name, pid in (afterwards.parts() | afterwards.readers()).items():
        if not name.startswith("redis"):
            limit = next(
                line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith("Max core")
            )
            assert limit.split()[4:6] == ["0", "0"], name
