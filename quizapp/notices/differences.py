"""What a correction moved, as pages show it: names masked, and nobody named of a unit that is too small for it."""

from dataclasses import dataclass
from typing import Any

from quizapp.competitions.models import Competition
from quizapp.leaderboards.frozen import frozen_board
from quizapp.leaderboards.queries import names_of
from quizapp.leaderboards.snapshots import snapshot_or_404, units_of
from quizapp.organizations.words import industry_name, region_name
from quizapp.web.page_context import mask_name


@dataclass(frozen=True, slots=True)
class Move:
    """A row that is elsewhere or otherwise: `before` and `after` as in `leaderboards.differences`, None for not there.

    `left` is the unit that a person was in before, where that is another; an empty name is nobody's or not shown.
    """

    name: str
    unit: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    left: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """The differences that a correction made: `people` whose result changed, `movers` whose rank alone did, `groups`.

    `questions`: code, the key before and after; an empty key is a void question.
    """

    questions: list[tuple[str, str, str]]
    people: list[Move]
    movers: list[Move]
    groups: list[Move]
    up: int
    down: int
    more_groups: int
    more_people: int

    @property
    def more_movers(self) -> int:
        """How many others moved that are not listed."""
        return self.up + self.down - len(self.movers)


def shown_differences(
    competition: Competition, differences: dict[str, Any], *, minimum: int, full_names: bool = False
) -> Shown:
    """The differences with names: in full for those who may know, else masked, and left out in units below `minimum`."""
    units = {unit.unit: unit for unit in units_of(snapshot_or_404(competition))}
    board = frozen_board(competition.id)
    figures = board.figures("units", [str(unit) for unit in units]) if board else {}
    accounts = [each["account"] for each in differences["people"]] + [each[0] for each in differences["movers"]]
    names = names_of(accounts)

    def place(unit: int | None) -> str:
        line = units[unit].line if unit in units else ()
        if not full_names:
            line = tuple(each for each in line if str(each) in figures and figures[str(each)].participants >= minimum)
        return units[line[-1]].name if line else ""

    def person(account: int, unit: int | None, before: dict[str, Any] | None, after: dict[str, Any] | None) -> Move:
        name, shown = names.get(account, ""), place(unit)
        if not full_names:
            name = mask_name(name) if shown or unit not in units else ""
        moves = before is not None and "unit" in before and before["unit"] != unit
        return Move(name, shown, before, after, left=place(before["unit"]) if before and moves else None)

    people = []
    for each in differences["people"]:
        now = each["to"] or each["from"]
        people.append(person(each["account"], now["unit"], each["from"], each["to"]))
    own = board.units_of_people([each[0] for each in differences["movers"]]) if board else {}
    movers = [person(who, own.get(who), {"rank": rank}, {"rank": to}) for who, rank, to in differences["movers"]]
    groups = []
    for each in differences["groups"]:
        code = each["subject"]
        if each["board"] == "units":
            name = units[int(code)].name
        else:
            name = str((region_name if each["board"] == "regions" else industry_name)(code))
        groups.append(Move(name, each["board"], _with_mean(each["from"], minimum), _with_mean(each["to"], minimum)))
    # Snapshots from before questions could be corrected have neither them nor `more_people`.
    questions = [(each["code"], each["from"] or "", each["to"] or "") for each in differences.get("questions", ())]
    more_people = differences.get("more_people", 0)
    up, down, more_groups = differences["up"], differences["down"], differences["more_groups"]
    return Shown(questions, people, movers, groups, up, down, more_groups, more_people)


def _with_mean(figures: dict[str, Any] | None, minimum: int) -> dict[str, Any] | None:
    """A group's figures, without the sum of its scores where that would tell of single people."""
    if figures is None:
        return None
    mean = figures["score_sum"] / figures["participants"] if figures["participants"] >= max(minimum, 1) else None
    return {**figures, "mean": mean}
