"""The LEA's side of the command line, as its own process: keygen, seal, send, fetch, open. gpg reads what it writes."""

import json
import os
import pty
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from broker.edge.pgp import openpgp
from tests.support.gpg import Gpg
from tests.support.own_commands import alone, ok, satchel, sentence
from tests.support.ssh import PACKET, House, Running, names

pytest_plugins = ("tests.support.ssh_fixtures",)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys of a charter, of the exchange, and a directory of both."""
    path = tmp_path_factory.mktemp("desk")
    ok(satchel("keygen", "--name", "Canyon Charter", "--out", "mine", "--ssh", at=path))
    ok(
        satchel(
            "keygen",
            "--name",
            "Exchange <exchange@satchel.invalid>",
            "--out",
            "theirs",
            "--algorithm",
            "rsa3072",
            "--days",
            0,
            at=path,
        )
    )
    (path / "directory").mkdir()
    (path / "directory" / "6G.asc").write_bytes((path / "mine" / "public.asc").read_bytes())
    (path / "directory" / "exchange.asc").write_bytes((path / "theirs" / "public.asc").read_bytes())
    both = b"\n".join(one.read_bytes() for one in sorted((path / "directory").iterdir()))
    (path / "directory" / "all.asc").write_bytes(both)
    (path / "record.json").write_text('{"packet": "student-record.v1"}\n')
    return path


def sealed(desk: Path, tmp_path: Path, name: str = "record.pgp") -> Path:
    out = tmp_path / name
    ok(satchel("seal", "record.json", "--key", "mine/secret.asc", "--to", "theirs/public.asc", "--out", out, at=desk))
    return out


def test_keys_are_secret_and_never_overwritten(desk: Path) -> None:
    assert names(desk / "mine") == ["id_ed25519", "id_ed25519.pub", "public.asc", "secret.asc"]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (desk / "mine").iterdir()}
    assert modes["secret.asc"] == modes["id_ed25519"] == 0o600
    before = (desk / "mine" / "secret.asc").read_bytes()
    told = sentence(satchel("keygen", "--name", "Other", "--out", "mine", at=desk))
    assert "never overwritten" in told
    assert (desk / "mine" / "secret.asc").read_bytes() == before
    listed = subprocess.run(["ssh-keygen", "-lf", desk / "mine" / "id_ed25519"], capture_output=True, check=True).stdout
    assert b"ED25519" in listed


def test_keygen_tells_what_it_made(tmp_path: Path) -> None:
    told = json.loads(ok(satchel("keygen", "--name", "Ñandú Charter", "--out", "k", "--ssh", "--json", at=tmp_path)))
    assert len(told["fingerprint"]) == 40
    assert told["secret"] == "k/secret.asc"
    assert told["ssh_public"].startswith("ssh-ed25519 ")


def test_what_is_sealed_here_gpg_opens_and_the_other_way_round(desk: Path, tmp_path: Path) -> None:
    with Gpg() as gpg:
        gpg.import_((desk / "theirs" / "secret.asc").read_bytes())
        gpg.import_((desk / "mine" / "public.asc").read_bytes())
        content, status = gpg.decrypt(sealed(desk, tmp_path).read_bytes())
        assert content == (desk / "record.json").read_bytes()
        assert "GOODSIG" in status
        assert "Canyon Charter" in status
        signer = gpg.generate("Alpine District")
        (tmp_path / "keys").mkdir()
        (tmp_path / "keys" / "01.asc").write_bytes(gpg.export(signer))
        packet = gpg.seal(b"from gpg", [gpg.generate("x"), "Canyon Charter"], signer)
    (tmp_path / "p.pgp").write_bytes(packet)
    told = ok(
        satchel("open", tmp_path / "p.pgp", "--key", "mine/secret.asc", "--directory", tmp_path / "keys", at=desk)
    )
    assert told.startswith("Good signature from 01, key ")  # by the key's file: its own word counts for nothing
    assert (tmp_path / "p").read_bytes() == b"from gpg"


def test_open_keeps_only_what_has_a_good_signature(desk: Path, tmp_path: Path) -> None:
    packet, out = sealed(desk, tmp_path), tmp_path / "out.json"
    theirs = ("--key", "theirs/secret.asc", "--out", out)
    (tmp_path / "empty").mkdir()
    (tmp_path / "strangers").mkdir()
    (tmp_path / "strangers" / "exchange.asc").write_bytes((desk / "theirs" / "public.asc").read_bytes())
    broken = tmp_path / "broken.pgp"
    broken.write_bytes(packet.read_bytes()[:-10])
    refused = [
        (satchel("open", packet, *theirs, "--directory", tmp_path / "empty", at=desk), "holds no public keys"),
        (satchel("open", packet, *theirs, "--directory", tmp_path / "strangers", at=desk), "unknown-signer"),
        (satchel("open", broken, *theirs, "--directory", "directory", at=desk), "truncated"),
        (satchel("open", tmp_path / "none", *theirs, "--directory", "directory", at=desk), "cannot be read"),
        (
            satchel("open", packet, "--key", "mine/secret.asc", "--out", out, "--directory", "directory", at=desk),
            "not sealed for this key",
        ),
    ]
    for ended, why in refused:
        assert why in sentence(ended)
    assert not out.exists()
    told = json.loads(ok(satchel("open", packet, *theirs, "--directory", "directory", "--json", at=desk)))
    assert told["name"] == "6G"
    assert out.read_bytes() == (desk / "record.json").read_bytes()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "already there" in sentence(satchel("open", packet, *theirs, "--directory", "directory", at=desk))
    assert names(tmp_path) == ["broken.pgp", "empty", "out.json", "record.pgp", "strangers"]


def test_a_file_that_is_no_public_key_does_not_stand_against_a_packet(desk: Path, tmp_path: Path) -> None:
    """Whatever else somebody keeps in the folder with the keys: the packet is good."""
    shutil.copytree(desk / "directory", tmp_path / "keys")
    (tmp_path / "keys" / "receipt.asc").write_text("-----BEGIN PGP SIGNED MESSAGE-----\n\nno key\n")
    (tmp_path / "keys" / "mine.asc").write_bytes((desk / "mine" / "secret.asc").read_bytes())
    words = ("open", sealed(desk, tmp_path), "--key", "theirs/secret.asc", "--directory", tmp_path / "keys")
    assert "Good signature from" in ok(satchel(*words, "--out", tmp_path / "out", at=desk))


def test_a_public_key_given_for_a_secret_one_is_told_as_that(desk: Path, tmp_path: Path) -> None:
    words = ("open", sealed(desk, tmp_path), "--key", "theirs/public.asc", "--directory", "directory")
    said = sentence(satchel(*words, "--out", tmp_path / "out", at=desk))
    assert "holds no secret key" in said
    assert "--export" not in said


def test_a_receipt_that_another_key_has_signed_is_told_as_that(desk: Path, tmp_path: Path) -> None:
    """Perhaps the wrong key was named, and not the receipt is wrong: what the exchange knows has nothing to do with"
    " it."""
    key = openpgp.load_secret((desk / "theirs" / "secret.asc").read_bytes())
    (tmp_path / "r.asc").write_text(openpgp.clearsign("{}\n", key))
    said = sentence(satchel("receipt", "verify", tmp_path / "r.asc", "--cert", "mine/public.asc", at=desk))
    assert said.startswith("NOT GENUINE")
    assert "is not signed with the key in mine/public.asc" in said


