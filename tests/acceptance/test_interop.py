"""Whole exchanges with the programs that LEAs already have: GnuPG, Sequoia's sq, and Satchel's own command line.

Each test seals a record with one program's defaults and opens what arrives with another; the signature that the
receiver's own `gpg` calls good must be the sending district's.
"""

import base64
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.desk import Desk, Town, child, children, enrollment, record, town
from tests.support.exchange import Exchange, satchel
from tests.support.gpg import Gpg
from tests.support.memory import peak
from tests.support.tools import require_tool

MIB = 1024 * 1024
SEALED_BYTES = 128 * MIB  # limits.sealed_bytes, as `satchel init` writes it
ANA = child("Ana", "Reyes-Ortiz", "2012-03-04")
BEN = child("Ben", "Whitaker", "2011-10-09")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    parties = {"01": ("district", "rsa3072"), "6G": ("charter", "cv25519")}
    with town(tmp_path_factory.mktemp("interop"), parties) as made:
        yield made
        assert made.bugs() == []


@pytest.fixture(scope="module")
def ana(here: Town) -> dict[str, Any]:
    """Ana as both LEAs know her by now: each has enrolled her, and read her number in its sealed notice."""
    first = here["01"].enroll(ANA, date="2025-08-18")
    second = here["6G"].enroll(ANA, date="2026-08-17")
    assert [line["answer"] for line in (*first, *second)] == ["assigned", "matched"]
    assert first[0]["ssid"] == second[0]["ssid"]
    return ANA | {"ssid": first[0]["ssid"]}


@pytest.fixture(scope="module")
def ben(here: Town) -> dict[str, Any]:
    """Ben came the other way, from 6G to 01."""
    return here.moved(BEN, "6G", "01")


def arrives(sender: Desk, receiver: Desk, name: str, content: bytes) -> None:
    """What was dropped as `name` is opened by the receiver's gpg: the very content, signed by the sender."""
    opened, signer = receiver.read(sender.delivered(name))
    assert opened == content
    assert signer == sender.fingerprint


@pytest.mark.parametrize("way", ["pipe", "file"])
@pytest.mark.parametrize(
    "options",
    [(), ("--armor",), ("--compress-algo", "zip"), ("--compress-algo", "bzip2"), ("-z", "0"), ("--encrypt-to", "self")],
    ids=" ".join,
)
def test_gpg(here: Town, ana: dict[str, Any], ben: dict[str, Any], options: tuple[str, ...], way: str) -> None:
    sender, receiver = (here["01"], here["6G"]) if way == "pipe" else (here["6G"], here["01"])
    student = ana if way == "pipe" else ben
    extra = tuple(sender.fingerprint if one == "self" else one for one in options)
    document = record(sender.lea, student, to=receiver.lea)
    name = f"{way}-{'-'.join(options)}.pgp"
    sealed = sender.seal(document, *extra, stdin=way == "pipe")
    if "--encrypt-to" in options:
        assert student["legal_name"]["first"].encode() in sender.gpg.decrypt(sealed)[0]
    sender.drop(name, sealed)
    arrives(sender, receiver, name, json.dumps(document, ensure_ascii=False).encode())


def test_a_record_of_24_kilobytes_by_the_route_of_the_enrollment(here: Town, ana: dict[str, Any]) -> None:
    courses = [{"school_year": 2026, "title": f"Course {number}", "mark": "A-"} for number in range(400)]
    document = record("01", ana, record={"course_history": courses})
    here["01"].send("long.pgp", document)
    arrives(here["01"], here["6G"], "long.pgp", json.dumps(document, ensure_ascii=False).encode())


def join_by_file(exchange: Exchange, gpg: Gpg, lea: str, certificate: bytes) -> None:
    """Enter a party whose key another program made, and give it to a gpg user."""
    exchange.add(lea, certificate, "charter")
    gpg.import_(certificate)


def sq(*args: str) -> None:
    subprocess.run([require_tool("sq"), *args], check=True, capture_output=True, timeout=60)


def passers_by(here: Town, join: Callable[[dict[str, Any]], None], lea: str, number: int) -> list[dict[str, Any]]:
    """Two students who were enrolled by `lea`, whose program `join` sends its enrollment: the first is at 6G now, the
    second came from 01 and stays."""
    gone, come = children(2, number)
    here["01"].enroll(come, date="2024-08-19")
    join(enrollment(lea, gone, come, date="2025-08-18"))
    here["6G"].enroll(gone, date="2026-08-17")
    return [gone, come]


