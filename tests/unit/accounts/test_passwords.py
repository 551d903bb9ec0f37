import threading
import time

import pytest

from quizapp.accounts.passwords import Room, weakness
from quizapp.errors import Unavailable


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("short", "password_short"),
        ("x" * 129, "password_long"),
        ("12345678", "password_common"),
        ("PASSWORD", "password_common"),
        ("aaaaaaaa", "password_common"),
        ("13800001234", "password_personal"),
        ("正确的马电池订书钉", None),
        ("Zhiliang-2026", None),
    ],
)
def test_weak_passwords_are_named(password: str, expected: str | None) -> None:
    assert weakness(password, "13800001234", None) == expected


def test_only_so_many_hash_at_once_and_the_rest_is_told_to_come_again() -> None:
    room = Room(places=3, at_once=1, wait_s=0.2)
    leave = threading.Event()
    inside: list[str] = []
    refused: list[int] = []

    def visit(name: str) -> None:
        try:
            with room.entered():
                inside.append(name)
                leave.wait(60)
        except Unavailable as error:
            refused.append(error.retry_after_s)

    first = threading.Thread(target=visit, args=("first",))
    first.start()
    while not inside:
        time.sleep(0)
    waiting = [threading.Thread(target=visit, args=(f"waits {n}",)) for n in range(6)]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    leave.set()
    first.join()
    assert inside == ["first"]
    assert len(refused) == 6  # while the first was inside: two waited in vain, four found no place


def test_a_place_is_free_again_after_an_error() -> None:
    room = Room(places=1, at_once=1, wait_s=0.1)
    with pytest.raises(RuntimeError), room.entered():
        raise RuntimeError
    with room.entered():
        pass
