"""docs/mistakes.md is true: each of its mistakes is made here, with real gpg and over SFTP, and answered as it says.

The page quotes each answer in a block `answer`: a receipt's code and sentence, a line of an answer, what SFTP
or gpg says, or the page OUTBOX-WAITS.txt; `…` stands for something that is different each time.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import paramiko
import pytest

from tests.support import contents
from tests.support.desk import EXCHANGE, Town, child, enrollment, town
from tests.support.exchange import satchel, wait_until
from tests.support.gpg import GpgFailed
from tests.support.ssh import hang_up, make_key
from tests.support.tools import ROOT

PAGE = (ROOT / "docs" / "mistakes.md").read_text("utf-8")
_HEADING = re.compile(r"(?m)^## (\d+)\. (.+)$")
_BLOCK = re.compile(r"(?ms)^```answer\n(.*?)^```$")
ANA = child("Ana", "Reyes-Ortiz", "2012-03-04")


class Office:
    """The secretary of 6G, with gpg and an SFTP program."""

    def __init__(self, here: Town, key: Path) -> None:
        self.here, self.desk, self.key = here, here["6G"], key
        self.count = 0

    @property
    def outbox(self) -> Path:
        return self.here.exchange.folder("6G", "outbox")

    @contextmanager
    def sftp(self) -> Iterator[paramiko.SFTPClient]:
        port = int((self.here.exchange.home / "run" / "sftp.port").read_text())
        with closing(paramiko.Transport(("127.0.0.1", port))) as line:
            line.connect(username="6G", pkey=paramiko.Ed25519Key.from_private_key_file(str(self.key)))
            client = paramiko.SFTPClient.from_transport(line)
            assert client is not None
            yield client

    def put(self, content: bytes, name: str = "") -> str:
        """Put a file into outbox over SFTP; its name."""
        self.count += 1
        name = name or f"file-{self.count}.pgp"
        with self.sftp() as client, client.open(f"/outbox/{name}", "wb") as out:
            out.write(content)
        return name

    def refused(self, content: bytes, name: str = "") -> str:
        """The receipt that refuses this file."""
        return said(self.desk.refused(self.put(content, name)))

    def answered(self, name: str, content: bytes) -> list[str]:
        """The lines of the answer to a CSV, each from where it says what became of it."""
        ended = self.desk.receipt(self.put(self.desk.seal(content), name), "APPLIED", "REFUSED")
        assert ended["state"] == "APPLIED", ended
        stem = name.partition(".")[0]

        def look() -> list[str] | None:
            for path in self.here.exchange.inbox("6G"):
                if ".ssid." in path.name:
                    text = self.desk.gpg.decrypt(path.read_bytes())[0].decode()
                    if stem in text:
                        return text.splitlines()
            return None

        lines: list[str] = wait_until(look, f"the answer to {name}")
        return lines


def said(receipt: dict[str, Any]) -> str:
    code = f"{receipt['code']}\n" if "code" in receipt else f"{receipt['state'].lower()}\n"
    return code + str(receipt["means"])


def quoted() -> dict[int, list[str]]:
    """The answers that the page quotes, by the number of the mistake."""
    parts = _HEADING.split(PAGE)
    return {int(number): _BLOCK.findall(text) for number, text in zip(parts[1::3], parts[3::3], strict=True)}


def fits(answer: str, quote: str) -> bool:
    """Whether an answer is what is quoted; line ends and blanks are as wide as each other."""
    pieces = [re.escape(" ".join(piece.split())) for piece in quote.split("…")]
    return re.fullmatch(" ?.*? ?".join(pieces), " ".join(answer.split()), re.DOTALL) is not None


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    root = tmp_path_factory.mktemp("mistakes")
    parties = {"01": ("district", "cv25519"), "6G": ("charter", "cv25519")}
    with town(root, parties, enabled=True, broken_seconds=900.0, tell_seconds=1.0) as here:
        make_key(root / "ssh")
        satchel("lea", "key", "6G", "--ssh-key", str(root / "ssh.pub"), *here.exchange.at)
        yield Office(here, root / "ssh")
        assert here.bugs() == []


def good(office: Office, **changes: Any) -> bytes:
    """A sealed enrollment."""
    return office.desk.seal(enrollment("6G", ANA, **changes))


def a_wrong_key(office: Office) -> list[str]:
    gpg = office.desk.gpg
    other = gpg.generate("Summit, last year <old@summit.example>")
    return [office.refused(gpg.seal(json.dumps(enrollment("6G", ANA)).encode(), [EXCHANGE], other))]


def not_sealed(office: Office) -> list[str]:
    return [
        office.refused(contents.JSON.encode(), "students.json"),
        office.refused(contents.workbook(), "students.xlsx"),
    ]


def sealed_to_oneself(office: Office) -> list[str]:
    desk = office.desk
    document = json.dumps(enrollment("6G", ANA)).encode()
    other = office.here["01"].fingerprint
    return [office.refused(desk.gpg.seal(document, [one], desk.fingerprint)) for one in (desk.fingerprint, other)]


def sealed_twice(office: Office) -> list[str]:
    return [office.refused(office.desk.seal(good(office)))]


def wrong_folder(office: Office) -> list[str]:
    answers = []
    with office.sftp() as client:
        for path in ("/inbox/students.pgp", "/students.pgp"):
            with pytest.raises(PermissionError) as caught:
                client.open(path, "wb")
            answers.append(str(caught.value.args[-1]))
    content = office.here["01"].gpg.seal(
        json.dumps(enrollment("01", ANA)).encode(), [EXCHANGE], office.here["01"].fingerprint
    )
    return [*answers, office.refused(content)]


def not_data(office: Office) -> list[str]:
    return [office.refused(office.desk.seal(contents.FORMS["docx"][0]()), "students.docx.pgp")]


def unsigned(office: Office) -> list[str]:
    return [office.refused(office.desk.gpg.seal(b"{}", [EXCHANGE], None))]


def wrong_from(office: Office) -> list[str]:
    return [office.refused(office.desk.seal(enrollment(lea, ANA))) for lea in ("6g", "01")]


def old_date(office: Office) -> list[str]:
    table = "Request Type,School,Last Name,First Name,Date of Birth,Entry Date\nNew,700,Lund,Noah,2014-05-17,8/17/26\n"
    this = office.answered("REQ_6G_20261123_1.csv.pgp", table.encode())[0]
    last = date.today() - timedelta(days=365)
    return [this, office.refused(office.desk.seal(table.encode()), f"REQ_6G_{last:%Y%m%d}_1.csv.pgp")]


def social_security_numbers(office: Office) -> list[str]:
    table = "Request Type,School,Last Name,First Name,Date of Birth,SSN\nNew,700,Lund,Noah,2014-05-17,529-12-3456\n"
    return [office.refused(office.desk.seal(table.encode()), "REQ_6G_20261123_2.csv.pgp")]


def wrong_school_year(office: Office) -> list[str]:
    table = "Request Type,School Year,School,Last Name,First Name,Date of Birth\nNew,{},700,Lund,Noah,2014-05-17\n"
    years = {3: "26", 5: "2072"}
    return [
        office.answered(f"REQ_6G_20261123_{number}.csv.pgp", table.format(year).encode())[0]
        for number, year in years.items()
    ]


def same_name_again(office: Office) -> list[str]:
    content = good(office)
    office.desk.receipt(office.put(content, "once.pgp"), "APPLIED")
    again = office.desk.receipt(office.put(content, "twice.pgp"), "DUPLICATE")
    table = "Request Type,School,Last Name,First Name,Date of Birth\nNew,700,{},Noah,2014-05-17\n"
    office.answered("REQ_6G_20261123_4.csv.pgp", table.format("Lund").encode())
    other = office.desk.seal(table.format("Vik").encode())
    ends = office.put(other, "REQ_6G_20261123_4.csv.pgp")

    def look() -> dict[str, Any] | None:
        about = [one for one in office.here.exchange.receipts("6G") if one["packet"].get("file") == ends]
        return next((one for one in about if one["state"] == "REFUSED"), None)

    return [said(again), said(wait_until(look, "the second of its name"))]


def unfinished_upload(office: Office) -> list[str]:
    content = office.desk.seal(enrollment("6G", ANA), stdin=False)
    with office.sftp() as client:
        out = client.open("/outbox/cut-off.pgp", "wb")
        out.write(content[:300])
        hang_up(client)
    (office.outbox / "half.pgp").write_bytes(content[: len(content) // 2])
    notice = office.here.exchange.home / "leas" / "6G" / "OUTBOX-WAITS.txt"

    def look() -> str:
        text = notice.read_text() if notice.exists() else ""
        return text if "half.pgp" in text and "cut-off.pgp" in text else ""

    wait_until(look, "it is told what waits", 60)
    with office.sftp() as client, client.open("/OUTBOX-WAITS.txt") as page:
        return [page.read().decode()]


def wrong_passphrase(office: Office) -> list[str]:
    gpg = office.desk.gpg
    locked = "Locked <locked@summit.example>"
    gpg.run("--passphrase", "a long one, 1", "--quick-gen-key", locked, "ed25519", "sign", "0")
    subprocess.run(["gpgconf", "--homedir", str(gpg.home), "--kill", "gpg-agent"], check=True)
    with pytest.raises(GpgFailed) as caught:
        gpg.run("--passphrase", "a wrong one", "--local-user", locked, "--sign", stdin=b"{}")
    line = next(one for one in str(caught.value).splitlines() if one.startswith("gpg: signing failed"))
    return [line, _of_satchel(office)]


def _of_satchel(office: Office) -> str:
    folder = office.here.exchange.home.parent
    (folder / "right").write_text("a long one, 1\n")
    (folder / "wrong").write_text("a wrong one\n")
    (folder / "plain.json").write_text("{}")
    key = str(folder / "locked")
    satchel("keygen", "--name", "Summit", "--out", key, "--passphrase-file", str(folder / "right"))
    words = ["seal", str(folder / "plain.json"), "--key", f"{key}/secret.asc", "--to"]
    words += [str(office.here.exchange.home / "exchange.asc"), "--out", str(folder / "sealed.pgp")]
    ended = satchel(*words, "--passphrase-file", str(folder / "wrong"), check=False)
    assert ended.returncode
    return ended.stderr


def receipt_sent_back(office: Office) -> list[str]:
    some = next(one for one in sorted(office.here.exchange.folder("6G", "receipts").iterdir()) if one.suffix == ".asc")
    return [office.refused(some.read_bytes(), some.name)]


MISTAKES: dict[int, Callable[[Office], list[str]]] = {
    1: a_wrong_key,
    2: not_sealed,
    3: sealed_to_oneself,
    4: sealed_twice,
    5: wrong_folder,
    6: not_data,
    7: unsigned,
    8: wrong_from,
    9: old_date,
    10: social_security_numbers,
    11: wrong_school_year,
    12: same_name_again,
    13: unfinished_upload,
    14: wrong_passphrase,
    15: receipt_sent_back,
}


def test_the_page_has_them_all() -> None:
    assert quoted().keys() == MISTAKES.keys()
    assert "](mistakes.md)" in (ROOT / "docs" / "secretary.md").read_text("utf-8")


@pytest.mark.parametrize("number", MISTAKES)
def test_a_mistake_is_answered_as_the_page_says(office: Office, number: int) -> None:
    answers = MISTAKES[number](office)
    if os.environ.get("SHOW_ANSWERS"):
        for answer in answers:
            print(f"=== {number}\n{answer}")
    assert len(answers) == len(quoted()[number])
    for answer, quote in zip(answers, quoted()[number], strict=True):
        assert fits(answer, quote), f"the exchange says:\n{answer}\nthe page says:\n{quote}"