def test_open_names_the_party_of_the_fingerprint(desk: Path, tmp_path: Path) -> None:
    """By the exchange's list, whatever the key says, in whichever file it lies, and however often."""
    ok(satchel("keygen", "--name", "Canyon School District", "--out", "k", at=tmp_path))
    public = (tmp_path / "k" / "public.asc").read_bytes()
    mark = json.loads(ok(satchel("keygen", "--name", "Other", "--out", "other", "--json", at=tmp_path)))["fingerprint"]
    with Gpg() as gpg:
        gpg.import_(public)
        listed = gpg.run("--with-colons", "--list-keys")[0].decode()
    own = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))
    (tmp_path / "directory").mkdir()
    for name in ("01", "02", "all"):
        (tmp_path / "directory" / f"{name}.asc").write_bytes(public)
    words = ["seal", desk / "record.json", "--key", "k/secret.asc", "--to", desk / "theirs" / "public.asc"]
    ok(satchel(*words, "--out", "p.pgp", at=tmp_path))
    opening = ["open", "p.pgp", "--key", desk / "theirs" / "secret.asc", "--directory", "directory"]
    parties = tmp_path / "directory" / "parties.json"
    told = ok(satchel(*opening, "--out", "a", at=tmp_path))
    assert told.startswith("Good signature from 01, key ")
    mesa = [{"id": "01", "name": "Canyon", "keys": [mark]}, {"id": "02", "name": "Mesa\x1b[2J", "keys": [own]}]
    parties.write_text(json.dumps(mesa))
    told = ok(satchel(*opening, "--out", "b", at=tmp_path))
    assert told.startswith("Good signature from Mesa?[2J (02), key ")
    assert "Canyon" not in told
    for broken in ("{", "[]x", "7", '{"a": 1}', '[{"id": 1}]', "[[]]", "[" * 100_000):
        parties.write_text(broken)
        assert "fetch your directory folder again" in sentence(satchel(*opening, "--out", "c", at=tmp_path))


