"""Keys: one hash tag a shard, so that one script touches one slot."""

from quizapp.grader.keys import ShardKeys, keys_for, shard_of


def test_all_keys_of_a_shard_carry_its_tag() -> None:
    keys = ShardKeys(42, 7)
    names = [keys.rules, keys.key, keys.open, keys.stream, keys.person(5), keys.attempt(5, 1), keys.attempts(5)]
    assert all(name.startswith("{q42.7}:") for name in names)
    assert len(set(names)) == len(names)
    assert keys.attempt(5, 1) == keys.attempts(5) + "1"


def test_an_account_stays_in_its_shard() -> None:
    assert keys_for(42, 4, 10) == ShardKeys(42, shard_of(10, 4)) == ShardKeys(42, 2)
