"""Packets that are too large, bombs, or changed: refused within bounds."""

import bz2
import hashlib
import os
import subprocess
import sys
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.core.errors import Refused
from broker.core.openpgp import armor, frames, signatures
from broker.edge.pgp import keyring, openpgp
from broker.edge.settings.values import MIB
from tests.support import craft
from tests.support.scale import examples
from tests.support.sealing import LIMITS, NOW, RECORD, World
from tests.support.tools import ROOT

_MEASURE = """
import hashlib, sys
from datetime import UTC, datetime
from pathlib import Path
from broker.core.errors import Refused
from broker.edge.pgp import openpgp
from broker.edge.settings.values import Limits
home = Path(sys.argv[1])
key = openpgp.load_secret((home / "secret").read_bytes())
sealed = (home / "sealed").read_bytes()
try:
    sender, now = (home / "sender").read_bytes(), datetime.now(UTC)
    opened = openpgp.open_packet(sealed, key, [sender], Limits(), now, lambda _: False)
    print(hashlib.sha256(opened.content).hexdigest())
    head, body = openpgp.relock(sealed, key, sender)
    with (home / "relocked").open("wb") as out:
        out.write(head)
        out.write(body)
except Refused as refused:
    print(refused.code)
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(int(peak.split()[1]) * 1024)
"""


def measured(folder: Path, secret: bytes, sender: bytes, sealed: bytes) -> tuple[str, int]:
    """What opening and re-locking in a process of its own gives, and the most memory it took, in bytes."""
    (folder / "secret").write_bytes(secret)
    (folder / "sender").write_bytes(sender)
    (folder / "sealed").write_bytes(sealed)
    command = [sys.executable, "-c", _MEASURE, str(folder)]
    printed = subprocess.run(command, check=True, capture_output=True, cwd=ROOT, text=True).stdout.split()
    return printed[0], int(printed[1])


def test_the_largest_packets_fit_into_memory(world: World, tmp_path: Path) -> None:
    secret = keyring.generate("Big exchange", "cv25519", NOW, None)
    content = tmp_path / "content"
    content.write_bytes(os.urandom(MIB) * 100)
    world.gpg.import_(keyring.public(secret))
    own, exchange = world.fingerprints["rsa3072"], openpgp.load_secret(secret).fingerprint
    sealed = world.gpg.seal(b"", [exchange], own, "-z", "0", stdin=content)
    sha256, memory = measured(tmp_path, secret, world.certificates["rsa3072"], sealed)
    assert sha256 == hashlib.sha256(content.read_bytes()).hexdigest()
    assert memory < 4 * len(sealed) + 200 * MIB
    head = (tmp_path / "relocked").read_bytes()
    assert head[-1000:] == sealed[-1000:]


def bomb_of(algorithm: int, least: int) -> bytes:
    """At least `least` bytes (bzip2: what it takes) that inflate to a thousand times as many zeros."""
    if algorithm == 3:
        return bz2.compress(bytes(1 << 26))
    engine = zlib.compressobj(6, wbits=-15)
    segment = engine.compress(bytes(1 << 20)) + engine.flush(zlib.Z_FULL_FLUSH)
    raw = segment * (least // len(segment) + 1) + b"\x03\x00"
    return raw if algorithm == 1 else b"\x78\x9c" + raw + bytes(4)


@pytest.mark.parametrize("algorithm", [1, 2, 3])
@pytest.mark.parametrize("nested", [False, True])
def test_bombs(tmp_path: Path, algorithm: int, nested: bool) -> None:
    """A gigabyte and more from a megabyte and a half; when nested from a few kilobytes, and from bzip2 anyway."""
    secret = keyring.generate("Bombed exchange", "cv25519", NOW, None)
    inner = bytes([algorithm]) + bomb_of(algorithm, 1_400_000)
    bomb = frames.packet(frames.COMPRESSED, inner)
    if nested:
        bomb = craft.compressed(bomb, algorithm)
    code, memory = measured(tmp_path, secret, FUZZ_SENDER.certificate, craft.enclose(bomb, keyring.public(secret)))
    assert code == ("bad-structure" if nested else "inflates-too-much")
    assert memory < 300 * MIB


FUZZ_KEY = openpgp.load_secret(keyring.generate("Fuzzed exchange", "cv25519", NOW, None))
FUZZ_SENDER = openpgp.load_secret(keyring.generate("Fuzzed district", "cv25519", NOW, None))
FUZZED = openpgp.seal(RECORD, FUZZ_SENDER, [FUZZ_KEY.certificate, FUZZ_SENDER.certificate])
FUZZED_ARMOR = armor.enarmor("MESSAGE", FUZZED).encode()
FUZZ = settings(max_examples=examples(300), deadline=None, suppress_health_check=list(HealthCheck))


def survives(data: bytes) -> None:
    """The only exception is Refused, and nothing is accepted with other content."""
    now = datetime.now(UTC)
    try:
        opened = openpgp.open_packet(data, FUZZ_KEY, [FUZZ_SENDER.certificate], LIMITS, now, lambda _: False)
    except Refused:
        pass
    else:
        assert opened.content == RECORD
        assert opened.signer == FUZZ_SENDER.fingerprint
    with suppress(Refused):
        openpgp.relock(data, FUZZ_KEY, FUZZ_SENDER.certificate)


@FUZZ
@given(st.sampled_from([FUZZED, FUZZED_ARMOR]), st.integers(0, len(FUZZED)), st.binary(max_size=8), st.integers(0, 8))
def test_changed_messages(whole: bytes, at: int, put: bytes, gap: int) -> None:
    survives(whole[:at] + put + whole[at + gap :])


@FUZZ
@given(st.binary(max_size=400))
def test_random_messages(data: bytes) -> None:
    survives(data)
    survives(frames.packet(frames.PKESK, b"\x03" + data) + frames.packet(frames.SEIPD, b"\x01" + data))


INNER = craft.literal(RECORD)


@FUZZ
@given(st.data())
def test_changed_letters_with_a_good_integrity_code(data: st.DataObject) -> None:
    body = FUZZ_SENDER.sign(0, [RECORD], NOW)
    inner = frames.packet(frames.ONE_PASS, signatures.one_pass(body)) + INNER + frames.packet(frames.SIGNATURE, body)
    at = data.draw(st.integers(0, 40) | st.integers(len(inner) - 140, len(inner)))
    put, gap = data.draw(st.binary(max_size=6)), data.draw(st.integers(0, 6))
    survives(craft.enclose(inner[:at] + put + inner[at + gap :], FUZZ_KEY.certificate))


@FUZZ
@given(st.integers(0, 700), st.binary(max_size=6), st.integers(0, 6))
def test_changed_receipts(at: int, put: bytes, gap: int) -> None:
    text = '{"state":"DELIVERED"}\n- and\nmore'
    whole = openpgp.clearsign(text, FUZZ_SENDER, NOW).encode()
    try:
        read, _ = openpgp.verify_clear(whole[:at] + put + whole[at + gap :], [FUZZ_SENDER.certificate])
    except Refused:
        return
    assert read == text
