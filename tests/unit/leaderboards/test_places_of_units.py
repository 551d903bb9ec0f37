"""Where people stand inside their units, in portions."""

from quizapp.leaderboards.standings import PORTION, PlacesOfUnits, packed, unpacked


def test_every_place_is_in_every_unit_of_its_line_once_and_in_order() -> None:
    lines = {0: (1, 2), 1: (1, 3), 2: (4,), 3: ()}
    places = PlacesOfUnits()
    kept = [part for place in range(1, 5001) for part in places.add(place, lines[place % 4])]
    assert all(len(unpacked(part["places"])) == PORTION for part in kept)
    kept += places.end()
    found: dict[int, list[int]] = {}
    for part in kept:
        held = found.setdefault(part["organization_id"], [])
        assert part["number"] == len(held) // PORTION
        assert part["first_place"] == unpacked(part["places"])[0]
        held += unpacked(part["places"])
    assert found == {unit: [place for place in range(1, 5001) if unit in lines[place % 4]] for unit in (1, 2, 3, 4)}


def test_what_is_packed_comes_back() -> None:
    assert unpacked(packed([])) == ()
    assert unpacked(packed([1, 256, 4_000_000_000])) == (1, 256, 4_000_000_000)
