"""Which names are federal, however they are written."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.openpgp import frames
from broker.core.parties import federal
from broker.core.parties.federal import Found
from broker.edge.pgp import keyring, validity
from broker.edge.settings import federal_names
from broker.edge.settings.values import Ledger, Redis, Settings, SettingsError, Sftp

NAMES = federal_names.load()

FEDERAL = [
    "army.mil",
    "ARMY.MIL",
    "army.mil.",
    "www.dodea.mil",
    "fs.fed.us",
    "ed.gov",
    "mail.ed.gov",
    "newagency.gov",  # nobody knows it: denied
    "dodea.edu",
    "hill.af.mil",
    "fakeutah.gov",
    "utah.gov.mil",
    "ａｒｍｙ．ｍｉｌ",  # full width
    "army。mil",  # the ideographic full stop is a dot, RFC 3490
    "army.m\u200bil",  # an invisible space
    "army.m\u00adil",  # a soft hyphen
    "army.ᵐⁱˡ",
    "xn--mil-.xn--mil-",
    "xn--army-.mil",
    "xn--armymil-9o3f",  # army。mil
    "xn--rmy-kla.mil",
    "mil",
    "gov",
]
NOT_FEDERAL = [
    "utah.gov",
    "schools.utah.gov",
    "UTAH.GOV.",
    "ca.gov",
    "district.k12.ut.us",
    "state.ut.us",
    "canyon.org",
    "mil.org",
    "gov.example.com",
    "example.gov.uk",
    "milford.edu",
    "notdodea.edu",
    "xn--caf-dma.org",
    "",
    "localhost",
    "127.0.0.1",
]


@pytest.mark.parametrize("host", FEDERAL)
def test_federal(host: str) -> None:
    assert federal.is_federal(host, NAMES)


@pytest.mark.parametrize("host", NOT_FEDERAL)
def test_not_federal(host: str) -> None:
    assert not federal.is_federal(host, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "Records <records@army.mil>",
        "Records <RECORDS@Hill.AF.MIL>",
        "records@army.mil",
        "Records (army.mil) <records@district.org>",
        "Records <records@district.org>, <other@army.mil>",
        "<sftp://records.army.mil:22/outbox>",
        '"records@army.mil"@district.org',
        "records%army.mil@relay.org",
        "records@army.mil.",
        "records@army。mil",
        "records@army.m\u200bil",
        "records [at] army [dot] mil",
        "records(at)army(dot)mil",
        "records@army .mil",
        "records@army . mil",
        "Records <records@army. mil>",
        "Records <records@army.(the) mil>",
        "records@army(the).mil",
        "r\0e\0c\0@\0a\0r\0m\0y\0.\0m\0i\0l\0",
        "records@mil",
        "root@gov",
        "records@xn--army-.mil",
        "*.army.mil",
        "a\nrecords@army.mil",
        "records@army\ufffd.mil",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ/xyz+abc= ops@army.mil",
        'from="*.army.mil" ssh-ed25519 AAAA',
    ],
)
def test_found_in_a_text(text: str) -> None:
    assert federal.federal_in(text, NAMES, "name")


@pytest.mark.parametrize(
    "text",
    [
        "Gov. Bent Charter School",
        "Milford District <it@milford.k12.ut.us>",
        "U.S. Grant Elementary",
        "St. Mil",
        "Utah State Board <it@schools.utah.gov>",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ/xyz+abc= anna@laptop",
        "",
    ],
)
def test_nothing_is_found(text: str) -> None:
    assert federal.federal_in(text, NAMES) == []


@given(st.sampled_from(["army.mil", "ed.gov", "fs.fed.us", "dodea.edu"]), st.data())
def test_no_way_of_writing_hides_it(host: str, data: st.DataObject) -> None:
    letters = []
    for letter in host:
        upper = data.draw(st.booleans())
        wide = data.draw(st.booleans())
        one = letter.upper() if upper else letter
        letters.append(chr(ord(one) + 0xFEE0) if wide else one)
        if data.draw(st.booleans()):
            letters.append("\u200d")
    before = data.draw(st.sampled_from(["", "mail.", "a.b."]))
    written = before + "".join(letters) + data.draw(st.sampled_from(["", ".", "．"]))
    assert federal.is_federal(written, NAMES)
    assert federal.federal_in(f"Name <who@{written}>", NAMES)


def test_a_name_is_not_longer_than_names_are() -> None:
    (found,) = federal.federal_in(f"f@{'a' * 100_000}.army.mil", NAMES)
    assert len(found.host) == 253
    assert found.host.endswith(".army.mil")


@given(st.text())
def test_any_text_can_be_looked_at(text: str) -> None:
    for host in federal.hosts_in(text):
        assert isinstance(federal.is_federal(host, NAMES), bool)


def test_every_user_id_counts_also_one_that_nobody_signed() -> None:
    made = keyring.public(keyring.generate("C <it@canyon.org>", "cv25519", datetime(2026, 1, 1, tzinfo=UTC), None))
    assert federal_names.in_certificate(made, NAMES) == []
    stray = validity.binary(made) + frames.packet(frames.USER_ID, b"F <f@army.mil>")
    assert federal_names.in_certificate(stray, NAMES) == [Found("army.mil", "certificate")]


def test_exceptions_cover_what_is_under_them() -> None:
    found = [Found("mail.dodea.edu", "name"), Found("army.mil", "name"), Found("xdodea.edu", "name")]
    assert federal.uncovered(found, ["DoDEA.edu."]) == found[1:]
    assert federal.covering("a.b.dodea.edu", ["dodea.edu", "b.dodea.edu", "edu.dodea"]) == "b.dodea.edu"
    assert federal.covering("dodea.edu", ["mail.dodea.edu"]) is None


def test_an_exception_is_for_one_federal_name() -> None:
    assert federal.check_exception("Mail.Army.MIL.", NAMES) == "mail.army.mil"
    for whole in ("mil", ".gov", "fed.us", "", "us"):
        with pytest.raises(ValueError, match="too much"):
            federal.check_exception(whole, NAMES)
    for other in ("utah.gov", "canyon.org"):
        with pytest.raises(ValueError, match="not federal"):
            federal.check_exception(other, NAMES)


def test_a_home_adds_names(tmp_path: Path) -> None:
    (tmp_path / "federal.toml").write_text('allowed = ["Provo.gov"]\nfederal = ["lab.utah.gov", "bank.org"]\n')
    own = federal_names.load(tmp_path)
    assert federal.is_federal("mail.provo.gov", NAMES)
    assert not federal.is_federal("mail.provo.gov", own)
    assert federal.is_federal("lab.utah.gov", own)
    assert federal.is_federal("bank.org", own)
    assert federal.is_federal("army.mil", own)
    assert federal_names.load(tmp_path / "none") == NAMES


@pytest.mark.parametrize(
    "text",
    [
        'allowed = ["army.mil"]',
        'allowed = ["gov"]',
        'allowed = ["ed.gov"]',
        'allowed = ["mail.ed.gov"]',
        'allowed = ["dodea.edu"]',
        'allowed = ["fs.fed.us"]',
        'allowed = ["canyon.org"]',
        'allowed = "provo.gov"',
        "allowed = [1]",
        'allowed = [""]',
        "endings = []",
        "open_endings = ['mil']",
        "not toml",
    ],
)
def test_a_home_takes_nothing_away(text: str, tmp_path: Path) -> None:
    (tmp_path / "federal.toml").write_text(text)
    with pytest.raises(SettingsError) as failed:
        federal_names.load(tmp_path)
    assert str(tmp_path / "federal.toml") in str(failed.value)


def test_hosts_of_an_installation(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path,
        name="Exchange of example.mil",
        sftp=Sftp(host="SFTP.Army.MIL."),
        redis=Redis(url="redis://:secret@cache.nasa.gov:6379/0"),
        ledger=Ledger(url="postgresql+psycopg://u:p@db.newagency.gov/x"),
    )
    found = federal_names.in_settings(settings, NAMES)
    assert {one.where for one in found} == {"name", "sftp.host", "redis.url", "ledger.url"}
    assert "secret" not in str(found)
    assert federal_names.in_settings(Settings(home=tmp_path), NAMES) == []
