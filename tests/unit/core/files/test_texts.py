"""The text of a table, in whichever encoding it was saved; and that no letter is replaced by another in silence."""

import pytest

from broker.core.errors import Refused
from broker.core.files import texts

NAMES = "José García-Peña|Zoë Müller|Søren Ångström|François Lefèvre|Nuñez|Martín O’Brien|Ana Lucía Ñandú|Núñez – Díaz"
NAMES += "|MÜLLER|IBÁÑEZ|Ýrr Þórsdóttir|Straße|Ka‘imi Ta’ufo’ou|Sh’ree|Ana’s|Œuvre|“Ana”|O’NEÏLL|Éva-Ágnes|Smith–Jones"
NAMES += "|Ågot|ÁLVAREZ|DeÁngelo|D’Ángelo|Nº 5|3ª|½ day|20°"


@pytest.mark.parametrize("name", NAMES.split("|"))
def test_a_name_that_windows_wrote_is_read(name: str) -> None:
    assert texts.read(f"Name\r\n{name}\r\n".encode("cp1252")) == (f"Name\r\n{name}\r\n", "cp1252", False)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_unicode_is_read_with_and_without_a_mark(encoding: str, mark: str) -> None:
    text = "Last name,First name\r\nReyes-Ortiz,Zsófia\r\nŁucja,Nguyễn\r\n"
    assert texts.read((mark + text).encode(encoding)) == (text, encoding, bool(mark))


# one of these letters is enough to tell; of each encoding some words are no odder than names (Strasse in DOS's, say)
@pytest.mark.parametrize("encoding", ["mac_roman", "cp850", "cp437"])
@pytest.mark.parametrize("name", ["José García-Peña", "Zoë Müller", "François Lefèvre", "Nuñez", "Ana Lucía Ñandú"])
def test_a_letter_of_another_encoding_is_not_taken_for_one_of_windows(encoding: str, name: str) -> None:
    with pytest.raises(Refused) as caught:
        texts.read(f"Name\r\nLi\r\n{name}\r\n".encode(encoding))
    assert (caught.value.code, caught.value.pointer) == ("not-utf8", "line 3")


@pytest.mark.parametrize(
    "content", [b"a,b\n\x81,1\n", b"a,b\n\x00\xe9,1\n", b"\xef\xbb\xbfa\n\xe9\n", b"\xff\xfea\0\x00\xd8\n\0"]
)
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(Refused) as caught:
        texts.read(content)
    assert caught.value.code == "not-utf8"


def test_a_text_is_given_back_as_it_came() -> None:
    for encoding, marked in (("utf-8", True), ("utf-16-le", True), ("utf-16-be", False), ("cp1252", False)):
        content = ("\ufeff" * marked + "Zoë,1\r\n").encode(encoding)
        assert texts.encoded("Zoë,1\r\n", encoding, marked=marked) == content
    assert texts.encoded("Łucja", "cp1252", marked=False) == "\ufeffŁucja".encode()


def test_digits_of_a_plain_text_are_single_bytes() -> None:
    for encoding in ("utf-16", "utf-16-be", "utf-32", "cp1252", "utf-8"):
        assert b"529-12-3456" in texts.plain("a,529-12-3456,é\n".encode(encoding))
