"""A Redis Cluster while hundreds of answers are on their way: slots move, and a master is killed and its replica promoted.

What is acknowledged has reached a replica (QUIZ_STORE_REPLICAS), so a promotion loses none of it. Without that it loses what the
replica had not got: some ninety answers here, see the README.
"""

import asyncio
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import func, select

from quizapp.attempts.models import Response, Result
from quizapp.competitions.models import Competition
from quizapp.errors import Unavailable
from quizapp.extensions import db, grader
from quizapp.grader.cluster_pipeline import ClusterPipeline
from quizapp.grader.engine import AnswerCall
from quizapp.grader.keys import ShardKeys, keys_for
from quizapp.installation.checks import CannotStart, check_store
from quizapp.installation.doctor import findings
from quizapp.leaderboards.board_keys import generation_key
from quizapp.leaderboards.live import LiveBoard
from quizapp.leaderboards.refresh import drop_boards
from tests.fault.cluster import Cluster, wait_for
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
    people, environ = PEOPLE * len(FAULTS) + SHARDS + 1, {"QUIZ_STORE_REPLICAS": "1"}
    with installation(people, shards=SHARDS, redis_url=cluster.url, environ=environ) as running:
        yield running


@pytest.mark.parametrize("fault", FAULTS)
def test_no_acknowledged_answer_is_lost(
    cluster: Cluster, on_a_cluster: Installation, fault: str, faults: Table
) -> None:
    key = ShardKeys(on_a_cluster.competition, 0).rules
    skip = PEOPLE * list(FAULTS).index(fault)
    under_fault(on_a_cluster, fault, lambda: FAULTS[fault](cluster, key), faults, skip)


def test_while_a_slot_has_no_master_its_people_come_again_and_the_others_go_on(
    cluster: Cluster, on_a_cluster: Installation
) -> None:
    number = on_a_cluster.competition
    people = {who.account % SHARDS: who for who in on_a_cluster.open_attempts(SHARDS, skip=PEOPLE * len(FAULTS))}
    pair = cluster.pair_of(ShardKeys(number, 0).rules)
    hit = {shard for shard in people if cluster.master_of(ShardKeys(number, shard).rules) is pair[0]}
    assert hit < people.keys(), "void: all shards are at one master"

    def answer(shard: int) -> tuple[int, bool]:
        """The status of the reply, and whether it says when to come again."""
        body = b'{"answers":[{"position":1,"chosen":1,"sequence":1}]}'
        url, headers = f"http://127.0.0.1:{on_a_cluster.port}/answer", {"X-Ticket": people[shard].ticket}
        try:
            with urlopen(Request(url, body, headers)) as reply:
                assert b'"saved"' in reply.read()
                return 200, False
        except HTTPError as error:
            with error:
                return error.code, int(error.headers["Retry-After"]) > 0

    def are_recorded(shards: set[int]) -> bool:
        with on_a_cluster.app.app_context():
            accounts = [people[shard].account for shard in shards]
            rows = select(func.count()).select_from(Response).where(Response.account_id.in_(accounts))
            return db.session.scalar(rows) == len(shards)

    for node in pair:
        node.kill()
    assert {answer(shard) for shard in hit} == {(503, True)}
    for shard in people.keys() - hit:
        wait_for(lambda shard=shard: answer(shard)[0] == 200)
    wait_for(lambda: are_recorded(people.keys() - hit))
    assert {answer(shard) for shard in hit} == {(503, True)}
    for node in pair:
        node.start()
    for shard in hit:
        wait_for(lambda shard=shard: answer(shard)[0] == 200)
    wait_for(lambda: are_recorded(set(people)))
    cluster.wait_for_replicas()


def test_a_repeat_is_not_acknowledged_before_a_replica_has_what_it_repeats(
    cluster: Cluster, on_a_cluster: Installation
) -> None:
    """Another worker gets the repeat: it writes nothing there, and its connection has nothing to wait for but its mark."""
    number = on_a_cluster.competition
    who = on_a_cluster.open_attempts(1, skip=PEOPLE * len(FAULTS) + SHARDS)[0].account
    attempt = grader.read(number, SHARDS, who).attempt
    assert attempt is not None
    keys, replica = keys_for(number, SHARDS, who), cluster.pair_of(keys_for(number, SHARDS, who).rules)[1]

    async def ask(pipeline: ClusterPipeline, sequence: int) -> str:
        call = AnswerCall(who, attempt.ordinal, attempt.epoch, [(1, 1, sequence)])
        try:
            return (await pipeline.answer(keys, call)).outcomes[0].outcome
        except Unavailable as error:
            return error.code

    async def play() -> list[str]:
        one, other = ClusterPipeline(cluster.url, replicas=1), ClusterPipeline(cluster.url, replicas=1)
        said = [await ask(one, 1), await ask(other, 1)]
        replica.send(signal.SIGSTOP)
        try:
            said += [await ask(one, 2), await ask(other, 2)]
        finally:
            replica.send(signal.SIGCONT)
            one.close()
            other.close()
        return said

    assert asyncio.run(play()) == ["saved", "saved", "store_unavailable", "store_unavailable"]
    wait_for(replica.answers)
    cluster.wait_for_replicas()


def test_the_doctor_and_readyz_know_a_cluster(cluster: Cluster, on_a_cluster: Installation) -> None:
    def all_is_well() -> bool:
        said = list(findings(on_a_cluster.environ))
        named = sum("Valkey" in finding.text or "version" in finding.text for finding in said)
        return named >= len(cluster.nodes) and not any(finding.state == "bad" for finding in said)

    wait_for(all_is_well)  # a node is named once the others have told of it

    def is_ready() -> bool:
        with suppress(HTTPError), urlopen(f"http://127.0.0.1:{on_a_cluster.port}/readyz") as reply:
            return bool(reply.status == 200)
        return False

    wait_for(is_ready)


def test_a_node_that_is_named_as_a_single_server_is_told_how_to_write_it(cluster: Cluster) -> None:
    with pytest.raises(CannotStart, match=r"redis\+cluster://"):
        check_store(f"redis://127.0.0.1:{cluster.nodes[0].port}")


def test_limits_count_on_a_cluster(cluster: Cluster, on_a_cluster: Installation) -> None:
    storage = storage_from_string(on_a_cluster.settings.limits_url)
    limiter = MovingWindowRateLimiter(storage)
    item = parse("2 per 1 hour")
    assert [limiter.hit(item, name) for name in "aab" for _ in range(2)] == [True, True, False, False, True, True]
    limiter.clear(item, "a")
    assert limiter.hit(item, "a")


def test_boards_are_kept_dropped_and_made_anew_on_a_cluster(on_a_cluster: Installation) -> None:
    with on_a_cluster.app.app_context():
        competition = db.session.get_one(Competition, on_a_cluster.competition)
        number, tie_keys = competition.id, competition.tie_keys
        people = db.session.scalar(select(func.count()).select_from(Result))

    def is_kept() -> bool:
        board = LiveBoard(grader.store, number, tie_keys)
        shown = len(board.people(0, 10))
        return board.stamp.as_of is not None and board.count_people() == people and shown == min(10, people or 0)

    wait_for(is_kept)
    before = grader.store.get(generation_key(number))
    drop_boards(grader.store, number)
    wait_for(is_kept)
    assert grader.store.get(generation_key(number)) != before