def test_seal_leaves_nothing_when_it_fails(desk: Path, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "out.pgp")
    for words in (
        ("none.json", "--key", "mine/secret.asc", "--to", "theirs/public.asc"),
        ("record.json", "--key", "mine/public.asc", "--to", "theirs/public.asc"),
        ("record.json", "--key", "mine/secret.asc", "--to", "record.json"),
        ("record.json", "--key", "mine/secret.asc", "--to", "mine/id_ed25519.pub"),
    ):
        sentence(satchel("seal", *words, *out, at=desk))
    assert names(tmp_path) == []
    packet = sealed(desk, tmp_path)
    again = ("record.json", "--key", "mine/secret.asc", "--to", "theirs/public.asc", "--out", packet)
    assert "already there" in sentence(satchel("seal", *again, at=desk))


def test_a_locked_key_asks_or_reads_a_file(desk: Path, tmp_path: Path) -> None:
    (tmp_path / "word").write_text("correct horse\n")
    (tmp_path / "wrong").write_text("battery staple\n")
    ok(satchel("keygen", "--name", "Locked", "--out", "k", "--ssh", "--passphrase-file", "word", at=tmp_path))
    words = ["seal", desk / "record.json", "--key", "k/secret.asc", "--to", desk / "theirs" / "public.asc"]
    assert "--passphrase-file" in sentence(satchel(*words, "--out", "a.pgp", at=tmp_path))
    refused = satchel(*words, "--out", "a.pgp", "--passphrase-file", "wrong", at=tmp_path)
    assert "[key-locked]" in sentence(refused)
    assert "battery" not in refused.stderr
    ok(satchel(*words, "--out", "a.pgp", "--passphrase-file", "word", at=tmp_path))
    near, far = pty.openpty()
    command = [sys.executable, "-m", "broker.cli.main", *map(str, words), "--out", "b.pgp"]
    program = subprocess.Popen(
        command, cwd=tmp_path, stdin=far, stdout=subprocess.PIPE, stderr=far, start_new_session=True, text=True
    )
    os.close(far)
    try:
        asked = b""
        while not asked.endswith(b": "):
            asked += os.read(near, 1000)
        os.write(near, b"correct horse\n")
        assert "b.pgp is sealed" in program.communicate(timeout=30)[0]
        assert b"horse" not in os.read(near, 1000)
    finally:
        os.close(near)
        program.kill()
        program.wait()
    assert (tmp_path / "b.pgp").exists()


