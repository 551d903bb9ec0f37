"""PostgreSQL killed while the recorder commits to it: what is acknowledged stays in the store until it is in SQL for good.

The server syncs, as one in use does: the store forgets an entry once its commit has returned.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.fault.faults import PAUSE_S
from tests.fault.table import Table
from tests.fault.under_fault import PEOPLE, under_fault
from tests.load.installation import Installation, installation
from tests.load.participants import PATIENCE_S
from tests.postgres_server import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]


def connected(server: PostgresServer, deadline: float) -> psycopg.Connection:
    """A connection, as soon as the server has recovered from the time before."""
    while True:
        try:
            return psycopg.connect(server.url("postgres"), autocommit=True)
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, "the server does not recover"
            time.sleep(0.05)


def kill_a_commit(server: PostgresServer) -> None:
    """SIGKILL to a server process that is at a commit; the others are ended by the server itself, which then recovers."""
    busy = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query ~ 'COMMIT|response' AND pid <> pg_backend_pid()"
    deadline = time.monotonic() + PATIENCE_S
    with connected(server, deadline) as connection:
        while not (found := connection.execute(busy).fetchall()):
            assert time.monotonic() < deadline, "void: nobody writes"
    os.kill(found[0][0], signal.SIGKILL)


def kill_the_server(server: PostgresServer) -> None:
    """SIGKILL to all of it, and a start after a while."""
    server.kill()
    time.sleep(PAUSE_S)
    server.start()


FAULTS: dict[str, Callable[[PostgresServer], None]] = {
    "PostgreSQL killed in a commit": kill_a_commit,
    "PostgreSQL killed, and away for 3 s": kill_the_server,
}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    server = PostgresServer(durable=True)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def on_postgresql(server: PostgresServer) -> Iterator[Installation]:
    server.run("CREATE DATABASE quiz")
    with installation(PEOPLE * len(FAULTS), database_url=server.url("quiz")) as running:
        yield running


@pytest.mark.parametrize("fault", FAULTS)
def test_no_acknowledged_answer_is_lost(
    server: PostgresServer, on_postgresql: Installation, fault: str, faults: Table
) -> None:
    skip = PEOPLE * list(FAULTS).index(fault)
    under_fault(on_postgresql, fault, lambda: FAULTS[fault](server), faults, skip)
