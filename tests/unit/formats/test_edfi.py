"""Ed-Fi interchanges in XML, read into enrollments."""

from dataclasses import replace

import pytest

from broker.edge.settings.values import Limits
from broker.formats import reading
from tests.support import edfi, sheets
from tests.support.edfi import HOME, stay, student, together, whole, whose


def test_students_and_their_associations_in_one_zip_are_an_enrollment() -> None:
    found = edfi.read(together(student(), stay()))
    (entry,) = found["students"]
    assert (found["packet"], found["from"]) == ("enrollment.v1", "01")
    assert entry["student"] == {
        "legal_name": {"first": "Tyrone", "last": "Dyer"},
        "birth_date": "2014-11-13",
        "local_id": "604821",
    }
    assert {name: entry[name] for name in entry if name != "student"} == {
        "school": "255901107",
        "grade": "07",
        "event": "entry",
        "date": "2026-08-17",
    }


def test_who_leaves_has_an_exit_in_the_same_line() -> None:
    left = "<ExitWithdrawDate>2026-10-30</ExitWithdrawDate><ExitWithdrawType>uri://x.org/E#TS</ExitWithdrawType>"
    found = edfi.read(together(student(), stay(more=f"<EntryType>E1</EntryType>{left}")))
    assert [(one["event"], one["date"], one["code"]) for one in found["students"]] == [
        ("entry", "2026-08-17", "E1"),
        ("exit", "2026-10-30", "TS"),
    ]
    assert found["sheet"].numbers == (1, 1)


def test_one_file_may_hold_both() -> None:
    assert edfi.entry(whole(student(), stay()))["school"] == "255901107"


def test_the_order_of_the_files_does_not_matter() -> None:
    files = {"a.xml": whole(stay(), name="StudentEnrollment"), "b/c.xml": whole(student())}
    assert edfi.entry(edfi.packed(files))["date"] == "2026-08-17"


def test_what_moved_out_of_student_in_version_3_is_found_in_its_association() -> None:
    told = (
        f"<StudentEducationOrganizationAssociation>{whose('604821')}<StudentIdentificationCode>"
        "<IdentificationCode>1000000019</IdentificationCode><StudentIdentificationSystem>"
        "uri://ed-fi.org/StudentIdentificationSystemDescriptor#State</StudentIdentificationSystem>"
        "</StudentIdentificationCode><Sex>uri://ed-fi.org/SexDescriptor#Female</Sex>"
        "<Address><StreetNumberName>1 Post St</StreetNumberName><City>Provo</City><PostalCode>84601</PostalCode>"
        "<AddressType>uri://x#Mailing</AddressType></Address><Address><StreetNumberName>2 Home St</StreetNumberName>"
        "<ApartmentRoomSuiteNumber>4</ApartmentRoomSuiteNumber><City>Provo</City>"
        "<StateAbbreviation>uri://x#UT</StateAbbreviation><AddressType>uri://x#Home</AddressType></Address>"
        "<Telephone><TelephoneNumber>801-555-0100</TelephoneNumber><TelephoneNumberType>Fax</TelephoneNumberType>"
        "</Telephone><Telephone><TelephoneNumber>801-555-0101</TelephoneNumber></Telephone>"
        "</StudentEducationOrganizationAssociation>"
    )
    found = edfi.entry(together(student(), told + stay()))["student"]
    assert (found["ssid"], found["gender"], found["phone"]) == ("1000000019", "F", "801-555-0101")
    assert found["address"] == {"street": "2 Home St 4", "city": "Provo", "state": "UT"}


def test_other_names_are_aliases() -> None:
    named = student().replace("</LastSurname>", "</LastSurname><PreferredFirstName>Ty</PreferredFirstName>")
    named = named.replace(
        "<BirthData>", "<OtherName><FirstName>T</FirstName><LastSurname>Roy</LastSurname></OtherName><BirthData>"
    )
    assert edfi.entry(whole(named, stay()))["student"]["aliases"] == [
        {"first": "T", "last": "Roy"},
        {"first": "Ty", "last": "Dyer"},
    ]


