"""`make bench`: what this machine does, as JSON lines. Figures to compare are ratios taken in one run.

Measures: packets per second end to end (file in outbox to delivered and told), the bare open + re-lock loop on the same
cores in the same run, their ratio, time to inbox at low load, peak memory of each process. Then the longest transaction
of an enrollment of 10,000 lines, which keeps everybody else from writing, and a table of a million lines checked and
converted. Then the identity: how right it is on the corpora, on corrupted families and in a simulated year, beside how
right it was before; one student against a whole state, and a state against a state beside plain Splink. At last a year
of a state's transfers, with an independent count of what is overdue.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from sqlalchemy import text

from broker.edge.ledger.engine import connect, reading
from broker.edge.settings.file import load as read_settings
from tests.bench import before, identity_bulk, identity_one, load, slices, tables, year
from tests.bench.bare import bare
from tests.support.exchange import Exchange, wait_until

ROOT = Path(__file__).resolve().parents[2]
DISTRICTS = (("01", "rsa3072"), ("02", "cv25519"), ("03", "rsa3072"), ("04", "cv25519"))
RECEIVER = "6G"
NIGHTLY_BYTES = 20_000  # of a sealed backpack, as DESIGN section 10 has it
STATE = 656_000  # students of the state that DESIGN section 10 measures by


def say(measure: str, **figures: Any) -> None:
    """One JSON line."""
    print(json.dumps({"measure": measure} | figures), flush=True)


def bare_rate(exchange: Exchange, packets: list[bytes], leas: list[load.Lea], receiver: load.Lea) -> float:
    """Packets per second of the bare loop on all cores."""
    cores = os.cpu_count() or 1
    secret = (exchange.home / "keys" / "exchange.key").read_bytes()
    # each process gets the packets of whole districts, as an exchange opens a packet with its sender's keys only
    jobs = [
        (packets[number :: len(leas)], [one.certificate], secret, receiver.certificate)
        for number, one in enumerate(leas)
    ]
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        seconds = list(pool.map(bare, *zip(*jobs, strict=True)))
    return len(packets) / (sum(seconds) / cores)


def end_to_end(exchange: Exchange, packets: list[bytes], leas: list[load.Lea], end: str) -> tuple[float, float]:
    """(packets per second to the state `end`, packets per second until every receipt's file is durable too)."""
    for number, packet in enumerate(packets):
        outbox = exchange.folder(leas[number % len(leas)].id, "outbox")
        (outbox / f".{number}.pgp").write_bytes(packet)
    os.sync()
    engine = connect(read_settings(exchange.home))

    def count(statement: str) -> int:
        with reading(engine) as connection:
            return int(connection.execute(text(statement)).scalar() or 0)

    reached = f"SELECT count(*) FROM packets WHERE state = '{end}'"  # noqa: S608  a word of this file
    before = count(reached)
    began = time.perf_counter()
    for number in range(len(packets)):
        outbox = exchange.folder(leas[number % len(leas)].id, "outbox")
        (outbox / f".{number}.pgp").rename(outbox / f"{number}.pgp")
    wanted = before + len(packets)
    wait_until(lambda: count(reached) >= wanted, end, 600)
    to_inbox = time.perf_counter() - began
    wait_until(lambda: count("SELECT count(*) FROM publications") == 0, "receipts", 600)
    engine.dispose()
    return len(packets) / to_inbox, len(packets) / (time.perf_counter() - began)


def latency(exchange: Exchange, packets: list[bytes], leas: list[load.Lea]) -> list[float]:
    """Milliseconds from the rename in an outbox to the file in the inbox, one packet at a time."""
    inbox = exchange.folder(RECEIVER, "inbox")
    known = set(os.listdir(inbox))  # noqa: PTH208  names only: the loop below must be cheap
    found = []
    for number, packet in enumerate(packets):
        began = time.perf_counter()
        exchange.drop(leas[number % len(leas)].id, f"low{number}.pgp", packet)
        while True:
            fresh = {name for name in os.listdir(inbox) if not name.startswith(".")} - known  # noqa: PTH208
            if fresh:
                break
            time.sleep(0.001)
        found.append(1000 * (time.perf_counter() - began))
        known |= fresh
        time.sleep(0.1)
    return found


def peaks(exchange: Exchange) -> dict[str, float]:
    """Peak resident memory of each process so far, in MB."""
    found = {}
    for name, pid in exchange.parts().items():
        status = Path(f"/proc/{pid}/status").read_text()
        found[name] = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    return found


def main() -> None:
    """Run all measurements."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--packets", type=int, default=3000)
    parser.add_argument("--single", type=int, default=100, help="packets at low load")
    parser.add_argument("--size", type=int, default=24_000, help="bytes of a sealed packet")
    parser.add_argument("--students", type=int, default=STATE, help="in the registry, for the identity's measures")
    chosen = parser.parse_args()
    # beside the project, where demo and users keep homes: /tmp may be another kind of file system
    root = Path(tempfile.mkdtemp(prefix=".bench-", dir=ROOT))
    pace = {"scan_seconds": 5.0, "settle_seconds": 3.0, "sweep_seconds": 1.0, "stale_seconds": 30.0}
    exchange = Exchange(root / "home", processes=0, **pace)  # a worker on each core, as where nothing was set
    try:
        run(exchange, chosen)
    finally:
        exchange.close()
        shutil.rmtree(root)
    slices.main()
    tables.main()
    for line in before.tables():
        print(json.dumps(line), flush=True)
    identity_one.main(["--students", str(chosen.students)])
    identity_bulk.main(chosen.students)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(year.run(Path(folder), year.STUDENTS)), flush=True)


def run(exchange: Exchange, chosen: argparse.Namespace) -> None:
    """The measurements, in the order in which they disturb each other least."""
    leas = [load.lea(name, "district", algorithm) for name, algorithm in DISTRICTS]
    receiver = load.lea(RECEIVER, "charter", "cv25519")
    for one in [*leas, receiver]:
        exchange.add(one.id, one.certificate, one.kind)
    total = chosen.packets + chosen.single
    load.register(exchange, total, [one.id for one in leas], RECEIVER, stayed=chosen.packets)
    packets = [
        load.sealed(leas[number % len(leas)], RECEIVER, exchange.certificate, chosen.size, number)
        for number in range(total)
    ]
    night = [_backpack(leas[number % len(leas)], exchange, number) for number in range(total, total + chosen.packets)]
    many, few = packets[: chosen.packets], packets[chosen.packets :]
    say("load", packets=len(many), sealed_bytes=median(map(len, many)), districts=[a for _, a in DISTRICTS])
    exchange.up(is_from_nothing=True)
    times = sorted(latency(exchange, few, leas))
    cuts = quantiles(times, n=100)
    say("time_to_inbox", packets=len(times), p50_ms=round(cuts[49], 1), p99_ms=round(cuts[98], 1))
    rate, whole = end_to_end(exchange, many, leas, "DELIVERED")
    loop = bare_rate(exchange, many, leas, receiver)
    say("end_to_end", packets_per_s=round(rate, 1), with_receipt_files_per_s=round(whole, 1))
    say("bare_open_relock", packets_per_s=round(loop, 1), processes=os.cpu_count())
    say("ratio", end_to_end_to_bare=round(rate / loop, 3), goal=0.5)
    kept, _ = end_to_end(exchange, night, leas, "APPLIED")
    minutes = round(STATE / kept / 60, 1)
    say("state_night", backpacks_per_s=round(kept, 1), packets=STATE, projected_minutes=minutes, goal_minutes=15)
    say("peak_memory", mb={name: round(mb, 1) for name, mb in peaks(exchange).items()})


def _backpack(lea: load.Lea, exchange: Exchange, number: int) -> bytes:
    return load.letter(lea, exchange.certificate, load.backpack(lea.id, NIGHTLY_BYTES, number))


if __name__ == "__main__":
    main()
