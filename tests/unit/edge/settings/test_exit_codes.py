"""The list of exit codes: what is shipped, what a home says, and what is no list."""

from pathlib import Path

import pytest

from broker.edge.settings import exit_codes
from broker.edge.settings.exit_codes import CodesError, ExitCode, LeadsTo
from broker.edge.settings.file import load, render
from broker.edge.settings.rules import Transfers
from broker.edge.settings.values import SettingsError

SEEN = "AE DE DO EX FE GE HE OG Q1 Q2 Q3 SU TC TD TH TN TO TP TR TS TT T1 T2 UC UN WD WP 11"
KNOWN = {
    "TS": LeadsTo.ANOTHER_LEA,
    "TR": LeadsTo.CHARTER,
    "TD": LeadsTo.SAME_LEA,
    "TO": LeadsTo.OUT_OF_STATE,
    "HE": LeadsTo.HIGHER_ED,
}


def own(home: Path, text: str, name: str = "utah") -> Path:
    """A home with a list of its own."""
    path = home / "codes" / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return home


def test_the_shipped_list_is_what_was_seen_and_knows_five_of_it(tmp_path: Path) -> None:
    found = exit_codes.load(tmp_path)
    assert set(found) == set(SEEN.split())
    assert {code: one.leads_to for code, one in found.items() if one.is_known} == KNOWN
    assert all(one.code == code for code, one in found.items())


def test_what_nobody_knows_has_no_meaning(tmp_path: Path) -> None:
    assert exit_codes.load(tmp_path)["WD"] == ExitCode("WD", "", LeadsTo.UNKNOWN)


def test_a_home_mends_and_adds_row_by_row(tmp_path: Path) -> None:
    own(tmp_path, '[exit]\nWD = { means = " withdrawn " }\nZZ = { known = false }\nTO = { known = false }\n')
    found = exit_codes.load(tmp_path)
    assert set(found) == {*SEEN.split(), "ZZ"}
    assert (found["WD"].means, found["WD"].is_known, found["WD"].leads_to) == ("withdrawn", True, LeadsTo.UNKNOWN)
    assert not found["ZZ"].is_known
    assert found["TO"] == ExitCode("TO", "", LeadsTo.UNKNOWN)
    assert found["TS"].leads_to is LeadsTo.ANOTHER_LEA


def test_another_state_has_a_list_of_its_own(tmp_path: Path) -> None:
    own(tmp_path, '[exit.A1]\nmeans = "moved"\nleads_to = "out-of-state"\n', "elsewhere")
    assert exit_codes.load(tmp_path, "elsewhere") == {"A1": ExitCode("A1", "moved", LeadsTo.OUT_OF_STATE)}
    with pytest.raises(CodesError, match=r"no list of exit codes called nowhere; write .* or mend transfers.codes"):
        exit_codes.load(tmp_path, "nowhere")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[exit", "cannot be read"),
        ("", "must hold tables"),
        ("exit = 3", "must hold tables"),
        ("[exit]\n[entry]", "must hold tables"),
        ("[exit]\nTS = 3", "must be a table"),
        ('[exit]\nTS = { meaning = "x" }', "must be a table"),
        ("[exit]\nTS = {}", "give what it means"),
        ('[exit]\nTS = { means = "  " }', "give what it means"),
        ('[exit]\nTS = { means = "x", known = false }', "give what it means"),
        ("[exit]\nTS = { means = 3 }", "give what it means"),
        ("[exit]\nTS = { known = 0 }", "give what it means"),
        ('[exit]\nTS = { means = "x", leads_to = "federal" }', "leads_to is one of another-lea"),
        ('[exit]\nTS = { means = "x", leads_to = ["charter"] }', "leads_to is one of another-lea"),
        ('[exit]\nTS = { known = false, leads_to = "charter" }', "leads_to is one of another-lea"),
        ('[exit]\n"T S" = { known = false }', "1 to 8 letters and digits"),
        ("[exit]\nABCDEFGHI = { known = false }", "1 to 8 letters and digits"),
        ("[exit]\n\u00c4 = { known = false }", "cannot be read"),
    ],
)
def test_what_is_no_list_is_one_sentence_that_names_the_file(tmp_path: Path, text: str, says: str) -> None:
    own(tmp_path, text)
    with pytest.raises(CodesError, match=says) as error:
        exit_codes.load(tmp_path)
    assert str(error.value).startswith(str(tmp_path / "codes" / "utah.toml"))


def test_bytes_that_are_no_text_are_one_sentence(tmp_path: Path) -> None:
    own(tmp_path, "").joinpath("codes", "utah.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(CodesError, match="cannot be read"):
        exit_codes.load(tmp_path)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('codes = "../utah"', "codes must be the name"),
        ('codes = ""', "codes must be the name"),
        ('holidays = "Utah"', "holidays must be a country"),
        ('holidays = "us-ut"', "holidays must be a country"),
        ("digest_hour = 25", "digest_hour must be an hour"),
        ("answer_school_days = 0", "answer_school_days must be at least 1"),
        ("request_days = 0", "request_days must be at least 1"),
        ("military_days = 0", "military_days must be at least 1"),
    ],
)
def test_settings_of_transfers_that_cannot_be(tmp_path: Path, line: str, says: str) -> None:
    (tmp_path / "satchel.toml").write_text(f"[transfers]\n{line}\n")
    with pytest.raises(SettingsError, match=says):
        load(tmp_path)


def test_settings_of_transfers_are_the_laws_unless_changed(tmp_path: Path) -> None:
    (tmp_path / "satchel.toml").write_text(render("A"))
    assert load(tmp_path).transfers == Transfers(14, 30, 10, 6, "US-UT", "", "utah")
    (tmp_path / "satchel.toml").write_text('[transfers]\nholidays = ""\ndigest_hour = 24\nyear_round = "6G , 02,"\n')
    chosen = load(tmp_path).transfers
    assert (chosen.holidays, chosen.digest_hour, chosen.year_round_leas) == ("", 24, {"6G", "02"})
