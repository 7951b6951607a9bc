"""The organisations, the schools and the student in a PESC transcript.

Owns the tables of these parts, in the standard's order (AcademicRecord 1.9.0, CoreMain 1.14.0). Promises: no table has
the elements for social security numbers.
"""

from broker.formats.pesc.form import Either, Fields, Leaf, Node
from broker.formats.pesc.values import DATE, GENDER, LEVEL

NOTES = Leaf("NoteMessage", "notes", many=True)
PARTY = "MutuallyDefined"  # "assigned by the trading organizations": the id of a party of the exchange
_CODES: Fields = (
    Leaf("OPEID", "opeid"),
    Leaf("NCHELPID", "nchelpid"),
    Leaf("IPEDS", "ipeds"),
    Leaf("ATP", "atp"),
    Leaf("FICE", "fice"),
    Leaf("ACT", "act"),
    Leaf("CCD", "ccd"),
    Leaf("PSS", "pss"),
    Leaf("CEEBACT", "ceeb_act"),
    Leaf("CSIS", "csis"),
    Leaf("USIS", "usis"),
    Leaf("ESIS", "esis"),
    Leaf("PSIS", "psis"),
    Leaf("DUNS", "duns"),
    Leaf(PARTY, "mutually_defined"),
    Leaf("APAS", "apas"),
)
_LOCAL = Node(
    "LocalOrganizationID",
    (Leaf("LocalOrganizationIDCode", "code", must=True), Leaf("LocalOrganizationIDQualifier", "state", must=True)),
    "local",
)
ORGANIZATION_CODES = tuple(leaf.key for leaf in _CODES if isinstance(leaf, Leaf))
ADDRESS: Fields = (
    Leaf("AddressLine", "lines", many=True, must=True),
    Leaf("City", "city", must=True),
    Either(
        (
            ("state", (Leaf("StateProvinceCode", "state"), Leaf("PostalCode", "postal_code", must=True))),
            (
                "country",
                (
                    Leaf("StateProvince", "region"),
                    Leaf("PostalCode", "postal_code"),
                    Leaf("CountryCode", "country", must=True),
                ),
            ),
        )
    ),
)
_PHONE: Fields = (
    Leaf("CountryPrefixCode", "country"),
    Leaf("AreaCityCode", "area"),
    Leaf("PhoneNumber", "number", must=True),
    Leaf("PhoneNumberExtension", "extension"),
)
_CONTACTS = Node(
    "Contacts",
    (
        Node("Address", ADDRESS, "address", first=True),
        Node("Phone", _PHONE, "phone", first=True),
        Node("Email", (Leaf("EmailAddress", "email"),), first=True),
        Node("URL", (Leaf("URLAddress", "url"),), first=True),
    ),
    first=True,
)
ORGANIZATION: Fields = (*_CODES, _LOCAL, Leaf("OrganizationName", "name", first=True), _CONTACTS, NOTES)
SCHOOL_FIELDS: Fields = (
    Leaf("OrganizationName", "name", must=True),
    *_CODES,
    _LOCAL,
    Leaf("SchoolLevel", "level"),
    _CONTACTS,
    NOTES,
)
SCHOOL = Node("School", SCHOOL_FIELDS, "school")
GRADE_LEVEL = Node("StudentLevel", (Leaf("StudentLevelCode", "grade_level", LEVEL),))

# the student: `person` turns these into an identity block

_NAME: Fields = (
    Leaf("NameCode", "code"),
    Leaf("FirstName", "first"),
    Leaf("MiddleName", "middle", many=True),
    Leaf("LastName", "last"),
    Leaf("NameSuffix", "suffix"),
    Leaf("CompositeName", "composite"),
    NOTES,
)
PERSON: Fields = (
    Leaf("SchoolAssignedPersonID", "local_id"),
    Leaf("AgencyAssignedID", "agency_id"),
    Node(
        "AgencyIdentifier",
        (
            Leaf("AgencyAssignedID", "id"),
            Leaf("AgencyCode", "agency"),
            Leaf("AgencyName", "name"),
            Leaf("StateProvinceCode", "state"),
        ),
        "identifiers",
        many=True,
    ),
    Node("Birth", (Leaf("BirthDate", "birth_date", DATE),)),
    Node("Name", _NAME, "name"),
    Node("AlternateName", _NAME, "aliases", many=True),
    Node("Contacts", (Node("Address", ADDRESS, "address", first=True),), first=True),
    Node("Gender", (Leaf("GenderCode", "gender", GENDER),)),
    NOTES,
)
