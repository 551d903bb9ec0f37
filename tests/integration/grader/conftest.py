from collections.abc import Iterator

import pytest
from redis import Redis

from tests.integration.grader.room import Room


@pytest.fixture
def room(store: Redis, store_url: str) -> Iterator[Room]:
    """An open competition in an empty store; one attempt a person."""
    room = Room(store_url)
    yield room
    room.close()