def test_wrong_use_is_told_with_exit_two(desk: Path) -> None:
    rest = ("--user", "01", "--identity", "mine/id_ed25519")
    for words in (
        ("send", "record.json", "--server", "127.0.0.1:99999", *rest, "--known-hosts", "x"),
        ("send", "record.json", "--server", "a b", *rest, "--known-hosts", "x"),
        ("send", "record.json", "--server", "127.0.0.1", *rest),
        ("fetch", "--into", "in", "--server", "127.0.0.1", *rest, "--host-key", "MD5:aa"),
        ("keygen", "--name", "x", "--out", "k", "--algorithm", "dsa"),
        ("keygen", "--name", "a\nb", "--out", "k"),
    ):
        sentence(satchel(*words, at=desk), 2)


def test_send_fetch_and_open(desk: Path, house: House, served: Running, tmp_path: Path) -> None:
    house.lines["6G"] = [(desk / "mine" / "id_ed25519.pub").read_text()]
    server = ("--server", f"127.0.0.1:{served.port}", "--user", "6G", "--identity", desk / "mine" / "id_ed25519")
    pinned = ("--host-key", served.server.host_key.fingerprint)
    packet = sealed(desk, tmp_path)
    assert "Sent record.pgp" in ok(alone("send", packet, *server, *pinned, at=tmp_path))
    assert (house.outbox("6G") / "record.pgp").read_bytes() == packet.read_bytes()

    theirs = openpgp.load_secret((desk / "theirs" / "secret.asc").read_bytes())
    mine = (desk / "mine" / "public.asc").read_bytes()
    (house.inbox("6G") / PACKET).write_bytes(openpgp.seal((desk / "record.json").read_bytes(), theirs, [mine]))
    for path in (desk / "directory").iterdir():
        (house.root("6G") / "directory" / path.name).write_bytes(path.read_bytes())
    known = ("--known-hosts", served.known_hosts)
    kept = json.loads(ok(alone("fetch", "--into", "in", *server, *known, "--keep", "--json", at=tmp_path)))
    assert [one["name"] for one in kept["fetched"]] == ["6G.asc", "all.asc", "exchange.asc", PACKET]
    assert f"Fetched {PACKET}" in ok(satchel("fetch", "--into", "in", *server, *known, at=tmp_path))
    assert names(house.inbox("6G")) == []
    assert ok(satchel("fetch", "--into", "in", *server, *known, at=tmp_path)).startswith("Nothing new.\n")
    told = ok(
        satchel(
            *("open", f"in/inbox/{PACKET}", "--key", desk / "mine" / "secret.asc", "--directory", "in/directory"),
            at=tmp_path,
        )
    )
    assert "Good signature from exchange, key" in told
    assert (tmp_path / "in" / "inbox" / PACKET.removesuffix(".pgp")).read_text() == (desk / "record.json").read_text()


def test_send_and_fetch_say_what_to_do(desk: Path, served: Running, tmp_path: Path) -> None:
    server = ("--server", f"127.0.0.1:{served.port}", "--user", "6G", "--identity", desk / "mine" / "id_ed25519")
    packet = sealed(desk, tmp_path)
    unknown = alone("send", packet, *server, "--host-key", "SHA256:" + "A" * 43, at=tmp_path)
    assert "ask the exchange's operator" in sentence(unknown)
    known = ("--known-hosts", served.known_hosts)
    assert "does not let 6G in" in sentence(satchel("fetch", "--into", "in", *server, *known, at=tmp_path))
    assert "is not a file" in sentence(satchel("send", "none.pgp", *server, *known, at=tmp_path))
