"""Which names are federal by configuration, and where a party or an installation could contain one.

Owns reading `config/federal.toml` and a home's own `federal.toml`. Promises: a home can add names but cannot remove
any: what the shipped file calls federal stays so, and nothing under `mil` or `fed.us` can be allowed. Every user id of
a certificate counts, even a revoked or an unsigned one.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from broker.core.openpgp import certificates, frames
from broker.core.parties import federal
from broker.core.parties.federal import Found, Names
from broker.edge.pgp import validity
from broker.edge.settings.resources import folder
from broker.edge.settings.values import Settings, SettingsError

_FILE = "federal.toml"
_OWN = ("federal", "allowed")
_SHIPPED = ("endings", "open_endings", *_OWN)
_MOST_BYTES = 1024 * 1024


def load(home: Path | None = None) -> Names:
    """The federal names, with those of a home that has its own file. Raises SettingsError with one sentence."""
    shipped = _read(folder("config") / _FILE, _SHIPPED)
    known = Names(**{name: frozenset(shipped[name]) for name in _SHIPPED})
    path = home / _FILE if home else None
    if path is None or not path.is_file():
        return known
    own = _read(path, _OWN)
    for one in own["allowed"]:
        if "." not in one or not any(federal.is_within(one, ending) for ending in known.open_endings):
            raise SettingsError(f"{path}: allowed: {one} cannot be allowed; only single names under gov can.")
        if any(federal.is_within(one, other) or federal.is_within(other, one) for other in known.federal):
            raise SettingsError(f"{path}: allowed: {one} is federal; record an exception with `satchel exception add`.")
    return Names(
        known.endings,
        known.open_endings,
        known.federal | frozenset(own["federal"]),
        known.allowed | frozenset(own["allowed"]),
    )


def _read(path: Path, keys: tuple[str, ...]) -> Mapping[str, list[str]]:
    try:
        with path.open("rb") as file:
            table = tomllib.loads(file.read(_MOST_BYTES).decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from None
    unknown = sorted(set(table) - set(keys))
    if unknown:
        raise SettingsError(f"{path}: {unknown[0]} is not known here; known: {', '.join(keys)}.")
    return {key: _domains(path, key, table.get(key, [])) for key in keys}


def _domains(path: Path, key: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) and federal.normal(one) for one in value):
        raise SettingsError(f'{path}: {key} must be a list of names, as in ["example.gov"].')
    return [federal.normal(one) for one in value]


def user_ids(certificate: bytes) -> Iterator[str]:
    """Every user id, whatever its signatures are worth. Raises Refused for something that is not a certificate."""
    for part in certificates.parse(validity.binary(certificate)).parts:
        if part.tag == frames.USER_ID:
            yield part.body.decode("utf-8", "replace")


def in_certificate(certificate: bytes, names: Names) -> list[Found]:
    """The federal names in a certificate's user ids."""
    return [found for one in user_ids(certificate) for found in federal.federal_in(one, names, "certificate")]


def in_settings(settings: Settings, names: Names) -> list[Found]:
    """The federal names among the hosts in an exchange's settings: its own address, and the servers that it uses."""
    hosts = {
        "name": settings.name,
        "sftp.host": settings.sftp.host,
        "sftp.address": settings.sftp.address,
        "redis.url": _host(settings.redis.url),
        "ledger.url": _host(settings.ledger.url),
    }
    return [found for where, text in hosts.items() for found in federal.federal_in(text, names, where)]


def _host(url: str) -> str:
    """Only the host of the URL: what is returned never contains a password."""
    return urlsplit(url).hostname or "" if url else ""
