"""Rounds of drand's quicknet, as its servers give them, and what is none."""

import json
from datetime import timedelta

import pytest

from quizapp.draws.beacon import GENESIS, Round, first_round_from, is_genuine, round_from, time_of

# Genuine: rounds 1000 and 1001, and the example round of drand-verify's own documentation.
SIGNED = {
    1000: "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
    1001: "b33bf3667cbd5a82de3a24b4e0e9fe5513cc1a0e840368c6e31f5fcfa79bea03f73896b25883abf2853d10337fb8fa41",
    657_413: "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b",
}
RANDOMNESS = {
    1000: "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd",
    657_413: "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587",
}


@pytest.mark.parametrize("number", SIGNED)
def test_genuine_rounds_are_genuine(number: int) -> None:
    found = Round(number, SIGNED[number])
    assert is_genuine(found)
    assert found.randomness == RANDOMNESS.get(number, found.randomness)


@pytest.mark.parametrize(
    ("number", "signature"),
    [
        (1001, SIGNED[1000]),
        (1000, SIGNED[1001]),
        (1000, SIGNED[1000][:-1] + "8"),
        (1000, "c0" + "00" * 47),  # the neutral point
        (1000, "00" * 48),
        (1000, "ff" * 48),
        (1000, "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"),
    ],
)
def test_what_the_chain_has_not_signed_is_not_genuine(number: int, signature: str) -> None:
    assert not is_genuine(Round(number, signature))


def test_a_round_is_read_as_the_servers_give_it() -> None:
    given = {"round": 1000, "randomness": RANDOMNESS[1000], "signature": SIGNED[1000]}
    assert round_from(json.dumps(given)) == Round(1000, SIGNED[1000])
    assert round_from(json.dumps({"round": 1000, "signature": SIGNED[1000].upper()})) == Round(1000, SIGNED[1000])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        "5",
        "null",
        '{"round": 1000}',
        json.dumps({"round": "1000", "signature": SIGNED[1000]}),
        json.dumps({"round": True, "signature": SIGNED[1000]}),
        json.dumps({"round": 1000, "signature": SIGNED[1000][2:]}),
        json.dumps({"round": 1000, "signature": "z" * 96}),
        json.dumps({"round": 1000, "signature": 5}),
        json.dumps({"round": 1000, "signature": SIGNED[1000], "randomness": RANDOMNESS[657_413]}),
        "[" * 100_000,
    ],
)
def test_what_is_no_round_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        round_from(text)


def test_rounds_and_their_times() -> None:
    assert time_of(1) == GENESIS
    assert time_of(1000).timestamp() == 1_692_806_364
    assert first_round_from(time_of(1000)) == 1000
    assert first_round_from(time_of(1000) + timedelta(microseconds=1)) == 1001
    assert first_round_from(time_of(1000) - timedelta(microseconds=1)) == 1000
    assert first_round_from(GENESIS - timedelta(days=1)) == 1