@pytest.mark.parametrize("suite", ["cv25519", "rsa3k"])
def test_sq_to_gpg_and_back(here: Town, suite: str, tmp_path: Path) -> None:
    lea, secret, public = f"S{suite}", tmp_path / "key.pgp", tmp_path / "cert.pgp"
    sq("key", "generate", "--userid", f"LEA {lea}", "--cipher-suite", suite, "--export", str(secret))
    sq("key", "extract-cert", "--output", str(public), str(secret))
    gpg = here["6G"].gpg
    join_by_file(here.exchange, gpg, lea, public.read_bytes())
    listed = gpg.run("--with-colons", "--list-keys", f"LEA {lea}")[0].decode()
    fingerprint = re.findall(r"^fpr:+([0-9A-F]{40}):", listed, re.MULTILINE)[0]
    mine = Desk(here.exchange, lea, gpg, fingerprint)
    plain, exchange_key = tmp_path / "record.json", here.exchange.home / "exchange.asc"

    def drop(name: str, document: dict[str, Any], *options: str) -> None:
        plain.write_text(json.dumps(document))
        sealed = tmp_path / name
        keys = ("--signer-key", str(secret), "--recipient-cert", str(exchange_key))
        sq("encrypt", *options, *keys, "--output", str(sealed), str(plain))
        mine.drop(name, sealed.read_bytes())

    def join(document: dict[str, Any]) -> None:
        drop("enrollment.pgp", document)
        mine.receipt("enrollment.pgp", "APPLIED")

    gone, come = passers_by(here, join, lea, 10 if suite == "rsa3k" else 0)
    for number, options in enumerate([(), ("--binary",), ("--compression", "bzip2"), ("--compression", "none")]):
        sealed = tmp_path / f"{number}.pgp"
        drop(sealed.name, record(lea, gone, to="6G"), *options)
        arrives(mine, here["6G"], sealed.name, plain.read_bytes())
    # and the other way: what gpg sealed, sq opens, and finds the district's signature
    document = record("01", come, to=lea)
    here["01"].send(f"to-{lea}.pgp", document)
    got, theirs, opened = mine.inbox(here["01"].delivered(f"to-{lea}.pgp")), tmp_path / "01.asc", tmp_path / "opened"
    theirs.write_bytes(here["01"].gpg.export(here["01"].fingerprint))
    keys = ("--recipient-key", str(secret), "--signer-cert", str(theirs))
    sq("decrypt", *keys, "--output", str(opened), str(got))
    assert json.loads(opened.read_text()) == document


def test_satchel_to_gpg_and_back(here: Town, tmp_path: Path) -> None:
    told = json.loads(satchel("keygen", "--name", "LEA 7K", "--out", str(tmp_path / "keys"), "--json").stdout)
    gpg, lea = here["6G"].gpg, "7K"
    join_by_file(here.exchange, gpg, lea, Path(told["public"]).read_bytes())
    mine = Desk(here.exchange, lea, gpg, told["fingerprint"])
    plain = tmp_path / "record.json"
    key, to = ["--key", told["secret"]], ["--to", str(here.exchange.home / "exchange.asc")]

    def drop(name: str, document: dict[str, Any]) -> None:
        plain.write_text(json.dumps(document))
        satchel("seal", str(plain), *key, *to, "--out", str(tmp_path / name))
        mine.drop(name, (tmp_path / name).read_bytes())

    def join(document: dict[str, Any]) -> None:
        drop("enrollment.pgp", document)
        mine.receipt("enrollment.pgp", "APPLIED")

    gone, come = passers_by(here, join, lea, 20)
    drop("record.pgp", record(lea, gone, to="6G"))
    arrives(mine, here["6G"], "record.pgp", plain.read_bytes())
    document = record("01", come, to=lea)
    here["01"].send("to-7K.pgp", document)
    got, opened = mine.inbox(here["01"].delivered("to-7K.pgp")), tmp_path / "opened.json"
    directory = here.exchange.folder(lea, "directory")
    args = [*key, "--directory", str(directory), "--out", str(opened), "--json"]
    said = json.loads(satchel("open", str(got), *args).stdout)
    assert said["signer"] == here["01"].fingerprint
    assert json.loads(opened.read_text()) == document


@pytest.mark.slow
@pytest.mark.long
def test_the_largest_packets(here: Town, ana: dict[str, Any]) -> None:
    """100 MB travel, and no process needs more than DESIGN section 10 allows."""
    attachment = {"name": "scan.pdf", "media_type": "application/pdf", "content": ""}
    document = record("01", ana, to="6G", record={"attachments": [attachment]})
    attachment["content"] = base64.b64encode(os.urandom(75_000_000)).decode()
    content = json.dumps(document).encode()
    assert 100_000_000 < len(content) < SEALED_BYTES
    here["01"].send("large.pgp", content)
    arrives(here["01"], here["6G"], "large.pgp", content)
    for part, pid in here.exchange.parts().items():
        assert peak(pid) < 4 * SEALED_BYTES + 200_000_000, part
