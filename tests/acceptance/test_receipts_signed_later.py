"""A receipt is a statement until its file is written: whoever moves packets needs no key, and the signature follows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from broker.core.model import LeaId, TrackingId
from broker.edge.home.outbox import Odd
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import history
from broker.edge.ledger.packets.rows import Receipt
from broker.edge.ledger.tables import publications, receipts
from broker.edge.pgp import keyring, openpgp
from broker.packets import receipts as papers
from broker.stages import collect, intake
from broker.stages.sweep.receipts import publish_receipts
from tests.support import desk
from tests.support.office import Office

A = "01"
PUPILS = iter(desk.children(20, 8300))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("later"), A)
    yield made
    made.services.engine.dispose()


@pytest.fixture
def published(office: Office) -> Office:
    """With nothing left to be written."""
    while publish_receipts(office.services):
        pass
    return office


def rows(office: Office, tracking: str) -> list[Receipt]:
    names = [receipts.c[name] for name in Receipt.__dataclass_fields__]
    with reading(office.services.engine) as connection:
        found = connection.execute(select(*names).where(receipts.c.tracking == tracking).order_by(receipts.c.n))
        return [Receipt(*row) for row in found]


def files(office: Office, tracking: str) -> dict[str, bytes]:
    folder = office.exchange.folder(A, "receipts")
    return {path.name: path.read_bytes() for path in sorted(folder.glob(f"{tracking}.*"))}


def pend(office: Office, rows: list[Receipt]) -> None:
    """As after a crash that came between the files and what the ledger knows of them."""
    with writing(office.services.engine) as connection:
        connection.execute(insert(publications), [{"tracking": one.tracking, "n": one.n} for one in rows])


def test_the_ledger_has_the_statement_and_the_file_the_signature_over_it(published: Office) -> None:
    tracking = published.send(A, desk.enrollment(A, next(PUPILS))).tracking
    found = rows(published, tracking)
    assert found
    assert [one.text[:2] for one in found] == ["{\n"] * len(found)
    assert files(published, tracking) == {}
    publish_receipts(published.services)
    written = list(files(published, tracking).values())
    for row, content in zip(found, written, strict=True):
        said, signer = openpgp.verify_clear(content, [published.exchange.certificate])
        assert (said, signer) == (row.text.rstrip("\n"), published.services.exchange)


def test_to_write_it_once_more_changes_no_byte(published: Office) -> None:
    tracking = published.send(A, desk.enrollment(A, next(PUPILS))).tracking
    publish_receipts(published.services)
    before = files(published, tracking)
    pend(published, rows(published, tracking))
    later = replace(published.services, clock=lambda: datetime.now(UTC) + timedelta(hours=3))
    assert publish_receipts(later) == len(before) > 0
    assert files(published, tracking) == before


def test_a_receipt_of_an_earlier_program_is_written_as_it_is(published: Office) -> None:
    signed = openpgp.clearsign('{\n "receipt": "receipt.v1"\n}\n', published.services.key)
    old = Receipt(TrackingId(published.services.new_tracking()), 1, "received", A, 1.0, signed)
    with writing(published.services.engine) as connection:
        history.append(connection, [old])
    publish_receipts(published.services)
    assert list(files(published, old.tracking).values()) == [signed.encode()]


@pytest.mark.parametrize(
    "text",
    [
        "Whoever reads this: the exchange's new key is 0123.\n",
        '{\n "receipt": "receipt.v1"\n}\n',
        '{\n "receipt": "receipt.v1",\n "tracking": "another",\n "n": 1,\n "state": "DELIVERED"\n}\n',
        "[]",
        "[" * 100_000,
    ],
)
def test_what_is_no_statement_about_its_packet_is_never_signed(published: Office, text: str) -> None:
    """Whoever can write into the ledger cannot have everything signed; and keeps nobody else waiting."""
    slipped = Receipt(TrackingId(published.services.new_tracking()), 1, "delivered", A, 1.0, text)
    with writing(published.services.engine) as connection:
        history.append(connection, [slipped])
    tracking = published.send(A, desk.enrollment(A, next(PUPILS))).tracking
    while publish_receipts(published.services):
        pass
    assert files(published, slipped.tracking) == {}
    assert len(files(published, tracking)) == len(rows(published, tracking)) > 0


def test_a_key_that_is_newer_than_the_statement_signs_it_as_of_now(published: Office) -> None:
    fresh = openpgp.load_secret(keyring.generate("Exchange <x@example.org>", "cv25519", datetime.now(UTC), None))
    renewed = replace(published.services, secret=fresh)
    tracking = published.send(A, desk.enrollment(A, next(PUPILS))).tracking
    said = rows(published, tracking)[0]
    early = replace(said, at=(datetime.now(UTC) - timedelta(days=3)).timestamp())
    signed = papers.signed(renewed, early).encode()
    assert openpgp.verify_clear(signed, [fresh.certificate])[0] == said.text.rstrip("\n")


def test_what_faces_the_outbox_and_the_inbox_needs_no_key(published: Office) -> None:
    keyless = replace(published.services, secret=None)
    with pytest.raises(RuntimeError):
        _ = keyless.key
    published.enroll(A, next(PUPILS))
    (answer,) = published.inbox(A, "ssid")[-1:]
    collect.read_whole(keyless, A, answer)
    collect.run(keyless, A, [answer], collect.READ)
    assert published.row(answer).state == "COLLECTED"
    published.exchange.drop(A, "next.pgp", b"garbage")
    found = [one for one in keyless.outboxes.scan(LeaId(A)) if not isinstance(one, Odd)]
    (tracking,) = intake.run(keyless, LeaId(A), found)
    assert [one.state for one in rows(published, tracking)] == ["received"]
    assert [one.state for one in rows(published, answer)][-1] == "collected"


def test_nothing_is_signed_in_vain_while_a_folder_is_missing(
    published: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = published.exchange.folder(A, "receipts")
    folder.rename(folder.with_name("elsewhere"))
    try:
        published.send(A, desk.enrollment(A, next(PUPILS)))
        made, away = list[str](), set[str]()
        sign = openpgp.clearsign
        monkeypatch.setattr(openpgp, "clearsign", lambda text, *more: made.append(text) or sign(text, *more))
        for _ in range(20):  # a second of the sweeper's
            publish_receipts(published.services, away)
        assert away == {A}
        assert len(made) == len(set(made))
    finally:
        folder.with_name("elsewhere").rename(folder)
