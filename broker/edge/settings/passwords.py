"""Passwords of the database and of Redis: from a file or from the environment, and never shown.

Owns where they are looked up. Promises: a file that others may read is refused; no sentence here contains a password.
Without either source, libpq looks in its usual places (PGPASSFILE, PGPASSWORD, ~/.pgpass).
"""

import os
import stat
from collections.abc import Collection, Iterator
from urllib.parse import parse_qs, urlsplit

from broker.edge.settings.values import Settings, SettingsError

LEDGER, REDIS = "SATCHEL_LEDGER_PASSWORD", "SATCHEL_REDIS_PASSWORD"
_LIBPQ = "PGPASSWORD"  # libpq's own
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_IN_QUERY = frozenset({"password", "sslpassword"})


def of_ledger(settings: Settings) -> str | None:
    """The password of the database's user; None where neither source has one. Raises SettingsError."""
    return _given(settings, "ledger", settings.ledger.password_file, LEDGER)


def of_redis(settings: Settings) -> str | None:
    """The password of Redis; None where neither source has one. Raises SettingsError."""
    return _given(settings, "redis", settings.redis.password_file, REDIS)


def environment(kept: Collection[str] = ()) -> dict[str, str]:
    """This process's environment for another process: without the passwords, except those `kept`."""
    gone = {REDIS} - set(kept) | (set() if LEDGER in kept else {LEDGER, _LIBPQ})
    return {name: value for name, value in os.environ.items() if name not in gone}


def _given(settings: Settings, section: str, file: str, variable: str) -> str | None:
    if not file:
        return os.environ.get(variable) or None
    path = settings.home / file  # an absolute path stays unchanged
    try:
        with path.open("rb") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            text = opened.read(4096).decode("utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{path}, named by {section}.password_file, cannot be read as a password.") from None
    if mode & _OTHERS:
        raise SettingsError(f"{path} holds a password and may be read by others; run `chmod 600 {path}`.")
    if not text or not text.isprintable():
        raise SettingsError(f"{path}, named by {section}.password_file, must hold a password in one line.")
    return text


def is_in(url: str) -> bool:
    """Whether a URL contains a password. One that cannot be parsed counts as one that does."""
    try:
        found = urlsplit(url)
        query = parse_qs(found.query, keep_blank_values=True)
    except ValueError:
        return True
    return found.password is not None or bool(_IN_QUERY & query.keys())


def shown_to_others(settings: Settings) -> Iterator[str]:
    """A sentence for each password in a settings file that others may read, with what to do."""
    path = settings.home / "satchel.toml"
    if stat.S_IMODE(path.stat().st_mode) & _OTHERS:
        for section, url in (("ledger", settings.ledger.url), ("redis", settings.redis.url)):
            if url and is_in(url):
                yield (
                    f"{section}.url in {path} has a password in it, and others may read that file: move the password"
                    f" into a file of its own, named by {section}.password_file, or run `chmod 600 {path}`."
                )
