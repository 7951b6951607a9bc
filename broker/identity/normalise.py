"""Names in the form in which they are compared; the stored original is never altered.

Promises: the same name in upper case, with other accents, hyphens or spaces gives the same key.
"""

import unicodedata


def key(name: str) -> str:
    """Letters and digits only, without accents and case (Unicode NFKD, then casefold)."""
    spread = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in spread if letter.isalnum())
