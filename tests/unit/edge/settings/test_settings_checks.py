"""Every setting is checked when it is read: what TOML can hold is taken, or one sentence says what may stand there."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.edge.settings import checks
from broker.edge.settings.file import load, parse
from broker.edge.settings.values import Settings, SettingsError

SECTIONS = {one.name: one.default for one in dataclasses.fields(Settings) if dataclasses.is_dataclass(one.default)}
KEYS = {
    f"{section}.{field.name}": field for section, default in SECTIONS.items() for field in dataclasses.fields(default)
}
# of every kind that TOML has, at the ends of what a program can bear
VALUES = {
    "text": '"x"',
    "empty text": '""',
    "long text": '"' + "x" * 70_000 + '"',
    "text with a line feed": '"a\\nb"',
    "text with a NUL": '"a\\u0000b"',
    "blank": '"   "',
    "yes": "true",
    "no": "false",
    "zero": "0",
    "one": "1",
    "minus one": "-1",
    "minus 2^63": str(-(2**63)),
    "2^31": str(2**31),
    "2^63": str(2**63),
    "10^400": "1" + "0" * 400,
    "small": "1e-300",
    "1e300": "1e300",
    "1e999": "1e999",
    "inf": "inf",
    "-inf": "-inf",
    "nan": "nan",
    "day": "2026-11-23",
    "time": "10:00:00",
    "moment": "2026-11-23T10:00:00Z",
    "list": "[1]",
    "table": "{a = 1}",
    "a URL": '"http://x"',
    "a port too high": '"redis://h:99999/0"',
    "a port that is none": '"postgresql://h:port/d"',
    "a path": '"/etc/passwd"',
    "a host": '"exchange.example"',
    "an address": '"10.0.0.1"',
}
HOME = Path("/srv/satchel")


def said(text: str) -> str:
    """The sentence; '' where the settings are taken."""
    try:
        parse(HOME, text)
    except SettingsError as error:
        return str(error)
    return ""


def is_sentence(text: str, key: str) -> bool:
    whole = len(text.splitlines()) == 1 and text.endswith(".") and len(text) < 400
    return whole and text.startswith(str(HOME / "satchel.toml")) and key in text and " must " in text


@pytest.mark.parametrize("key", KEYS)
def test_whatever_stands_behind_a_key(key: str) -> None:
    section, _, name = key.partition(".")
    told = {kind: said(f"[{section}]\n{name} = {value}\n") for kind, value in VALUES.items()}
    bad = {kind: sentence for kind, sentence in told.items() if sentence and not is_sentence(sentence, name)}
    assert bad == {}
    assert all(told[kind] for kind in ("day", "time", "moment", "list", "table", "text with a NUL", "long text"))
    if not isinstance(KEYS[key].default, str):
        assert all(told[kind] for kind in ("text", "minus one", "10^400", "1e300", "inf", "nan", "-inf", "2^63"))


@pytest.mark.parametrize("key", [key for key, field in KEYS.items() if type(field.default) in (int, float)])
def test_the_ends_of_a_range(key: str) -> None:
    section, _, name = key.partition(".")
    of = KEYS[key].metadata
    low, high = of["low"], checks.high(of["unit"])
    assert low <= KEYS[key].default <= high
    with_others = {
        "told.aliases": f"names = {high}\n",
        "told.names": "aliases = 16\n",
        "workers.retry_first_seconds": f"retry_most_seconds = {high}\n",
        "workers.retry_most_seconds": "retry_first_seconds = 0.01\n",
    }
    for value in (low, high):
        assert said(f"[{section}]\n{with_others.get(key, '')}{name} = {value}\n") == ""
    for value in (low - 1, high + 1, math.nextafter(low, -math.inf), math.nextafter(float(high), math.inf)):
        assert is_sentence(said(f"[{section}]\n{name} = {value}\n"), key)


def test_every_text_has_a_form_and_its_default_fits() -> None:
    texts = {key: field.default for key, field in KEYS.items() if isinstance(field.default, str)}
    assert texts.keys() == checks.FORMS.keys()
    assert [key for key, default in texts.items() if not checks.FORMS[key].fits(default)] == []


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        (
            "redis.url",
            ["redis://h", "redis://h:6379/0", "rediss://u@h/1?ssl_cert_reqs=none", "unix:///run/r.sock?db=2", "redis://[::1]:1/0"],
            ["http://x", "redis://", "redis://h:0/0", "redis://h:65536", "redis://h/x", "unix://", "redis://h?nonsense=1", "h:6379"],  # noqa: E501
        ),
        (
            "ledger.url",
            ["postgresql://h/d", "postgresql+psycopg://u@h:5432/d?sslmode=require", "sqlite:////srv/l.db", "postgresql:///d"],
            ["http://x", "mysql://h/d", "postgresql:h", "postgresql://h:x/d", "sqlite://", "sqlite:///", "postgresql://[h/d"],
        ),
        ("sftp.address", ["0.0.0.0", "::", "fe80::1%eth0"], ["", "localhost", "1.2.3", "256.1.1.1", "127.0.0.1:22"]),
        ("sftp.host", ["", "exchange.example", "a.b.", "10.0.0.1", "::1"], ["-a", "a b", "a..b", "https://a", "a:22", "a" * 300]),  # noqa: E501
        ("intake.watch", ["auto", "events", "polling"], ["", "Auto", "inotify"]),
        ("state.zone", ["America/Denver", "UTC"], ["", "Denver", "../UTC", "/etc/localtime"]),
        ("claims.opens", ["08-15"], ["", "8-15", "02-30", "08-15-2026", "15-08"]),
        ("transfers.year_round", ["", "6G", "6G , 02,"], ["6 G", "../6G", "é"]),
        ("ledger.password_file", ["", "db", "/etc/satchel/db"], [" ", "a\u0000b", "a\nb"]),
    ],
)  # fmt: skip
def test_forms(key: str, good: list[str], bad: list[str]) -> None:
    form = checks.FORMS[key]
    section, _, name = key.partition(".")
    assert [text for text in good if not form.fits(text)] == []
    assert [text for text in bad if form.fits(text) and not said(f"[{section}]\n{name} = '{text}'\n")] == []


@given(st.text(max_size=60))
def test_a_form_takes_any_text(text: str) -> None:
    for form in [*checks.FORMS.values(), checks.NAME]:
        form.fits(text)


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "1" * 5000,
        "x = " + "[" * 5000,
        "x = 2026-02-30",
        "limits = [1]",
        "[[limits]]",
        '["a\\nb"]\nx = 1',
        '[limits]\n"a\\nb" = 1',
        "name = 1",
        'name = "a\\nb"',
        'name = "\\u0007"',
        f'name = "{"x" * 201}"',
    ],
)
def test_what_is_no_settings_file(text: str) -> None:
    sentence = said(text)
    assert len(sentence.splitlines()) == 1, sentence
    assert sentence.endswith(".")
    assert sentence.startswith(str(HOME / "satchel.toml"))


@pytest.mark.parametrize(("less", "more"), checks.ORDER)
def test_what_goes_together(less: str, more: str) -> None:
    section, _, name = less.partition(".")
    sentence = said(f"[{section}]\n{name} = 1000\n{more.rpartition('.')[2]} = 999\n")
    assert less in sentence
    assert more in sentence


def test_a_value_is_never_repeated(tmp_path: Path) -> None:
    (tmp_path / "satchel.toml").write_text('[ledger]\nurl = "postgres://u:secret-1@h/d"\n')
    with pytest.raises(SettingsError) as error:
        load(tmp_path)
    assert "secret-1" not in str(error.value)


def test_the_types_are_those_of_the_defaults() -> None:
    whole: Any = parse(HOME, "[intake]\nsettle_seconds = 2\n")
    assert (whole.intake.settle_seconds, type(whole.intake.settle_seconds)) == (2.0, float)
