"""Faults of the line to the store, one that can be broken, while hundreds of answers are on their way.

In a file of its own: an installation binds the process's grader to its store, so only one may be there at a time.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from quizapp.installation.store import SOCKET, start_store, stop_store, wait_until_ready
from tests.fault.faults import LINES
from tests.fault.line import Line
from tests.fault.table import Table
from tests.fault.under_fault import PEOPLE, under_fault
from tests.load.installation import Installation, installation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]

EVERY_RUN = {"answer", "submit", "xreadgroup"}  # commands whose reply must have been lost once, or the run is void


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    with tempfile.TemporaryDirectory(prefix="quizline") as name:
        folder = Path(name)
        store = start_store(folder / "store")
        wait_until_ready(folder / "store", store)
        line = Line(folder / "line.sock", folder / "store" / SOCKET)
        try:
            yield line
        finally:
            line.end()
            stop_store(store)


@pytest.fixture(scope="module")
def behind_the_line(line: Line) -> Iterator[Installation]:
    with installation(PEOPLE * len(LINES), questions=10, redis_url=f"unix://{line.path}") as running:
        yield running


@pytest.mark.parametrize("fault", LINES)
def test_no_acknowledged_answer_is_lost(behind_the_line: Installation, line: Line, fault: str, faults: Table) -> None:
    skip = PEOPLE * list(LINES).index(fault)
    under_fault(behind_the_line, fault, lambda: LINES[fault](line), faults, skip)
    if fault == "one reply of each command lost":
        line.lose_nothing()
        assert line.lost >= EVERY_RUN, line.lost
