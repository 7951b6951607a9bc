"""How a packet is read: opened, verified, parsed, checked and digested, in one go.

Owns what is done with hostile bytes before their document is known. Promises: the answer has the form of
`broker.formats.opening`; parts of a travelling document that only its receiver needs do not come back; a reader knows
no ledger: where the LEA's certificates do not have the signer's key, it gives the key's id, and others judge. Only
readers import this module, because it loads all parsers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge.bounded.channel import Buffer
from broker.edge.bounded.ward import Work
from broker.edge.pgp import openpgp, validity
from broker.edge.pgp.openpgp import SecretKey
from broker.edge.schemas.contracts import Contracts
from broker.edge.settings import exit_codes
from broker.edge.settings.values import Settings
from broker.formats import dates, reading, whatisit
from broker.formats.made import Made
from broker.formats.opening import Circumstances, Outcome, Sealed, outcome_of


@dataclass(frozen=True)
class Desk:
    """The tools for reading: the exchange's key, the schemas, the digest, and a function that picks the parts of a
    document that the worker needs."""

    settings: Settings
    key: SecretKey
    contracts: Contracts
    digest: Callable[[bytes], str]
    needed: Callable[[Mapping[str, Any]], Mapping[str, Any]]

    def answer(self, around: Circumstances, packet: Sealed) -> bytes:
        """The answer to one packet (`outcome_of`). Raises MemoryError and nothing else."""
        strangers: list[str] = []
        try:
            return orjson.dumps(self._read(around, packet, strangers))
        except Refused as refused:
            said: dict[str, Any] = {"refused": [refused.code, refused.pointer, refused.hint], "strangers": strangers}
        except MemoryError:
            raise
        except Exception as bug:  # noqa: BLE001  its text may quote the packet: only kind and places are given
            said = {"bug": type(bug).__name__, "places": _places(bug)}
        return orjson.dumps(said)

    def _read(self, around: Circumstances, packet: Sealed, strangers: list[str]) -> dict[str, Any]:
        settings = self.settings
        if packet.is_known:
            cipher, key = openpgp.session_of(packet.content, self.key)
            return {"session": [cipher, key.hex()]}

        def is_known(key_id: str) -> bool:
            strangers.append(key_id)
            return False

        opened = self._opened(around, packet, is_known)
        lea = LeaId(packet.lea)
        today = dates.today_of(settings, around.now)
        try:
            facts = (lea, settings.limits, self.contracts, settings.identity, today)
            made = self._made(opened.signed_at or around.now, packet.mapping)
            whole = reading.read(opened.content, packet.file, *facts, zone=settings.time.zone, made=made)
        except Refused as refused:
            raise whatisit.when_opened(opened.content, refused) from None
        return {
            "session": [opened.session[0], opened.session[1].hex()],
            "signing_key": opened.signing_key,
            "digest": self.digest(reading.named_by(opened.content, whole)),
            "document": self.needed(whole),
        }

    def _made(self, at: datetime, mapping: str) -> Made:
        settings = self.settings
        codes = exit_codes.load(settings.home, settings.transfers.codes) if mapping else ()
        return Made(at, self.digest, settings.time.zone, mapping, settings.dates.order, codes)

    def _opened(self, around: Circumstances, packet: Sealed, is_known: Callable[[str], bool]) -> openpgp.Opened:
        limits, certificates = self.settings.limits, around.certificates.get(packet.lea, ())
        try:
            return openpgp.open_packet(packet.content, self.key, certificates, limits, around.now, is_known)
        except Refused as refused:
            if refused.code == "not-for-exchange" and not refused.hint:
                addressees = whatisit.addressees(packet.content, limits)
                if any(validity.has_key(one, key) for key in addressees for one in certificates):
                    raise Refused(refused.code, "", whatisit.TO_ITSELF) from None
                any(is_known(key) for key in addressees)  # notes them as strangers in the answer, for others to judge
            raise whatisit.in_outbox(packet.content, refused, limits) from None


def _places(bug: BaseException) -> list[str]:
    """The functions and lines of the traceback, without the source text that a formatted traceback shows."""
    out: list[str] = []
    at = bug.__traceback__
    while at is not None and len(out) < 50:
        out.append(f"{at.tb_frame.f_code.co_name}:{at.tb_lineno}")
        at = at.tb_next
    return out


class Inside:
    """A reader in the same process, for tests."""

    is_patient = True

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def start(self) -> None:
        """See Reader.start."""

    def read(self, around: Circumstances, packets: Sequence[Sealed]) -> Mapping[int, Outcome]:
        """See Reader.read."""
        return {number: outcome_of(self._desk.answer(around, one)) for number, one in enumerate(packets)}


def work_of(desk: Desk) -> Work:
    """The work that the process beside does for each packet."""
    held: list[tuple[bytes, Circumstances]] = []

    def work(common: Buffer, head: Buffer, body: Buffer) -> bytes:
        said = bytes(common)
        if not held or held[0][0] != said:
            held[:] = [(said, _circumstances(orjson.loads(said)))]
        file, lea, is_known, mapping = orjson.loads(head)
        return desk.answer(held[0][1], Sealed(body, file, lea, is_known, mapping))

    return work


def _circumstances(said: Mapping[str, Any]) -> Circumstances:
    certificates = {lea: [one.encode("latin-1") for one in all_] for lea, all_ in said["certificates"].items()}
    return Circumstances(datetime.fromisoformat(said["now"]), certificates)
