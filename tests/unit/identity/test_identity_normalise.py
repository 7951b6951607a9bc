"""Names in the form in which they are compared."""

import re
import unicodedata

import pytest
from anyascii import anyascii
from hypothesis import given
from hypothesis import strategies as st

from broker.identity import normalise
from broker.identity.normalise import MOST_CHARACTERS, core, key, marked, parted, sound, spelt, suffix, words


@pytest.mark.parametrize(
    "spellings",
    [
        ("Muñoz", "MUNOZ", "mun\u0303oz", "Muñoz "),
        ("Łukasz", "Lukasz"),
        ("O'Brien", "O’Brien", "OBrien", "O`Brien"),
        ("Tuʻipulotu", "Tu'ipulotu", "Tuipulotu", "TU‘IPULOTU"),
        ("Nguyễn", "Nguyen", "NGUYÊN"),
        ("Ｏｄｅｔｔｅ", "Odette"),
        ("Jr.", "JR", "jr"),
    ],
)
def test_one_name_has_one_key(spellings: tuple[str, ...]) -> None:
    assert len({key(one) for one in spellings}) == 1


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Reyes-Ortiz", ("reyes", "ortiz")),
        ("Reyes  Ortiz", ("reyes", "ortiz")),
        ("de la Cruz–O'Neil", ("de", "la", "cruz", "oneil")),
        ("Garcia, Jr.", ("garcia", "jr")),
        ("", ()),
        (" - ", ()),
        ("FNU", ()),
        ("Unknown", ()),
        ("No Middle Name", ()),
        ("Mun\u0303oz", ("munoz",)),
    ],
)
def test_words(name: str, parts: tuple[str, ...]) -> None:
    assert words(name) == parts


@pytest.mark.parametrize(
    ("name", "other"),
    [("Müller", "mueller"), ("Søren", "soeren"), ("MU\u0308LLER", "mueller"), ("Muller", ""), ("", "")],
)
def test_the_other_spelling_of_letters_that_can_be_two(name: str, other: str) -> None:
    assert spelt(name) == other


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("de la Cruz", ("cruz",)),
        ("van der Heyden", ("heyden",)),
        ("al-Khatib", ("khatib",)),
        ("De La", ("de", "la")),
        ("Cruz", ("cruz",)),
    ],
)
def test_particles_are_left_out_unless_there_is_nothing_else(name: str, bare: tuple[str, ...]) -> None:
    assert core(words(name)) == bare


@pytest.mark.parametrize(
    ("name", "rest", "found"),
    [
        ("Hargrave Jr", ("hargrave",), "jr"),
        ("Hargrave III", ("hargrave",), "iii"),
        ("Hargrave Senior", ("hargrave",), "sr"),
        ("Junior", ("junior",), ""),
        ("Hargrave V", ("hargrave", "v"), ""),
        ("Hargrave", ("hargrave",), ""),
    ],
)
def test_a_suffix_behind_a_name(name: str, rest: tuple[str, ...], found: str) -> None:
    assert parted(words(name)) == (rest, found)


def test_suffixes_have_one_spelling() -> None:
    assert suffix("Junior") == suffix("Jr.") == "jr"
    assert suffix("3rd") == suffix("III") == "iii"
    assert suffix("") == ""


@pytest.mark.parametrize(
    "names",
    [
        ("Muhammad", "Mohammed", "Mohamad"),
        ("Aleksandr", "Alexander"),
        ("Katherine", "Catherine", "Kathryn"),
        ("Yusuf", "Youssef"),
        ("Sergei", "Sergey"),
        ("Philip", "Filip"),
    ],
)
def test_spellings_of_one_sound(names: tuple[str, ...]) -> None:
    assert len({sound(key(one)) for one in names}) == 1


@pytest.mark.parametrize(("one", "other"), [("Jayden", "Kayden"), ("Mark", "Martin"), ("Nguyen", "Tran")])
def test_names_that_sound_otherwise(one: str, other: str) -> None:
    assert sound(key(one)) != sound(key(other))


def test_marked_keeps_what_the_key_drops() -> None:
    assert marked("Hà") != marked("Hạ")
    assert key("Hà") == key("Hạ")
    assert marked("Ha") == ""
    assert marked("ʻOfa") == marked("Ofa") == ""
    assert marked("JOSÉ") == marked("Jose\u0301")


@given(st.text())
def test_any_text_has_a_key_of_plain_letters_and_digits(text: str) -> None:
    found = key(text)
    assert found == "" or (found.isascii() and found.isalnum() and found == found.casefold())
    assert len(found) <= MOST_CHARACTERS
    assert key(found) == found


@given(st.text())
def test_words_spell_the_key(text: str) -> None:
    found = words(text)
    assert all(found)
    assert words(text.upper()) == words(unicodedata.normalize("NFC", text.upper()))
    if found:
        assert parted(found)[0]
        assert core(found)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1))
def test_every_name_has_a_sound(name: str) -> None:
    assert sound(name)
    assert len(sound(name)) <= len(name) + name.count("x")


def test_no_more_is_read_than_is_promised() -> None:
    assert len(normalise.key("ß" * 10_000)) == MOST_CHARACTERS
    assert len(normalise.words("a " * 10_000)) == MOST_CHARACTERS / 2


# the short ways, by which most names go, beside the long one, which holds for every text

_LETTERS = st.sampled_from("abchknopqstwxyzCHSW019 -'`.,/\t\n#ñÜßø’ʼ李ễ½ｘ")
_TEXTS = st.one_of(st.text(_LETTERS, max_size=12), st.text(_LETTERS.filter(str.isascii)), st.text())


def long_key(name: str) -> str:
    plain = anyascii(unicodedata.normalize("NFKC", name[:MOST_CHARACTERS])).casefold()
    return "".join(letter for letter in plain if letter.isalnum())[:MOST_CHARACTERS]


def long_words(name: str) -> tuple[str, ...]:
    text = unicodedata.normalize("NFKC", name[:MOST_CHARACTERS])
    kept = (one if one.isalnum() or one in normalise._IN_WORDS or unicodedata.combining(one) else " " for one in text)
    found = tuple(part for part in map(long_key, "".join(kept).split()) if part)
    return () if "".join(found) in normalise._NO_NAMES else found


def long_spelt(name: str) -> str:
    text = unicodedata.normalize("NFKC", name[:MOST_CHARACTERS]).casefold()
    long = text.translate(normalise._TWO_LETTERS)
    return "".join(long_words(long)) if long != text else ""


def long_marked(name: str) -> str:
    text = unicodedata.normalize("NFKC", name[:MOST_CHARACTERS]).casefold()
    letters = "".join(letter for letter in text if letter.isalpha() and unicodedata.category(letter) != "Lm")
    return "" if letters.isascii() else unicodedata.normalize("NFC", letters)


def long_sound(name: str) -> str:
    last = ((r"(?<=.)h", ""), (r"(?<=.)[aeiouy]", ""), (r"^[aeiouy]+", "a"), (r"(.)\1+", r"\1"))
    for pattern, one in [*((pattern, one) for pattern, one, _ in normalise._SOUNDS), *last]:
        name = re.sub(pattern, one, name)
    return name


@given(st.one_of(_TEXTS, _TEXTS.map(lambda text: text * 30)))
def test_the_short_way_gives_what_the_long_one_gives(name: str) -> None:
    assert key(name) == long_key(name)
    assert words(name) == normalise.parts(name) == long_words(name)
    assert spelt(name) == long_spelt(name)
    assert marked(name) == long_marked(name)
    assert sound(key(name)) == long_sound(key(name))
