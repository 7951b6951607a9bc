"""`satchel fetch --open --as`: what has come is fetched, opened and made readable in one command."""

import json
from pathlib import Path

from broker.edge.pgp import openpgp
from tests.support import readable
from tests.support.own_commands import ok, satchel, sentence
from tests.support.ssh import PACKET, House, Running, names

pytest_plugins = ("tests.support.ssh_fixtures",)

TABLE, OTHER = PACKET.replace("student-record", "ssid"), PACKET.replace("student-record", "transfer")


def test_what_has_come_is_opened_and_made_readable(house: House, served: Running, tmp_path: Path) -> None:
    for name in ("mine", "theirs", "stranger"):
        ok(satchel("keygen", "--name", name, "--out", name, "--ssh", at=tmp_path))
    house.lines["6G"] = [(tmp_path / "mine" / "id_ed25519.pub").read_text()]
    for name, at in (("01", "theirs"), ("6G", "mine"), ("exchange", "theirs")):
        public = (tmp_path / at / "public.asc").read_bytes()
        (house.root("6G") / "directory" / f"{name}.asc").write_bytes(public)
    mine = (tmp_path / "mine" / "public.asc").read_bytes()
    document = json.dumps(readable.record()).encode()
    for name, signer, content in (
        (PACKET, "theirs", document),
        (TABLE, "theirs", b"Row,SSID\r\n00000002,1\r\n"),
        (OTHER, "stranger", document),
    ):
        secret = openpgp.load_secret((tmp_path / signer / "secret.asc").read_bytes())
        (house.inbox("6G") / name).write_bytes(openpgp.seal(content, secret, [mine]))
    server = ("--server", f"127.0.0.1:{served.port}", "--user", "6G", "--identity", "mine/id_ed25519")
    known = ("--known-hosts", served.known_hosts)
    opening = ("--open", "--key", "mine/secret.asc", "--as", "html", "--as", "csv")
    sentence(satchel("fetch", "--into", "in", *server, *known, "--open", at=tmp_path), 2)
    sentence(satchel("fetch", "--into", "in", *server, *known, "--as", "html", at=tmp_path), 2)

    ended = satchel("fetch", "--into", "in", *server, *known, *opening, at=tmp_path)
    assert ended.returncode == 1  # one of them is signed by nobody whom the directory knows
    assert "[unknown-signer]" in ended.stderr
    assert "neither JSON nor a transcript" in ended.stderr
    inbox = tmp_path / "in" / "inbox"
    base, table = (name.removesuffix(".pgp") for name in (PACKET, TABLE))
    assert set(names(inbox)) == {
        *(PACKET, TABLE, OTHER),
        *(base, f"{base}.html", f"{base}-csv", f"{base}-files"),
        table,
    }
    assert (inbox / base).read_bytes() == document
    assert readable.lacking(readable.record()["student"], (inbox / f"{base}.html").read_text()) == []
    assert f"{base}.html" in ended.stdout
    assert "Kamakawiwo" not in ended.stdout + ended.stderr
    again = ok(satchel("fetch", "--into", "in", *server, *known, *opening, at=tmp_path))
    assert again.startswith("Nothing new.\n")