@pytest.mark.parametrize(("kind", "plural"), [("Contact", "Contact"), ("Parent", "Parent")])
def test_guardians_are_contacts_whose_relation_makes_them_so(kind: str, plural: str) -> None:
    def contact(number: str, last: str) -> str:
        return (
            f'<{kind} id="P{number}"><{kind}UniqueId>{number}</{kind}UniqueId><Name><FirstName>M</FirstName>'
            f"<LastSurname>{last}</LastSurname></Name></{kind}>"
        )

    def related(number: str, relation: str, more: str = "") -> str:
        return (
            f"<Student{kind}Association>{whose('604821')}<{kind}Reference {number}</{kind}Reference>"
            f"<Relation>{relation}</Relation>{more}</Student{kind}Association>"
        )

    people = contact("1", "Dyer") + contact("2", "Ortiz") + contact("3", "Friend") + contact("4", "Court")
    relations = related(f"><{kind}UniqueId>1</{kind}UniqueId>", "uri://x#Father")
    relations += related('ref="P2">', "Mother", "<PrimaryContactStatus>true</PrimaryContactStatus>")
    relations += related('ref="P3">', "Friend") + related('ref="P4">', "Other", "<LegalGuardian>true</LegalGuardian>")
    found = edfi.entry(together(student(), stay(), **{plural: people + relations}))
    assert [one["last"] for one in found["student"]["guardians"]] == ["Ortiz", "Dyer", "Court"]


def test_references_by_id_are_followed_as_version_1_and_2_wrote_them() -> None:
    known = student().replace("<Student>", '<Student id="STUD_1">')
    school = '<SchoolReference id="S9"><SchoolIdentity><SchoolId>9</SchoolId></SchoolIdentity></SchoolReference>'
    told = (
        f'{school}<StudentSchoolAssociation><StudentReference ref="STUD_1"/><SchoolReference ref="S9"/>'
        "<EntryDate>2026-08-17</EntryDate><EntryGradeLevel><CodeValue>Seventh grade</CodeValue></EntryGradeLevel>"
        "</StudentSchoolAssociation>"
    )
    found = edfi.entry(together(known, told))
    assert (found["school"], found["grade"], found["student"]["local_id"]) == ("9", "07", "604821")


def test_the_number_of_the_first_version_is_followed_too() -> None:
    old = student().replace("StudentUniqueId", "StudentUniqueStateId")
    told = stay().replace("StudentUniqueId", "StudentUniqueStateId").replace("SchoolId", "StateOrganizationId")
    assert edfi.entry(whole(old, told, space="http://ed-fi.org/0100"))["school"] == "255901107"


