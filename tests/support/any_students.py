"""Enrollments and SSID requests that try out all that their schemas let through, made by Hypothesis."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

# signs that mean something to a spreadsheet, to CSV, to a workbook's XML or to a reader of dates and numbers
_SIGNS = "=+-@'\",;|<&_#/()% \u00a0\u3000＝éß李0159abxEO."
_TEXT = st.text(_SIGNS, max_size=6) | st.sampled_from(
    ["Reyes", "O'Neil", "", " ", "\u00a0", "=1+1", "'-x", "_x0041_", "1.23E+09", "4-Mar", "###", "Total", "None", "NaN"]
)
_FILLED = st.builds(
    "{}{}".format, st.sampled_from(["Reyes", "x", "李", "7", "=", "\u00a0", "EXAMPLE: delete this line"]), _TEXT
)
_DAY = st.dates(date(1900, 1, 1), date(2199, 12, 31)).map(date.isoformat)
_CODE = st.text("ABCdefz019", max_size=8)
_YEAR = st.integers(1950, 2199)
_OTHER = st.fixed_dictionaries(
    {"first": _TEXT, "last": st.builds("x{}".format, _TEXT)}, optional={"middle": _TEXT, "suffix": _TEXT}
)
_NAME = st.fixed_dictionaries({"first": _TEXT, "last": _FILLED}, optional={"middle": _TEXT, "suffix": _TEXT})
_STUDENT = st.fixed_dictionaries(
    {"legal_name": _NAME, "birth_date": _DAY},
    optional={
        "ssid": st.none() | st.text("0123456789", min_size=10, max_size=10),
        "local_id": _TEXT,
        "aliases": st.lists(_OTHER, max_size=3),
        "gender": _CODE | st.sampled_from(["F", "female", "Male", "unknown"]),
        "birth_order": st.none() | st.integers(1, 20),
        "guardians": st.lists(_OTHER, max_size=4),
        "phone": st.text("0123456789+() .,;/xX*#-", max_size=40),
        "address": st.fixed_dictionaries(
            {}, optional={"street": _TEXT, "city": _TEXT, "state": _TEXT, "postal_code": _TEXT}
        ),
    },
)
_FACTS: dict[str, st.SearchStrategy[Any]] = {
    "code": _CODE,
    "grade": _CODE,
    "programme": st.sampled_from(["", "regular", "year-round", "special-schedule"]),
    "military": st.booleans(),
    "dual": st.booleans(),
    "day_part": st.floats(0.01, 1) | st.just(1) | st.just(0.5),
    "opt_outs": st.lists(st.just("higher-education-data"), max_size=2),
    "confirmed": st.lists(st.sampled_from(["birth_date", "date", "exit_date", "school_year"]), max_size=4),
}
_ENTRY = st.fixed_dictionaries(
    {"student": _STUDENT, "school": _FILLED, "event": st.sampled_from(["entry", "exit"]), "date": _DAY},
    optional=_FACTS,
)
_REQUEST = st.fixed_dictionaries(
    {"request": st.sampled_from(["new", "retrieve", "update", "verify"]), "student": _STUDENT},
    optional=_FACTS | {"school": _FILLED, "school_year": _YEAR, "date": _DAY, "exit_date": _DAY, "exit_code": _CODE},
)


def _document(packet: str, lines: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "packet": st.just(packet),
            "id": st.uuids(version=4).map(str),
            "from": st.just("6G"),
            "created": st.just("2026-11-23T10:00:00-07:00"),
            "students": st.lists(lines, min_size=1, max_size=3),
        },
        optional={"to": st.just("state"), "school_year": _YEAR},
    )


DOCUMENTS = _document("enrollment.v1", _ENTRY) | _document("ssid-request.v1", _REQUEST)
