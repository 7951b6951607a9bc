"""Text signatures: whatever its line ends, a packet that gpg calls good is taken, and one that gpg calls bad is not."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property

import pytest

from broker.core.errors import Refused
from broker.core.openpgp import frames, signatures
from broker.edge.pgp import keyring, openpgp
from broker.edge.settings.values import Limits
from tests.support import craft
from tests.support.gpg import Gpg, GpgFailed

TEXTS = {
    "lone CR": b"a\rb\r",
    "LF": b"a\nb\n",
    "CR LF": b"a\r\nb\r\n",
    "mixed": b"a\rb\nc\r\nd",
    "blanks at the ends": b"a  \nb\t\n",
    "blanks before CR": b"a \rb\t\r",
    "no line end": b"ab",
    "empty": b"",
    "CR CR LF": b"a\r\r\nb",
    "LF CR": b"a\n\rb",
    "only a CR": b"\r",
    "only an LF": b"\n",
    "only line ends": b"\r\r\n\n\r",
    "a CSV of an old Mac": b"Request Type,Last Name\rNew,Reyes\r",
}
# what is hashed is the same for each of them
ALGORITHMS = ("cv25519", *(pytest.param(one, marks=pytest.mark.long) for one in ("rsa3072", "nistp256")))


class Sender:
    """A district with real gpg, and the exchange that it seals for."""

    def __init__(self, gpg: Gpg, algorithm: str) -> None:
        self.exchange = openpgp.load_secret(keyring.generate("X <x@example.org>", "cv25519", datetime.now(UTC), 365))
        self.gpg = gpg
        gpg.import_(self.exchange.certificate)
        self.fingerprint = gpg.generate(f"District {algorithm} <d@example.org>", algorithm)
        self.certificate = gpg.export(self.fingerprint)

    @cached_property
    def key(self) -> openpgp.SecretKey:
        """The district's secret key, for what gpg would not sign."""
        return openpgp.load_secret(self.gpg.export_secret(self.fingerprint))

    def verdict(self, sealed: bytes) -> str:
        """The exchange's."""
        try:
            opened = openpgp.open_packet(
                sealed, self.exchange, [self.certificate], Limits(), datetime.now(UTC), lambda _: False
            )
        except Refused as refused:
            return refused.code
        assert opened.signer == self.fingerprint
        return "good"

    def of_gpg(self, message: bytes) -> str:
        """gpg's, over the signed message that is not sealed yet."""
        try:
            return "good" if "GOODSIG" in self.gpg.run("--decrypt", stdin=message)[1] else "?"
        except GpgFailed as failed:
            return "bad-signature" if "BADSIG" in str(failed) else "?"


@pytest.fixture(scope="module", params=ALGORITHMS)
def sender(request: pytest.FixtureRequest) -> Iterator[Sender]:
    with Gpg() as gpg:
        yield Sender(gpg, request.param)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("options", [(), ("--textmode",), ("--textmode", "-z0"), ("--textmode", "--armor")])
def test_what_gpg_seals_is_taken_whatever_its_line_ends(sender: Sender, name: str, options: tuple[str, ...]) -> None:
    own, exchange = sender.fingerprint, sender.exchange.fingerprint
    for through_a_file in (True, False):
        sealed = sender.gpg.seal(TEXTS[name], [exchange], own, *options, stdin=not through_a_file)
        assert sender.verdict(sealed) == "good"


def normal(text: bytes, ends: bytes) -> bytes:
    """The text with CR LF for each of these line ends."""
    for end in (b"\r\n", *(bytes([one]) for one in ends)):
        text = text.replace(end, b"\n")
    return text.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("kind", [signatures.BINARY, signatures.TEXT])
@pytest.mark.parametrize("form", [b"b", b"t", b"u"])
def test_what_other_programs_sign_has_the_verdict_of_gpg(sender: Sender, name: str, kind: int, form: bytes) -> None:
    """They hash the text as it is, or with CR LF for each LF, or for each LF and CR."""
    text, key = TEXTS[name], sender.key
    for hashed in {text, normal(text, b"\n"), normal(text, b"\r\n"), text + b"x"}:
        body = key.sign(kind, [hashed], datetime.now(UTC))
        message = frames.packet(frames.ONE_PASS, signatures.one_pass(body)) + craft.literal(text, form)
        message += frames.packet(frames.SIGNATURE, body)
        expected = sender.of_gpg(message)
        assert expected != "?"
        assert sender.verdict(craft.enclose(message, sender.exchange.certificate)) == expected, (hashed, expected)


def test_what_is_signed_by_rsa_is_no_exception() -> None:
    with Gpg() as gpg:
        rsa = Sender(gpg, "rsa3072")
        for name in ("mixed", "blanks at the ends"):
            sealed = gpg.seal(TEXTS[name], [rsa.exchange.fingerprint], rsa.fingerprint, "--textmode")
            assert rsa.verdict(sealed) == "good"
        test_what_other_programs_sign_has_the_verdict_of_gpg(rsa, "mixed", signatures.TEXT, b"t")
