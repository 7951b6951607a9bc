"""Whether an internet name belongs to the federal government of the United States.

Owns that judgement, and the search for federal names in a text (a user id of a key, a comment, a party's name, a
setting). There is no federal party (Utah R277-484-6, 53E-9-308): a federal name is refused unless the state has
recorded an exception. Promises: pure; deny by default: every name under an ending that the government hands out is
federal unless it is known to belong to a state or a place; the way in which a name is written (case, full-width
letters, invisible characters, punycode, a dot at its end, a subdomain) makes no difference.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from broker.core.errors import Refused

# characters that cannot be part of a host's name, in a mail address, a URL, a list or a sentence
_BETWEEN = re.compile(r"[\s<>()\[\]{},;:\"'`@/\\|=&?#!*%+~^$]+")
# In these patterns one space stands for any run of spaces. A dot may be written in words; beside it the older form of
# mail addresses allows spaces and comments (RFC 5322 section 4.4), and the patterns cover those that no sentence has.
_DOT_IN_WORDS = re.compile(r" ?[\[({] ?(?:dot|\.) ?[\])}] ?")
_AT_IN_WORDS = re.compile(r" ?[\[({] ?at ?[\])}] ?")
_COMMENT_BY_DOT = re.compile(r"(?<=\.) ?\([^()]{0,200}\) ?| ?\([^()]{0,200}\) ?(?=\.)")
_SPACE_BY_DOT = re.compile(r" \. ?|(?<=\.) (?=(?:mil|gov|us)\b[^@>]{0,60}>)")
_OTHER_DOTS = str.maketrans({"\u3002": ".", "\uff0e": ".", "\uff61": "."})  # RFC 3490 section 3.1
_AFTER_AT = re.compile(r"@ ?([\w-]+)\.*(?=[ >)\]};,\"']|$)")
_ACE = "xn--"
_MOST_LABEL, _MOST_NAME = 63, 253  # RFC 1035 section 2.3.4


@dataclass(frozen=True, slots=True)
class Names:
    """The known names, all as `normal` gives them.

    `endings`: every name under these is federal. `open_endings`: those endings under which states and places have
    names, too; only there `allowed` makes an exception. `federal`: federal names under other endings, and names under
    an open ending that `allowed` can never cover.
    """

    endings: frozenset[str]
    open_endings: frozenset[str]
    federal: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()


def normal(host: str) -> str:
    """The form in which names are compared: lower case, plain letters where possible, no dot at either end."""
    seen = "".join(one for one in _folded(host) if unicodedata.category(one) != "Cc")
    labels = [_label(one) for one in seen.casefold().strip(". \t").split(".")]
    return ".".join(one for one in labels if one)


def _label(label: str) -> str:
    """One label, decoded from punycode (RFC 3492) where it is in that form."""
    if not label.startswith(_ACE) or len(label) > _MOST_LABEL:
        return label
    try:
        plain = label.removeprefix(_ACE).encode("ascii").decode("punycode")
    except UnicodeError:
        return label
    return _folded(plain).casefold().strip(".")


def _folded(text: str) -> str:
    """The text with plain letters and dots in place of variants, and without invisible characters."""
    plain = unicodedata.normalize("NFKC", text.translate(_OTHER_DOTS)).translate(_OTHER_DOTS)
    return "".join(one for one in plain if unicodedata.category(one) != "Cf")


def is_within(host: str, domain: str) -> bool:
    """Whether a name is `domain` or a name under it; both as `normal` gives them."""
    return host == domain or host.endswith(f".{domain}")


def is_federal(host: str, names: Names) -> bool:
    """Whether this name is federal. A known federal name decides first, then the ending and `allowed`."""
    wanted = normal(host)
    if any(is_within(wanted, one) for one in names.federal):
        return True
    ending = next((one for one in names.endings if is_within(wanted, one)), None)
    if ending is None:
        return False
    is_open = ending in names.open_endings
    return not (is_open and any(is_within(wanted, one) for one in names.allowed))


def hosts_in(text: str) -> Iterator[str]:
    """Every internet name that a text may hold, as `normal` gives them; too many rather than too few."""
    seen = " ".join(_folded(text).casefold().split())
    plain = _AT_IN_WORDS.sub("@", _DOT_IN_WORDS.sub(".", seen))
    plain = _SPACE_BY_DOT.sub(lambda found: "." if "." in found[0] else "", _COMMENT_BY_DOT.sub("", plain))
    for word in _BETWEEN.split(plain):
        host = normal(word)[-_MOST_NAME:]
        if "." in host:
            yield host
    for found in _AFTER_AT.finditer(plain):
        yield normal(found[1])


@dataclass(frozen=True, slots=True)
class Found:
    """A federal name, and where it was found: `certificate`, `ssh-key`, `name` or the name of a setting."""

    host: str
    where: str = field(default="")


def federal_in(text: str, names: Names, where: str = "") -> list[Found]:
    """The federal names in a text, each once."""
    return [Found(one, where) for one in dict.fromkeys(hosts_in(text)) if is_federal(one, names)]


def uncovered(found: Iterable[Found], exceptions: Iterable[str]) -> list[Found]:
    """The federal names that no exception covers; an exception for a name covers the names under it."""
    known = [normal(one) for one in exceptions]
    return [one for one in found if not any(is_within(one.host, domain) for domain in known)]


def covering(host: str, exceptions: Iterable[str]) -> str | None:
    """The exception that covers a name, the longest first; None for none."""
    known = sorted(map(normal, exceptions), key=len, reverse=True)
    return next((one for one in known if is_within(host, one)), None)


def refusal(found: Found) -> Refused:
    """The refusal that the operator is shown."""
    return Refused("federal-domain", found.where, f"It names {found.host}.")


def check_exception(domain: str, names: Names) -> str:
    """The name, as `normal` gives it, where an exception may be recorded for it.

    Raises ValueError with a sentence where the name is a whole ending, or not federal.
    """
    wanted = normal(domain)
    if "." not in wanted or wanted in names.endings:
        raise ValueError(f"{domain} is too much: name one agency's domain, such as example.mil.")
    if not is_federal(wanted, names):
        raise ValueError(f"{wanted} is not federal; it needs no exception.")
    return wanted
