"""Names that people give to files, and files with nothing in them: taken, or refused with a sentence that is true."""

import paramiko
import pytest

from broker.edge.sftp.paths import NAME_BYTES
from tests.support.ssh import House, Running, names

pytest_plugins = ("tests.support.ssh_fixtures",)
Client = paramiko.SFTPClient

TAKEN = {
    "accents": "Peñasco – résumé.pgp",
    "no-break space": "new\u00a0students.pgp",
    "narrow no-break space, as on a Mac": "Screen 10.30\u202fAM.pgp",
    "wide space": "students\u3000.pgp",
    "Chinese": "姓名.pgp",
    "decomposed, as on a Mac": "Pen\u0303asco.pgp",
    "a dot at the end": "students.pgp.",
    "a blank at the end": "students.pgp ",
    "a blank at the beginning": " students.pgp",
    "quotes and signs": 'it\'s "new" & (2) #1 %20 + [x].pgp',
    "as long as can be": "é" * ((NAME_BYTES - 5) // 2) + ".pgp",
}
IN_OTHER_ENCODINGS = {
    "Latin-1": ("Peñasco.pgp".encode("latin-1"), "Peñasco.pgp"),
    "Windows-1252": ("Ana’s – list.pgp".encode("cp1252"), "Ana’s – list.pgp"),
    "bytes that are no letters of Windows": (b"x\x81\xe9.pgp", None),
}
REFUSED = {
    "long with accents": ("é" * 150 + ".pgp", "too long"),
    "long": ("x" * 250, "too long"),
    "a line end": ("a\nb.pgp", "cannot be shown"),
    "written from right to left": ("a\u202egpj.pgp", "cannot be shown"),
    "a zero-width space": ("a\u200bb.pgp", "cannot be shown"),
    "the exchange's own": (".satchel-upload.x", "belong to the exchange"),
}


def put(client: Client, name: str | bytes, content: bytes = b"sealed") -> None:
    path = b"/outbox/" + (name if isinstance(name, bytes) else name.encode())
    with client.open(path, "wb") as out:  # type: ignore[arg-type]  # bytes are sent as they are
        out.write(content)


@pytest.mark.parametrize("name", TAKEN.values(), ids=list(TAKEN))
def test_a_name_is_taken_as_it_is(house: House, sftp: Client, name: str) -> None:
    put(sftp, name)
    assert names(house.outbox()) == [name]
    assert sftp.listdir("/outbox") == [name]
    assert sftp.stat(f"/outbox/{name}").st_size == 6
    sftp.remove(f"/outbox/{name}")
    assert names(house.outbox()) == []


@pytest.mark.parametrize(("raw", "meant"), IN_OTHER_ENCODINGS.values(), ids=list(IN_OTHER_ENCODINGS))
def test_a_name_in_another_encoding_is_the_name_that_was_meant(
    house: House, sftp: Client, raw: bytes, meant: str | None
) -> None:
    if meant is None:
        with pytest.raises(OSError, match="cannot be shown"):
            put(sftp, raw)
        return
    put(sftp, raw)
    assert names(house.outbox()) == [meant]
    assert sftp.stat(b"/outbox/" + raw).st_size == 6  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "words"), REFUSED.values(), ids=list(REFUSED))
def test_a_name_that_cannot_be_is_refused_with_the_reason(house: House, sftp: Client, name: str, words: str) -> None:
    with pytest.raises(OSError, match=words) as caught:
        put(sftp, name)
    assert not isinstance(caught.value, FileNotFoundError)
    assert "no such file" not in str(caught.value).lower()
    put(sftp, "good.part")
    with pytest.raises(OSError, match=words):
        sftp.rename("/outbox/good.part", f"/outbox/{name}")
    assert names(house.outbox()) == ["good.part"]
    with pytest.raises(FileNotFoundError):
        sftp.stat(f"/outbox/{name}")  # programs ask first whether a file is there, and go on when it is not


def test_openssh_says_no_such_file_of_none_of_them(house: House, served: Running) -> None:
    (house.home / "empty.pgp").write_bytes(b"")
    (house.home / "full.pgp").write_bytes(b"sealed")
    said = served.sftp(
        f'-put {house.home}/empty.pgp "outbox/empty.pgp"\n'
        f'-put {house.home}/full.pgp "outbox/{"é" * 150}.pgp"\n'
        f'-put {house.home}/full.pgp "outbox/new\u00a0students.pgp"\n'
    )
    assert "No such file" not in said.stdout + said.stderr, said
    assert "new\u00a0students.pgp" in names(house.outbox())


def test_an_empty_file_is_taken_and_told_of_later(house: House, sftp: Client) -> None:
    put(sftp, "empty.pgp", b"")
    assert names(house.outbox()) == ["empty.pgp"]
    assert sftp.stat("/outbox/empty.pgp").st_size == 0


def test_the_page_on_what_waits_is_seen_where_there_is_one(house: House, sftp: Client) -> None:
    assert "OUTBOX-WAITS.txt" not in sftp.listdir("/")
    (house.root("01") / "OUTBOX-WAITS.txt").write_text("cut.pgp is not whole.\n")
    assert "OUTBOX-WAITS.txt" in sftp.listdir("/")
    with sftp.open("/OUTBOX-WAITS.txt") as page:
        assert page.read() == b"cut.pgp is not whole.\n"
    with pytest.raises(PermissionError):
        sftp.remove("/OUTBOX-WAITS.txt")
    with pytest.raises(PermissionError):
        sftp.open("/OUTBOX-WAITS.txt", "wb")