SHAPES = {
    "UTF-16 that declares UTF-8": lambda text: text.encode("utf-16"),
    "UTF-16 without a mark": lambda text: text.encode("utf-16-be"),
    "a mark": lambda text: text.encode("utf-8-sig"),
    "a prefix": lambda text: (
        text.replace("<", "<e:").replace("<e:/", "</e:").replace("<e:?", "<?").replace("xmlns=", "xmlns:e=")
    ),
    "no namespace": lambda text: text.replace(f'xmlns="{edfi.SPACE}"', ""),
    "another version": lambda text: text.replace("5.2.0", "3.3.1-b"),
    "CDATA": lambda text: text.replace("José", "<![CDATA[José]]>"),
    "comments": lambda text: "<!-- a -->" + text.partition("?>\n")[2].replace("José", "Jo<!-- x -->sé"),
    "instructions": lambda text: text.replace("<Student>", "<?keep it?><Student>"),
    "empty elements": lambda text: text.replace(
        "</Name>", "<MiddleName/><GenerationCodeSuffix></GenerationCodeSuffix></Name>"
    ),
    "nil": lambda text: text.replace("</Name>", '<MiddleName xsi:nil="true">x</MiddleName></Name>'),
    "blanks": lambda text: text.replace("José", "\n  José\t"),
    "Latin-1": lambda text: text.replace("UTF-8", "ISO-8859-1").encode("latin-1"),
    "Windows-1252": lambda text: text.replace("UTF-8", "windows-1252").encode("cp1252"),
    "an extension": lambda text: text.replace("Association>", "AssociationExtension>"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_read_as_its_author_meant(shape: str) -> None:
    plain = whole(student(last="José"), stay())
    found = edfi.entry(SHAPES[shape](plain))
    assert found == edfi.entry(plain)
    assert found["student"]["legal_name"] == {"first": "Tyrone", "last": "José"}


def test_a_student_interchange_alone_says_once_what_it_lacks() -> None:
    refused = edfi.refused(whole(student("1"), student("2"), student("3")))
    assert (refused.code, refused.pointer) == ("sis-form", "Student[1]")
    assert "3 students and no school (SchoolReference) and no day of entry (EntryDate)" in refused.hint
    assert "ZIP" in refused.hint
    assert "mapping" in refused.hint


def test_defaults_make_an_enrollment_of_it() -> None:
    found = edfi.read(whole(student("1"), student("2")), HOME | {"grade": "09"})
    assert [(one["school"], one["date"], one["grade"]) for one in found["students"]] == 2 * [
        ("704", "2026-08-17", "09")
    ]


def test_a_default_that_cannot_be_read_is_refused() -> None:
    for wrong in ({"entry_date": "tomorrow"}, {"colour": "blue"}):
        with pytest.raises(edfi.Refused, match="sis-form"):
            edfi.read(whole(student()), HOME | wrong)


def test_associations_without_students_say_what_is_missing() -> None:
    refused = edfi.refused(whole(stay("1"), stay("2"), name="StudentEnrollment"))
    assert (refused.code, refused.pointer) == ("sis-form", "StudentSchoolAssociation[1]")
    assert "2 associations" in refused.hint
    assert "Student interchange" in refused.hint


def test_good_students_go_and_bad_ones_come_back_by_place() -> None:
    students = student("1") + student("2", born="2014-02-30") + student("3", last="") + student("4")
    stays = "".join(map(stay, "1234")) + stay("5") + stay("1", day="")
    found = edfi.read(together(students, stays))
    assert [one["student"]["local_id"] for one in found["students"]] == ["1", "4"]
    assert found["sheet"].numbers == (1, 4)
    assert found["sheet"].places[1] == "StudentEnrollment.xml/StudentSchoolAssociation[4]"
    assert [(one.line, one.reason, one.must) for one in found["sheet"].unread] == [
        (2, "unreadable", "Student.xml/Student[2]/BirthData/BirthDate must be a date, such as 2012-03-04."),
        (3, "unreadable", "Student.xml/Student[3]/Name/LastSurname must not be empty."),
        (
            5,
            "unreadable",
            "StudentEnrollment.xml/StudentSchoolAssociation[5] must be of a student who stands in the same file, or in"
            " one beside it.",
        ),
        (6, "missing", "StudentEnrollment.xml/StudentSchoolAssociation[6]/EntryDate must be filled in."),
    ]
    assert found["sheet"].unread[0].fields == ("Student.xml/Student[2]/BirthData/BirthDate",)


@pytest.mark.parametrize(
    ("piece", "place"),
    [
        (student(more="<Sex>Martian</Sex>") + stay(), "Student[1]/Sex"),
        (student() + stay().replace("Seventh grade", "Grade of honour"), "StudentSchoolAssociation[1]/EntryGradeLevel"),
        (student() + stay(more="<EntryType>came somehow</EntryType>"), "StudentSchoolAssociation[1]/EntryType"),
        (
            student()
            + stay(
                more="<ExitWithdrawDate>2026-09-01</ExitWithdrawDate><ExitWithdrawType>went off, so</ExitWithdrawType>"
            ),
            "StudentSchoolAssociation[1]/ExitWithdrawType",
        ),
        (
            student()
            + stay()
            + f'<Contact id="c"><Name><FirstName>A</FirstName><LastSurname>B</LastSurname></Name></Contact>'
            f'<StudentContactAssociation>{whose("604821")}<ContactReference ref="c"/><Relation>Landlord</Relation>'
            "</StudentContactAssociation>",
            "StudentContactAssociation[1]/Relation",
        ),
        (
            student() + stay(more="<FullTimeEquivalency>7</FullTimeEquivalency>"),
            "StudentSchoolAssociation[1]/FullTimeEquivalency",
        ),
        (
            student() + stay(more="<ExitWithdrawDate>2026-08-01</ExitWithdrawDate>"),
            "StudentSchoolAssociation[1]/ExitWithdrawDate",
        ),
        (
            student(more="<Telephone><TelephoneNumber>call me</TelephoneNumber></Telephone>") + stay(),
            "Student[1]/Telephone/TelephoneNumber",
        ),
    ],
)
def test_what_is_unknown_is_a_fault_and_never_replaced(piece: str, place: str) -> None:
    found = edfi.fault(whole(piece))
    assert found.fields == (place,)
    assert found.must.startswith(f"{place} must ")
    for word in ("Martian", "honour", "somehow", "off", "Landlord", "call"):
        assert word not in found.must


def test_words_of_the_standard_without_a_code_of_the_packet_are_left_out() -> None:
    left = "<ExitWithdrawDate>2026-10-30</ExitWithdrawDate><ExitWithdrawType>Transferred</ExitWithdrawType>"
    found = edfi.read(whole(student(), stay(more=f"<EntryType>Next year school</EntryType>{left}")))
    assert [one.get("code") for one in found["students"]] == [None, None]
    assert "grade" not in edfi.entry(whole(student(), stay().replace("Seventh grade", "Ungraded")))


@pytest.mark.parametrize(
    "system", ["SSN", "uri://ed-fi.org/StudentIdentificationSystemDescriptor#SSN", "Social Security Number"]
)
def test_a_code_that_is_a_social_security_number_is_refused_and_counted(system: str) -> None:
    code = (
        "<StudentIdentificationCode><IdentificationCode>529123456</IdentificationCode><StudentIdentificationSystem>"
        f"<CodeValue>{system}</CodeValue></StudentIdentificationSystem></StudentIdentificationCode>"
    )
    content = whole(student("1", more=code), student("2", more=code), stay("1"), stay("2"))
    refused = edfi.refused(content)
    assert (refused.code, refused.pointer) == ("has-ssn", "Student[1]/StudentIdentificationCode/IdentificationCode")
    assert "There are 2 codes" in refused.hint
    at_home = edfi.at_home(content.encode())
    assert len(at_home["students"]) == 2
    assert "529123456" not in str(at_home["students"])


def test_a_social_security_number_in_any_text_is_refused() -> None:
    for inner in ("<LoginId>529-12-3456</LoginId>", "<!-- SSN 529-12-3456 -->", "<x y='529-12-3456'/>"):
        assert edfi.refused(whole(student(more=inner), stay())).code == "has-ssn"


def test_the_same_export_is_the_same_document_whatever_stands_around_it() -> None:
    one, other = together(student(), stay()), edfi.packed({"z.xml": f"<!-- other -->{whole(stay(), student())[38:]}"})
    first, second = edfi.read(one), edfi.read(other)
    assert first["id"] == second["id"]
    assert reading.named_by(one, first) == reading.named_by(other, second)
    assert edfi.read(together(student(last="Dyers"), stay()))["id"] != first["id"]


def test_more_lines_than_an_enrollment_may_have_are_refused() -> None:
    content = whole(student("1"), *[stay("1", str(school)) for school in range(6)]).encode()
    with pytest.raises(edfi.Refused) as caught:
        reading.read(content, "x", sheets.LEA, replace(Limits(), students_per_enrollment=5), sheets.CONTRACTS)
    assert (caught.value.code, caught.value.pointer) == ("sis-form", "StudentSchoolAssociation[6]")
    assert "more than 5 lines" in caught.value.hint


def test_broken_xml_is_refused_at_its_line() -> None:
    refused = edfi.refused(whole(student(), stay())[:-30])
    assert refused.code == "not-xml"
    assert refused.pointer.startswith("line 2 ")
