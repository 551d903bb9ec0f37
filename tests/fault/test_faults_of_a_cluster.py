"""A Redis Cluster while hundreds of answers are on their way: slots move, and a master is killed and its replica promoted.

What is acknowledged has reached a replica (QUIZ_STORE_REPLICAS), so a promotion loses none of it. Without that it loses what the
replica had not got: some ninety answers here, see the README.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from quizapp.grader.keys import ShardKeys
from tests.fault.cluster import Cluster
from tests.fault.table import Table
from tests.fault.under_fault import PEOPLE, under_fault
from tests.load.installation import Installation, installation

pytestmark = [pytest.mark.slow, pytest.mark.once, pytest.mark.timeout(0)]

SHARDS = 4
FAULTS: dict[str, Callable[[Cluster, str], None]] = {
    "a cluster's slot moved to another master, key by key": Cluster.move,
    "a cluster's slot moved to another master at once": Cluster.move_at_once,
    "a cluster's master killed, and its replica promoted": Cluster.promote,
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="quizcluster") as name, Cluster(Path(name)) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def on_a_cluster(cluster: Cluster) -> Iterator[Installation]:
    people, environ = PEOPLE * len(FAULTS), {"QUIZ_STORE_REPLICAS": "1"}
    with installation(people, shards=SHARDS, redis_url=cluster.url, environ=environ) as running:
        yield running


@pytest.mark.parametrize("fault", FAULTS)
def test_no_acknowledged_answer_is_lost(
    cluster: Cluster, on_a_cluster: Installation, fault: str, faults: Table
) -> None:
    key = ShardKeys(on_a_cluster.competition, 0).rules
    skip = PEOPLE * list(FAULTS).index(fault)
    under_fault(on_a_cluster, fault, lambda: FAULTS[fault](cluster, key), faults, skip)
