"""`--rounds`, `--seed` and `--table`, and the table at the end."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fault.table import Table

KEY = pytest.StashKey[Table]()


@pytest.fixture(scope="session")
def faults(request: pytest.FixtureRequest) -> Iterator[Table]:
    """What was done and found in this run."""
    config = request.config
    seed = config.getoption("--seed")
    table = config.stash[KEY] = Table(
        random.SystemRandom().randrange(10**6) if seed is None else seed, config.getoption("--rounds")
    )
    yield table
    if file := config.getoption("--table"):
        table.write(Path(file))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if (table := config.stash.get(KEY, None)) and table.rows:
        terminalreporter.write("\n" + table.text())
