"""Names in the form in which they are compared; the stored original is never altered.

Promises: the same name in upper case, with other accents, hyphens or spaces gives the same key.
"""

import unicodedata
from functools import lru_cache

from anyascii import anyascii


@lru_cache(maxsize=65_536)
def key(name: str) -> str:
    """Letters and digits only, in ASCII, without accents or case (NFKC, transliterated, casefolded)."""
    plain = anyascii(unicodedata.normalize("NFKC", name)).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


@lru_cache(maxsize=65_536)
def words(name: str) -> tuple[str, ...]:
    """The key of each part of a name; blanks, hyphens and the like divide."""
    spread = "".join(letter if letter.isalnum() or letter in "'\u2019`." else " " for letter in name)
    return tuple(part for part in map(key, spread.split()) if part)
