"""`satchel.toml`: the settings as the operator writes them.

Owns reading and writing the file. Promises: an unknown key, a wrong type, range or form is one sentence
(`SettingsError`) that names key, file and what is allowed; nothing is read from the environment here.
"""

import dataclasses
import tomllib
from collections.abc import Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any

from broker.edge.settings import checks
from broker.edge.settings.values import Settings, SettingsError

_SECTIONS: dict[str, type[Any]] = {
    one.name: type(one.default) for one in dataclasses.fields(Settings) if dataclasses.is_dataclass(one.default)
}
# renamed settings; the old names are still read
_RENAMED = {"identity.zone": "state.zone"}


def _checked(path: Path, section: str, known: "dataclasses.Field[Any]", value: Any) -> Any:
    key, of = f"{section}.{known.name}", known.metadata
    if allowed := checks.wrong(key, value, known.default, of["unit"], of["low"]):
        raise SettingsError(f"{path}: {key} must be {allowed}.")
    return float(value) if isinstance(known.default, float) else value


def _shown(key: str) -> str:
    """An unknown key may contain anything."""
    return "".join(letter if letter.isprintable() else "?" for letter in key[:40])


def _rename(path: Path, table: dict[str, Any]) -> None:
    """Move settings with an old name to their new name. Raises SettingsError where both are given and differ."""
    for old, new in _RENAMED.items():
        (section, name), (of, own) = old.split("."), new.split(".")
        if not isinstance(table.get(section), dict) or name not in table[section]:
            continue
        value, there = table[section].pop(name), table.setdefault(of, {})
        if isinstance(there, dict) and there.setdefault(own, value) != value:
            raise SettingsError(f"{path}: {old} is the old name of {new}, and says something else; delete {old}.")


def _section(path: Path, section: str, table: Any) -> Any:
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: {section} must be a table, as in [{section}].")
    fields = {f.name: f for f in dataclasses.fields(_SECTIONS[section])}
    for key in table:
        if key not in fields:
            raise SettingsError(f"{path}: {section}.{_shown(key)} is not a setting; known here: {', '.join(fields)}.")
    checked = {key: _checked(path, section, fields[key], value) for key, value in table.items()}
    try:
        return _SECTIONS[section](**checked)
    except ValueError as error:
        raise SettingsError(f"{path}: [{section}] {error}.") from None


def load(home: Path) -> Settings:
    """Read `home/satchel.toml`. Raises SettingsError."""
    path = home / "satchel.toml"
    try:
        text = path.read_text("utf-8-sig")  # some editors put a byte order mark first
    except FileNotFoundError:
        raise SettingsError(f"{home} is not a Satchel home; make one with `satchel init {home}`.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from None
    return parse(home, text)


def parse(home: Path, text: str) -> Settings:
    """The settings of this home, parsed from the text of its file. Raises SettingsError."""
    path = home / "satchel.toml"
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits raises no TOMLDecodeError
        raise SettingsError(f"{path} cannot be read as TOML: {error}.") from None
    name = table.pop("name", Settings.__dataclass_fields__["name"].default)
    if not isinstance(name, str) or not checks.NAME.fits(name):
        raise SettingsError(f"{path}: name must be {checks.NAME.what}.")
    _rename(path, table)
    unknown = sorted(set(table) - set(_SECTIONS))
    if unknown:
        raise SettingsError(f"{path}: [{_shown(unknown[0])}] is not a section; known: {', '.join(_SECTIONS)}.")
    parts = {section: _section(path, section, value) for section, value in table.items()}
    chosen = Settings(home=home.resolve(), name=name, **parts)
    for less, more in checks.ORDER:
        if attrgetter(less)(chosen) > attrgetter(more)(chosen):
            raise SettingsError(f"{path}: {less} must not be more than {more}.")
    return chosen


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


def render(name: str, changed: Mapping[str, Any] | None = None) -> str:
    """A whole `satchel.toml` with every setting, its unit, its purpose and its default; settings in `changed`, by names
    such as `ledger.url`, have their value from there."""
    changed = changed or {}
    lines = ["# Settings of this exchange. Restart `satchel up` after a change.", f"name = {_toml(name)}"]
    for section, kind in _SECTIONS.items():
        lines += ["", f"[{section}]"]
        for known in dataclasses.fields(kind):
            value = changed.get(f"{section}.{known.name}", known.default)
            text = f"{known.name} = {_toml(value)}"
            lines.append(f"{text:<34} # {known.metadata['unit']}: {known.metadata['why']}")
    return "\n".join(lines) + "\n"
