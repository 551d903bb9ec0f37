"""How a cluster is named, and what it says of itself."""

import pytest

from quizapp.grader.cluster import _key_of, is_cluster, node_url, read_slots, seeds_of, slot_of
from quizapp.grader.keys import ShardKeys, mark_beside
from quizapp.leaderboards import board_keys


def test_an_address_names_some_nodes() -> None:
    url = "rediss+cluster://me:word@one:7000,[::1]:7001,two/?ssl_ca_certs=ca.pem"
    assert is_cluster(url)
    assert seeds_of(url) == [("one", 7000), ("::1", 7001), ("two", 6379)]
    assert node_url(url, ("::2", 7002)) == "rediss://me:word@[::2]:7002?ssl_ca_certs=ca.pem"
    assert not is_cluster("redis://one:7000")


@pytest.mark.parametrize("url", ["redis+cluster://", "redis+cluster://one:seven", "redis+cluster://me@"])
def test_an_address_without_sense_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        seeds_of(url)


def test_a_node_without_a_name_is_where_it_was_asked() -> None:
    reply = [[0, 1, [b"", 7000, b"id"], ["two", 7001, "id"]], [2, 2, [None, 7002, "id"]]]
    masters, nodes = read_slots(reply, ("one", 7000))
    assert masters == {0: ("one", 7000), 1: ("one", 7000), 2: ("one", 7002)}
    assert nodes == [("one", 7000), ("two", 7001), ("one", 7002)]


def test_all_keys_of_a_shard_and_all_of_a_board_share_a_slot() -> None:
    keys, boards = ShardKeys(42, 7), board_keys.BoardKeys(42, 3)
    of_shard = [keys.rules, keys.key, keys.open, keys.stream, keys.compared, keys.person(1), keys.attempt(1, 2)]
    of_board = [board_keys.live_key(42), board_keys.generation_key(42), board_keys.rebuilding_key(42), boards.people]
    of_board += [boards.histogram, boards.figures, boards.unit_people(5), boards.person_bucket(9)]
    assert len({slot_of(key) for key in [*of_shard, mark_beside(keys.stream)]}) == 1
    assert len({slot_of(key) for key in of_board}) == 1
    assert len({slot_of(ShardKeys(42, shard).rules) for shard in range(8)}) == 8


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("EVALSHA", "digest", 2, "a", "b", "c"), "a"),
        (("XREADGROUP", "GROUP", "g", "c", b"STREAMS", "a", ">"), "a"),
        (("XGROUP CREATE", "a", "g"), "a"),
        (("HGET", b"a", "b"), "a"),
        (("TIME",), "quiz"),
        (("EVAL", "text", 0), "quiz"),
    ],
)
def test_a_command_goes_by_its_first_key(words: tuple[object, ...], key: str) -> None:
    assert _key_of(words) == key
