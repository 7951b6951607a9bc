"""An office that carries out few lines at once, and what is left of a packet."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from broker.edge.ledger import tables
from broker.edge.ledger.engine import reading
from tests.support import desk, ledgers
from tests.support.office import Office

A, B, C = "01", "6G", "7K"
MANY = desk.children(23)
ROWS_A_LINE = 60  # written for a new child: a person, names, blocks, a stay; and the bookkeeping of the slice


def office_of(root: Path, per: int = 5, turn: int = 1000, url: str = "", **limits: int) -> Office:
    if url:  # of the whole module
        ledgers.blank(root, url).dispose()
    made = Office(root, A, B, C, ledger_url=url)
    settings = made.services.settings
    bounds = {"lines_per_transaction": per, "lines_per_turn": turn, "transaction_ms": 1_000_000} | limits
    sliced = replace(settings.limits, **bounds)
    made.services = replace(made.services, settings=replace(settings, limits=sliced))
    return made


def answer_of(office: Office, lea: str = A) -> list[dict[str, Any]]:
    (notice,) = office.notices(lea, "ssid")
    lines_of: list[dict[str, Any]] = notice["students"]
    return lines_of


def left_of(office: Office) -> int:
    with reading(office.services.engine) as connection:
        found: int = connection.execute(select(func.count()).select_from(tables.packet_slices)).scalar_one()
    return found


def stays_of(office: Office) -> int:
    with reading(office.services.engine) as connection:
        found: int = connection.execute(select(func.count()).select_from(tables.enrollments)).scalar_one()
    return found
