"""The templates of tables, by packet type, and the template as CSV.

Owns the one list of them. Promises: the bytes of a template are the same on every day, so that a page that an LEA finds
is written only when it changes.
"""

import csv
import io
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from broker.core.template import Template
from broker.edge import templates_xlsx
from broker.formats.answering import guide as answering
from broker.formats.enrollment import guide as enrollment
from broker.formats.ssid import guide as ssid
from broker.formats.student_record import guide as record

TEMPLATES: Mapping[str, Callable[[], Template]] = MappingProxyType(
    {
        "enrollment": enrollment.template,
        "ssid-request": ssid.template,
        "review-answer": answering.questions,
        "acknowledgement": answering.delivered,
        "student-record": record.student_record,
        "backpack": record.backpack,
    }
)
_MARK = "\ufeff"  # by which spreadsheet programs know UTF-8


def as_csv(template: Template) -> bytes:
    """The names of the columns and the example line, as CSV (RFC 4180)."""
    out = io.StringIO(newline="")
    rows = [[one.name for one in template.fields], [one.example for one in template.fields]]
    csv.writer(out).writerows(rows)
    return (_MARK + out.getvalue()).encode()


@cache
def files() -> Mapping[str, bytes]:
    """Each template in each form, by the name of its file."""
    made = {kind: of() for kind, of in TEMPLATES.items()}
    return MappingProxyType(
        {f"{kind}.{form}": write(one) for kind, one in made.items() for form, write in FORMS.items()}
    )


FORMS: Mapping[str, Callable[[Template], bytes]] = MappingProxyType({"xlsx": templates_xlsx.workbook, "csv": as_csv})
