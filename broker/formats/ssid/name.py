"""The name of an SSID request in CSV or in a workbook: `REQ_<district>_<date>_<counter>`.

Owns its form. Promises: the name makes the document's id, so the same request is recognised: one name of one LEA has
one id, however it is spelt, and no two names have the same id.
"""

import re
import uuid
from datetime import date
from typing import NamedTuple

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.core.parties.nearly import own_id

_ENDING = r"(?:\.(?:csv|txt|xlsx|xls|ods))?(?:\.(?:pgp|gpg|asc))?"
# what is added to a name: by the SFTP server where an earlier file with its name is still there, and by `satchel send`
# of a folder, so that each content has a name of its own
_AGAIN = r"(?:\.again[0-9]{1,4})?(?:\.of-[0-9a-f]{16})?"
_NAME = re.compile(
    rf"(?P<stem>REQ_(?P<lea>.+)_(?P<day>[0-9]{{8}}|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})_(?P<counter>[0-9]{{1,9}})){_AGAIN}{_ENDING}",
    re.IGNORECASE | re.ASCII,
)
_IS_TABLE = re.compile(r".*\.(?:csv|xlsx|xls|ods)(?:\.(?:pgp|gpg|asc))?", re.IGNORECASE | re.DOTALL)
_NAMESPACE = uuid.UUID("5b0c2c4e-3a86-5b0e-9d2f-6a1f3c1c7d10")  # chosen at random; must never change


class Name(NamedTuple):
    """The parts of a file's name. `stem` is without the endings that saving and sealing add; `day` is ISO 8601; leading
    zeros of the counter do not count."""

    stem: str
    lea: LeaId
    day: str
    counter: int

    @property
    def id(self) -> str:
        """The document's id: a UUID of the name (RFC 9562 section 5.5)."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.lea}/{self.day}/{self.counter}"))


def is_request(file: str) -> bool:
    """Whether the file has the name of a request."""
    return bool(_NAME.fullmatch(file))


def stem_of(file: str) -> str:
    """The name of a file without the endings that saving and sealing add."""
    found = _NAME.fullmatch(file)
    return found["stem"] if found else re.sub(f"{_AGAIN}{_ENDING}$", "", file, flags=re.IGNORECASE)


def is_meant(file: str) -> bool:
    """Whether the file has the name of a request, or of any CSV or workbook."""
    return bool(_NAME.fullmatch(file) or _IS_TABLE.fullmatch(file))


def lea_in(file: str) -> str:
    """The LEA that the name says it is from; '' where it is not the name of a request."""
    found = _NAME.fullmatch(file)
    return found["lea"] if found else ""


def read(file: str, lea: LeaId) -> Name:
    """The parts of the name of this LEA's file. Raises Refused `request-name`, or `from-mismatch` for another LEA."""
    found = _NAME.fullmatch(file)
    if not found:
        raise Refused("request-name")
    digits = found["day"].replace("-", "")
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
    except ValueError:
        raise Refused("request-name", hint="There is no such date as the one in it.") from None
    if found["lea"].casefold() != lea.casefold():
        hint = f"A table says whose it is in its name: REQ, LEA, date, counter. {own_id(found['lea'], lea)}"
        raise Refused("from-mismatch", hint=hint)
    return Name(found["stem"], lea, day, int(found["counter"]))
