"""The names that people have, by the origin of their families, each as frequent as it is there.

Owns the origins and the tables behind them: Faker's own, the user's, or the short lists here. Promises: two draws with
equal random numbers are equal (for one version of Faker); nothing is read before the first draw.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Literal

from anyascii import anyascii

from broker.simulate import lists, locales
from broker.simulate.tables import Table, mixed

Sex = Literal["F", "M"]
Source = tuple[float, str]  # share of the table; a locale of Faker, or a list in `lists`
_OWN = {"new": lists.NEW_NAMES, "pacific": lists.PACIFIC, "navajo": lists.NAVAJO}
_ROMANISED = {"zh_CN", "ja_JP"}  # locales that have romanised names, not separated by sex
_SPELT_IN_LATIN = {"ru_RU", "uk_UA"}  # locales in another script that transliterates well


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a family's names. `two_surnames`: the share of its children who have both parents' names."""

    share: float
    first: tuple[Source, ...]
    last: tuple[Source, ...]
    two_surnames: float = 0.0


_US_FIRST: tuple[Source, ...] = ((0.4, "en_US"), (0.32, "en"), (0.14, "en_NZ"), (0.14, "new"))
_US_LAST: tuple[Source, ...] = (
    *((0.60, "en_US"), (0.08, "da_DK"), (0.03, "no_NO"), (0.03, "sv_SE"), (0.06, "en_GB"), (0.08, "en_IE")),
    *((0.03, "en"), (0.03, "nl_NL"), (0.04, "de_DE"), (0.02, "it_IT")),
)
_HISPANIC_FIRST: tuple[Source, ...] = ((0.25, "es_MX"), (0.2, "es_CO"), (0.15, "es_AR"), (0.3, "en_US"), (0.1, "en"))
_HISPANIC_LAST: tuple[Source, ...] = ((0.4, "es_CO"), (0.15, "es_CL"), (0.45, "es_MX"))

# Roughly the mix of a western state; an assumption, made so that every kind of name occurs.
ORIGINS = (
    Origin(0.705, _US_FIRST, _US_LAST, 0.03),
    Origin(0.19, _HISPANIC_FIRST, _HISPANIC_LAST, 0.45),
    Origin(0.018, ((0.6, "pacific"), (0.4, "en_US")), ((1.0, "pacific"),), 0.03),
    Origin(0.012, ((0.9, "en_US"), (0.1, "navajo")), ((1.0, "navajo"),)),
    Origin(0.015, ((0.6, "en_KE"), (0.2, "sw"), (0.2, "tw_GH")), ((0.7, "en_KE"), (0.15, "yo_NG"), (0.15, "tw_GH"))),
    Origin(0.012, ((0.5, "zh_CN"), (0.5, "en_US")), ((1.0, "zh_CN"),)),
    Origin(0.008, ((0.5, "vi_VN"), (0.5, "en_US")), ((1.0, "vi_VN"),)),
    Origin(0.010, ((1.0, "en_IN"),), ((1.0, "en_IN"),)),
    Origin(0.008, ((1.0, "fr_DZ"),), ((0.7, "fr_DZ"), (0.3, "en_PK"))),
    Origin(0.010, ((0.5, "ru_RU"), (0.2, "uk_UA"), (0.3, "en_US")), ((0.6, "ru_RU"), (0.4, "uk_UA"))),
    Origin(0.006, ((1.0, "pt_BR"),), ((1.0, "pt_BR"),), 0.5),
    Origin(0.006, ((0.5, "ja_JP"), (0.5, "en_US")), ((1.0, "ja_JP"),)),
)


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables for a family of one origin."""

    girls: Table
    boys: Table
    last: Table
    two_surnames: float

    def first(self, sex: Sex) -> Table:
        """The first names of girls or of boys."""
        return self.girls if sex == "F" else self.boys


class Names:
    """All origins. A user's own first or last names, where given, replace every origin's."""

    def __init__(
        self,
        first: Mapping[str, Mapping[str, float]] | None = None,
        last: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        """`first` and `last` have the form of `broker.simulate.tables.read`."""
        own_last = Table(_of_sex(last, "F") | _of_sex(last, "M")) if last else None
        own_first = {sex: Table(_of_sex(first, sex)) for sex in ("F", "M")} if first else {}
        self._tables = [
            Tables(
                own_first.get("F") or _table(one.first, "first", "F"),
                own_first.get("M") or _table(one.first, "first", "M"),
                own_last or _table(one.last, "last", "F"),
                one.two_surnames,
            )
            for one in ORIGINS
        ]
        self._shares = Table({str(at): one.share for at, one in enumerate(ORIGINS)})

    def origin(self, random: Random) -> Tables:
        """The tables of one family."""
        return self._tables[int(self._shares.draw(random))]


@cache
def default() -> Names:
    """The names that are used where the user gives none; made once."""
    return Names()


def _of_sex(given: Mapping[str, Mapping[str, float]], sex: str) -> dict[str, float]:
    """A user's names for this sex or for both; for the other sex only where there are no others."""
    fitting = {**given.get("", {}), **given.get(sex, {})}
    return fitting or {name: weight for table in given.values() for name, weight in table.items()}


@cache
def _table(sources: tuple[Source, ...], part: Literal["first", "last"], sex: Sex) -> Table:
    return mixed((share, _source(name, part, sex)) for share, name in sources)


def _source(name: str, part: str, sex: Sex) -> dict[str, float]:
    """The names of one list or locale, with their weights; where a list has none, all weights are equal."""
    if name in _OWN:
        own = _OWN[name]
        given: Iterable[str] = own.last if part == "last" else own.girls if sex == "F" else own.boys
    else:
        provider = locales.people(name)
        romanised = "_romanized" if name in _ROMANISED else ""
        sexed = "" if part == "last" or romanised else ("_female" if sex == "F" else "_male")
        given = getattr(provider, f"{part}{romanised}_names{sexed}")
    weights = dict(given) if isinstance(given, Mapping) else dict.fromkeys(given, 1.0)
    spelt = _in_latin if name in _SPELT_IN_LATIN else str
    return {spelt(value): float(weight) for value, weight in weights.items()}


def _in_latin(name: str) -> str:
    """Spelt as in a passport: the sign for a soft consonant is left out."""
    return anyascii(name).replace("'", "")
