"""How the form of an export is told, and what hostile XML can do on its way to a reader."""

import io
import subprocess
import sys
import zipfile

import pytest

from broker.core.errors import Refused
from broker.edge.settings.values import Limits
from broker.formats.sis import archive, forms
from tests.support import contents, edfi, pesc
from tests.support.edfi import stay, student, whole
from tests.support.tools import ROOT, corpora

LIMITS = Limits()

WATCHED = """
import sys
from pathlib import Path
from tests.support import edfi
from broker.core.errors import Refused

seen = []
contents = {path.name: path.read_bytes() for path in map(Path, sys.argv[1:])}
edfi.read(edfi.together(edfi.student("é"), edfi.stay("é")))  # what is loaded only when it is used
sys.addaudithook(lambda event, args: seen.append((event, args)) if event in ("open", "socket.__new__") else None)
for name, content in contents.items():
    for shape in (content, edfi.packed({"a.xml": content, "b.xml": edfi.whole(edfi.student(), edfi.stay())})):
        try:
            edfi.read(shape)
        except Refused as refused:
            print(name, refused.code)
        else:
            print(name, "read")
print(seen)
"""


def name_of(content: bytes) -> str:
    found = forms.told(content, LIMITS)
    return found[0].name if found else ""


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (whole(student()).encode(), "Ed-Fi XML"),
        (whole(student()).encode("utf-16"), "Ed-Fi XML"),
        (b"<InterchangeStudent/>", "Ed-Fi XML"),
        (b'\xef\xbb\xbf[{"studentUniqueId": "1"}]', "Ed-Fi JSON"),
        (edfi.packed({"x.xml": whole(student())}), "a ZIP of Ed-Fi files"),
        (pesc.shown(pesc.packet()).encode(), "PESC XML"),
        (b"<a/>", "PESC XML"),
        (b"<", "PESC XML"),
        (b'{"packet": "enrollment.v1"}', ""),
        (b'{"students": []}', ""),
        (b"[]", ""),
        (b"Last Name,First Name\n", ""),
        (contents.workbook(), ""),
        (contents.FORMS["docx"][0](), ""),
        (edfi.packed({"x.txt": "hello"}), ""),
        (b"PK\x03\x04", ""),
        (b"", ""),
    ],
)
def test_the_form_is_told_by_the_content(content: bytes, name: str) -> None:
    assert name_of(content) == name


def test_hostile_xml_is_refused_and_opens_nothing() -> None:
    folder = corpora("hostile", "xml")
    paths = [str(path) for path in sorted(folder.iterdir()) if path.suffix in (".xml", ".xsd", ".xsl")]
    command = [sys.executable, "-P", "-c", WATCHED, *paths]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    *said, seen = done.stdout.splitlines()
    assert seen == "[]"
    assert len(said) == 2 * len(paths)
    hostile = [line for line in said if not line.startswith("simple")]
    assert len(hostile) >= 22
    # beside a good file in a ZIP, what is no interchange is passed over, and never parsed
    assert [line for line in hostile if not line.endswith((" xml-unsafe", " read"))] == []
    assert [line for line in hostile[::2] if not line.endswith(" xml-unsafe")] == []


@pytest.mark.parametrize(
    "inside",
    [
        '<!DOCTYPE a [<!ENTITY b "c">]><InterchangeStudent/>',
        f'<!DOCTYPE a SYSTEM "file:///etc/passwd">{whole(student(), stay())[38:]}',
        whole('<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>', student(), stay()),
    ],
)
def test_an_interchange_with_orders_in_it_is_refused(inside: str) -> None:
    assert edfi.refused(inside).code == "xml-unsafe"
    assert edfi.refused(inside.encode("utf-16")).code in ("xml-unsafe", "not-utf8")


def test_the_bounds_hold_for_long_exports_too() -> None:
    deep = "<a>" * 60 + "</a>" * 60
    assert edfi.refused(whole(student(more=deep), stay())).code == "too-deep"
    assert edfi.refused(whole(student(last="x" * 200_000), stay())).code == "inflates-too-much"


@pytest.mark.parametrize("name", ["../Student.xml", "/etc/Student.xml", "a/../../Student.xml", "C:\\Student.xml"])
def test_a_name_that_leads_out_of_a_zip_is_refused(name: str) -> None:
    refused = edfi.refused(edfi.packed({name: whole(student(), stay())}))
    assert (refused.code, "leads out" in refused.hint) == ("sis-form", True)


def test_a_zip_that_inflates_too_much_is_refused() -> None:
    small = Limits(content_bytes=100_000, inflate_floor_bytes=1024)
    content = edfi.packed({"Student.xml": whole(student(), "<!-- " + "x" * 2_000_000 + "-->")})
    with pytest.raises(Refused, match="inflates-too-much"):
        list(archive.files(content, small))


def test_two_files_of_one_name_and_a_cut_zip_are_refused() -> None:
    whole_zip = edfi.packed({"Student.xml": whole(student(), stay())})
    out = io.BytesIO(whole_zip)
    with zipfile.ZipFile(out, "a") as more, pytest.warns(UserWarning, match="Duplicate"):
        more.writestr("Student.xml", whole(student()))
    assert "same name" in edfi.refused(out.getvalue()).hint
    at = whole_zip.index(b"Student.xml") + 60
    broken = whole_zip[:at] + bytes(20) + whole_zip[at + 20 :]
    with pytest.raises(Refused, match="sis-form"):
        list(archive.files(broken, LIMITS))


def test_what_lies_beside_the_files_is_passed_over() -> None:
    files = {
        "__MACOSX/._Student.xml": b"\0\1",
        ".DS_Store": b"\0",
        "notes.pdf": b"%PDF",
        "Student.xml": whole(student(), stay()),
    }
    assert edfi.entry(edfi.packed(files))["school"] == "255901107"
