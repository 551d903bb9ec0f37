"""Faults of processes, memory, disk and database while hundreds of answers are on their way: no acknowledged one is lost,
doubled, mis-scored or counted too late.

Real processes, over HTTP: `quizapp up` with its embedded store. A run without enough in flight is void. `make faults` does
each fault many times and writes the table.
"""

from collections.abc import Iterator

import pytest

from tests.fault.faults import PROCESSES
from tests.fault.table import Table
from tests.fault.under_fault import PEOPLE, under_fault
from tests.load.installation import Installation, installation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]


@pytest.fixture(scope="module")
def running() -> Iterator[Installation]:
    with installation(PEOPLE * len(PROCESSES), questions=10) as running:
        yield running


@pytest.mark.parametrize("fault", PROCESSES)
def test_no_acknowledged_answer_is_lost(running: Installation, fault: str, faults: Table) -> None:
    skip = PEOPLE * list(PROCESSES).index(fault)
    under_fault(running, fault, lambda: PROCESSES[fault](running), faults, skip)
