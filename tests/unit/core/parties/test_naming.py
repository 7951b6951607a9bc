"""Which party a text names: the rule for user ids and names, case by case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.parties.naming import Known, Parties, addresses, is_latin, seen_address, words

PARTIES = Parties(
    (
        Known("01", "Canyon School District", ("Old Canyon",)),
        Known("02", "Grand Canyon School District"),
        Known("6G", "St. Mary\u2019s Charter"),
        Known("03", "\u00d1and\u00fa Charter"),
        Known("04", "Salt Lake Center for Science Education"),
        Known("05", "Summit"),
        Known("exchange", "Test exchange"),
    )
)


@pytest.mark.parametrize(
    ("lea", "text"),
    [
        ("01", "Canyon School District <a@x.y>"),
        ("01", "canyon   SCHOOL-district (records)"),
        ("01", "LEA 01 again <x@y.z>"),
        ("01", "01 <x@y.z>"),
        ("01", "Old Canyon <x@y.z>"),
        ("02", "Grand Canyon School District <a@x.y>"),
        ("6G", "St Marys Charter <x@y.z>"),
        ("6G", "St. Mary's Charter, office"),
        ("03", "Nandu charter"),
        ("03", "\u00d1and\u00fa Charter"),
    ],
)
def test_it_names_this_party(lea: str, text: str) -> None:
    assert PARTIES.fault_of(text, lea) == ""


@pytest.mark.parametrize(
    ("lea", "text", "fault"),
    [
        ("02", "Canyon School District <a@x.y>", "does not begin"),
        ("01", "Grand Canyon School District", "does not begin"),
        ("01", "01 Canyons", "does not begin"),
        ("01", "", "does not begin"),
        ("01", "<LEA 01>", "does not begin"),
        ("01", "records@canyon.example", "does not begin"),
        ("01", "C\u0430nyon School District", "plain"),
        ("01", "Canyon School District\u202e", "plain"),
        ("01", "Canyon School District \u0661", "plain"),
        ("01", "Canyon School District \U0001f3eb", "plain"),
        ("01", "Canyon School District\nLEA 02", "plain"),
        ("01", "Canyon School District" + " x" * 200, "plain"),
        ("02", "LEA 02, CanyonSchool District", "names 01"),
        ("02", "LEA 02 Canyon Schooi District", "names 01"),
        ("02", "LEA 02 Can yon School District", "names 01"),
        ("02", "LEA 02 Old Canyon", "names 01"),
        ("6G", "St. Mary's Charter, Test Exchange", "names exchange"),
        ("6G", "LEA 6G, LEA O1", "names 01"),
        # what stands in angle brackets is text like all other, but for one plain address
        ("6G", "LEA 6G <LEA 01>", "names 01"),
        ("6G", "LEA 6G <Canyon School District>", "names 01"),
        ("6G", "LEA 6G <<Canyon School District>>", "names 01"),
        ("6G", "LEA 6G <Canyon School District c@c.example>", "elsewhere"),
        ("6G", "LEA 6G <Canyon School District@c.example>", "elsewhere"),
        ("6G", 'LEA 6G <"Canyon School District"@c.example>', "elsewhere"),
        ("6G", "LEA 6G <c(Canyon School District)@c.example>", "elsewhere"),
        ("6G", "LEA 6G c@c.example", "elsewhere"),
        ("6G", "LEA 6G <c@c.example> <s@s.example>", "elsewhere"),
        ("6G", "LEA 6G C@nyon School District", "elsewhere"),
        # signs, digits and pairs of letters that look like others
        ("6G", "LEA 6G Canyon Schoo| District", "names 01"),
        ("6G", "LEA 6G Canyon School D!strict", "names 01"),
        ("6G", "LEA 6G Canyon 5chool District", "names 01"),
        ("6G", "LEA 6G Canyon $chool District", "names 01"),
        ("6G", "LEA 6G Canyon School clistrict", "names 01"),
        ("6G", "LEA 6G Surnmit", "names 05"),
        # spaced out, and run together with what stands beside it
        ("6G", "LEA 6G S a l t L a k e C e n t e r f o r S c i e n c e E d u c a t i o n", "names 04"),
        ("6G", "LEA 6G theCanyonSchoolDistricts", "names 01"),
        ("6G", "LEA 6G xSalt Lake Center for Science Education", "names 04"),
    ],
)
def test_it_does_not(lea: str, text: str, fault: str) -> None:
    assert fault in PARTIES.fault_of(text, lea)


def test_ids_that_look_alike_are_told_apart_to_the_letter() -> None:
    both = Parties((Known("11", "Eleven"), Known("I1", "Other")))
    assert both.fault_of("LEA 11 <x@y.z>", "11") == ""
    assert both.fault_of("LEA I1 <x@y.z>", "I1") == ""
    assert both.fault_of("LEA 11 <x@y.z>", "I1") == "does not begin with the party's name"
    assert both.other_in("LEA l1", "11") == "I1"


def test_a_short_name_is_found_in_whole_words_only() -> None:
    assert PARTIES.fault_of("LEA 6G Summits", "6G") == ""
    assert PARTIES.fault_of("LEA 6G office <summit@mesa.example>", "6G") == ""


@pytest.mark.parametrize(
    "name",
    ["Canyon Schoo| District", "Canyon 5chool Di$trict", "CANYON SCHOOL CLISTRICT", "Canyon Scho\u00f8l District"],
)
def test_a_name_that_looks_like_one_is_taken(name: str) -> None:
    assert PARTIES.taken_by(name, "02") == "01"


@pytest.mark.parametrize("name", ["C\u0430nyon", "\u03a9mega", "\u0251lta", "Canyon \u0441", "\u65e5\u672c"])
def test_names_are_in_latin_letters(name: str) -> None:
    assert not is_latin(name)


@pytest.mark.parametrize(
    "name",
    ["\u00d1and\u00fa", "Din\u00e9 \u0141\u00edchii\u02bc", "\u02bbOkina", "S\u00f8ren", "P.S. 5, Stra\u00dfe"],
)
def test_honest_names_are(name: str) -> None:
    assert is_latin(name)


def test_addresses_that_look_alike() -> None:
    forms = (
        "records@canyon.example",
        "rec0rds@CANYON.examp1e.",
        "'records@cany\u00f3n.example'",
        "_records@canyon.exarnple",
    )
    assert len({seen_address(one) for one in forms}) == 1
    assert seen_address("record@canyon.example") != seen_address(forms[0])


def test_names_that_are_taken() -> None:
    assert PARTIES.taken_by("canyon school district", "02") == "01"
    assert PARTIES.taken_by("Old Canyon", "02") == "01"
    assert PARTIES.taken_by("LEA 6g", "02") == "6G"
    assert PARTIES.taken_by("01", "02") == "01"
    assert PARTIES.taken_by("o1", "02") == "01"
    assert PARTIES.taken_by("Exchange", "02") == "exchange"
    assert PARTIES.taken_by("02", "02") == ""
    assert PARTIES.taken_by("Canyon School District", "01") == ""
    assert PARTIES.taken_by("Canyon School District North", "09") == ""


def test_of_two_that_were_called_the_same_before_neither_is_shown() -> None:
    both = Parties((Known("01", "Canyon"), Known("02", "Canyon")))
    assert both.fault_of("Canyon", "01") == "names 02"
    assert both.fault_of("LEA 01", "01") == ""


@given(st.text(max_size=300), st.sampled_from([one.id for one in PARTIES.all]))
def test_no_text_names_two(text: str, lea: str) -> None:
    named = [one.id for one in PARTIES.all if not PARTIES.fault_of(text, one.id)]
    assert len(named) <= 1
    assert PARTIES.other_in(text, lea) != lea


@given(st.text(max_size=100))
def test_words_are_of_letters_and_digits(text: str) -> None:
    assert all(one.isalnum() for one in words(text))


def test_addresses() -> None:
    assert addresses("X <Records@Canyon.example.> (foo@bar) none@ @none") == {"records@canyon.example", "foo@bar"}
