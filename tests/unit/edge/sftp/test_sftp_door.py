"""Who may come to the SFTP server's door, who waits there, and who makes room for whom."""

import pytest

from broker.edge.sftp.server.door import ADDRESSES, BURST, LOGIN_SECONDS, SHORT, Arrivals, Door, Full, Told, source_of

HONEST = "192.0.2.1"


def attackers(count: int) -> list[str]:
    return [f"198.51.100.{number + 1}" for number in range(count)]


def comes(arrivals: Arrivals, address: str, now: float) -> bool:
    if is_welcome := arrivals.is_welcome(address, now):
        arrivals.count(address, now)
    return is_welcome


def test_who_comes_too_often_is_not_welcome() -> None:
    arrivals = Arrivals(2)
    assert [comes(arrivals, "192.0.2.1", now) for now in (0, 1, 2, 59, 61, 61.5)] == [
        True,
        True,
        False,
        False,
        True,
        True,
    ]
    assert comes(arrivals, "192.0.2.2", 2)


def test_a_fifth_of_a_minute_s_may_come_at_once() -> None:
    arrivals = Arrivals(200)
    assert [comes(arrivals, HONEST, 0.01 * number) for number in range(60)].count(True) == 40
    assert [comes(arrivals, HONEST, SHORT + 0.7 + 0.01 * number) for number in range(60)].count(True) == 40
    few = Arrivals(30)  # no program is cut off in its first moment
    assert [comes(few, HONEST, 0) for _ in range(40)].count(True) == BURST


def test_an_ipv6_client_is_its_network() -> None:
    arrivals = Arrivals(1)
    assert comes(arrivals, "2001:db8::1", 0)
    assert not comes(arrivals, "2001:db8::ffff:2", 1)
    assert comes(arrivals, "2001:db8:0:1::1", 1)
    assert comes(arrivals, "::ffff:192.0.2.1", 1)
    assert comes(arrivals, "::ffff:192.0.2.2", 1)


def test_arrivals_of_many_strangers_are_forgotten() -> None:
    arrivals = Arrivals(1)
    for number in range(ADDRESSES + 100):
        arrivals.count(str(source_of(f"2001:db8:{number % 65536:x}:{number // 65536:x}::1").own).split("/")[0], 0)
    assert len(arrivals._times) <= ADDRESSES


@pytest.mark.parametrize(
    ("address", "own", "around"),
    [
        ("192.0.2.9", "192.0.2.9/32", "192.0.2.0/24"),
        ("::ffff:192.0.2.9", "192.0.2.9/32", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
    ],
)
def test_a_source_is_a_client_and_the_network_around_it(address: str, own: str, around: str) -> None:
    assert (source_of(address).own, source_of(address).around) == (own, around)


def come(door: Door[str], address: str, now: float, name: str = "") -> str | None:
    """One more guest; who went for it."""
    gone = door.make_room(address, now)
    door.enter(name or f"{address} at {now}", address, now)
    return gone


def test_the_greediest_source_makes_room_whoever_has_waited() -> None:
    door: Door[str] = Door(8, 4)
    for number, address in enumerate([*attackers(1) * 4, *attackers(2)[1:] * 3, "203.0.113.7"]):
        assert come(door, address, number / 1000) is None
    assert come(door, HONEST, 0.1, "honest") == "198.51.100.1 at 0.0"  # the oldest of who has most, though just come
    assert come(door, "203.0.113.8", 0.2) in {"198.51.100.1 at 0.001", "198.51.100.2 at 0.004"}


def test_an_honest_guest_is_not_pushed_out_by_those_who_have_more() -> None:
    door: Door[str] = Door(8, 4)
    come(door, HONEST, 0, "honest")
    gone = []
    for number in range(200):
        try:
            gone.append(come(door, attackers(6)[number % 6], number / 1000))
        except Full:
            continue
    assert "honest" not in gone


def test_a_source_has_so_many_places_and_its_own_oldest_makes_room() -> None:
    door: Door[str] = Door(100, 2)
    come(door, HONEST, 0, "first")
    come(door, HONEST, 0.5, "second")
    with pytest.raises(Full):  # both have hardly had the time to log in
        door.make_room(HONEST, LOGIN_SECONDS / 2)
    assert come(door, HONEST, LOGIN_SECONDS, "third") == "first"
    door.leave("second")
    assert come(door, HONEST, LOGIN_SECONDS) is None


def test_with_as_many_sources_as_places_who_has_had_the_time_makes_room() -> None:
    door: Door[str] = Door(4, 4)
    for number, address in enumerate(("192.0.2.1", "198.51.100.1", "203.0.113.1", "233.252.0.1")):
        come(door, address, number / 100)
    with pytest.raises(Full):
        door.make_room("10.0.0.1", 0.5)
    assert come(door, "10.0.0.1", LOGIN_SECONDS) == "192.0.2.1 at 0.0"


def test_many_networks_of_one_customer_count_together() -> None:
    door: Door[str] = Door(8, 4)
    for number in range(8):
        come(door, f"2001:db8:0:{number:x}::1", 0)
    assert str(come(door, "2001:db8:ffff::1", 0.001)).startswith("2001:db8:0:")


def test_what_a_stranger_does_over_and_over_is_said_once_a_minute() -> None:
    told = Told()
    assert [told.count(HONEST, "often", now) for now in (0, 1, 2, 59)] == [1, None, None, None]
    assert told.count(HONEST, "full", 3) == 1
    assert told.count("192.0.2.2", "often", 3) == 1
    assert told.count(HONEST, "often", 61) == 4
