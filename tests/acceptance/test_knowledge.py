"""What an LEA learns about a child that it never had is the same whether the child exists or not: every packet that can
name a child, in two exchanges, compared from outside."""

from collections.abc import Iterator

import pytest

from tests.support import desk
from tests.support.guesses import ASKED, BORN_WRONG, FACTS, LAST_WRONG, RIGHT, Worlds

CLASS = iter(desk.children(600, 9000))
# what is no enrollment by name and birth date: whatever is right or wrong
NO_ENROLLMENT = sorted(set(ASKED) - {"entry", "new", "retrieve"})


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    made = Worlds(tmp_path_factory.mktemp("worlds"))
    yield made
    made.close()


WRONG = {"right": RIGHT} | BORN_WRONG | LAST_WRONG


@pytest.mark.parametrize("asked", NO_ENROLLMENT)
@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("is_numbered", [True, False], ids=["number", "name"])
def test_what_is_no_enrollment_is_answered_alike(worlds: Worlds, asked: str, wrong: str, is_numbered: bool) -> None:
    if asked in ("verify", "update", "transcript") and not is_numbered:
        pytest.skip("it always names a number")
    child = worlds.known(next(CLASS) | FACTS)
    if not is_numbered:
        del child["ssid"]
    assert worlds.differences(ASKED[asked](WRONG[wrong](child))) == []
