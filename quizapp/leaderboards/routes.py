"""The boards: people, units, regions, industries, a unit with all below it, the big screen, and one's own place.

Each page answers a program (`Accept: application/json`) with its rows as HTML and an ETag, which is how an open page stays
live: mostly the answer is 304.
"""

from dataclasses import dataclass
from typing import Any

from flask import Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_sqlalchemy.pagination import Pagination

from quizapp.accounts.models import Account
from quizapp.clock import to_ms
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import blueprint_of, published_or_404
from quizapp.errors import NotFound
from quizapp.leaderboards.boards import PAGE_ROWS, Board
from quizapp.leaderboards.figures import Figures, Order
from quizapp.leaderboards.gate import viewer_of
from quizapp.leaderboards.queries import (
    Mine,
    UnitName,
    board_of,
    minimum_of,
    my_place,
    named_rows,
    unit_names,
    units_above,
)
from quizapp.organizations.words import industry_name, region_name
from quizapp.web.access import PUBLIC, SIGNED_IN, Blueprint, access
from quizapp.web.error_pages import wants_json
from quizapp.web.language import choose_locale

bp = Blueprint("leaderboards", __name__, access=PUBLIC, url_prefix="/competitions/<int:competition_id>/boards")

LAST_PAGE = 10_000_000
HALL_ROWS = 10


class Rows(Pagination):
    """A page of a board: it asks for the rows by their place, so that the last page is as quick as the first."""

    def _query_items(self) -> list[Any]:
        rows: list[Any] = self._query_args["rows"](self._query_offset, self.per_page)
        return rows

    def _query_count(self) -> int:
        count: int = self._query_args["total"]
        return count


@dataclass(frozen=True)
class Seen:
    """A competition whose boards the person at the other end may see."""

    competition: Competition
    board: Board
    account: Account | None

    @property
    def minimum(self) -> int:
        """From how many participants on a unit is shown person by person."""
        return minimum_of(self.board, self.competition)


@bp.get("/")
def index(competition_id: int) -> ResponseReturnValue:
    """The people's board is the way in."""
    return redirect(url_for("leaderboards.people", competition_id=published_or_404(competition_id).id))


@bp.get("/people")
def people(competition_id: int) -> ResponseReturnValue:
    """Everybody, by rank."""
    return _people_page(_seen(competition_id), None)


@bp.get("/units")
def units(competition_id: int) -> ResponseReturnValue:
    """Units: those at the top of the tree (`scope=top`), or all of them."""
    seen = _seen(competition_id)
    scope = request.args.get("scope", "")
    if scope not in ("top", "all"):  # one root alone is no board
        scope = "top" if seen.board.count_groups("units", "top", Order.PARTICIPANTS) > 1 else "all"
    return _groups_page(seen, "units", scope, Order.MEAN)


@bp.get("/regions")
def regions(competition_id: int) -> ResponseReturnValue:
    """Province-level regions."""
    return _groups_page(_seen(competition_id), "regions", "all", Order.PARTICIPANTS)


@bp.get("/industries")
def industries(competition_id: int) -> ResponseReturnValue:
    """Industries."""
    return _groups_page(_seen(competition_id), "industries", "all", Order.PARTICIPANTS)


@bp.get("/units/<int:unit_id>")
def unit(competition_id: int, unit_id: int) -> ResponseReturnValue:
    """A unit's figures, and the units directly below it."""
    seen = _seen(competition_id)
    return _groups_page(seen, "units", str(unit_id), Order.MEAN, _unit_or_404(seen, unit_id))


@bp.get("/units/<int:unit_id>/people")
def unit_people(competition_id: int, unit_id: int) -> ResponseReturnValue:
    """The people of a unit and all below it, if they are enough to be shown one by one."""
    seen = _seen(competition_id)
    organization = _unit_or_404(seen, unit_id)
    if seen.board.count_people(organization.id) < seen.minimum:
        raise NotFound("unit_too_small", minimum=seen.minimum)
    return _people_page(seen, organization)


@bp.get("/mine")
@access(SIGNED_IN)
def mine(competition_id: int) -> ResponseReturnValue:
    """Where the person who asks stands, as JSON; `rank` is null without a counted result on the board."""
    seen = _seen(competition_id)
    found = my_place(seen.board, current_user, seen.minimum)
    as_of = seen.board.stamp.as_of
    answer: dict[str, Any] = {
        "rank": None,
        "of": seen.board.count_people(),
        "as_of_ms": to_ms(as_of) if as_of else None,
        "frozen": seen.board.frozen,
    }
    if found:
        answer |= {
            "rank": found.place.rank,
            "of": found.place.of,
            "sharing": found.place.sharing,
            "share_behind": found.place.share_behind,
            "score": found.row.score,
            "unit": _unit_json(found),
        }
    return jsonify(answer)


@bp.get("/hall")
def hall(competition_id: int) -> ResponseReturnValue:
    """The big screen: dark, figures to be read from the back row, live."""
    seen = _seen(competition_id)
    if unchanged := _unchanged(seen):
        return unchanged
    board = seen.board
    scope = "top" if board.count_groups("units", "top", Order.MEAN) > 1 else "all"
    order = Order.MEAN if board.count_groups("units", scope, Order.MEAN) else Order.PARTICIPANTS
    groups = board.groups("units", scope, order, 0, HALL_ROWS)
    return _answer(
        seen,
        "leaderboards/hall.html",
        "leaderboards/_hall.html",
        summary=_summary(seen),
        people=named_rows(board, board.people(0, HALL_ROWS), seen.minimum),
        groups=groups,
        order=order,
        names=_names(seen, "units", [row.subject for row in groups]),
        unit_count=board.count_groups("units", "all", Order.PARTICIPANTS),
    )


def _seen(competition_id: int) -> Seen:
    """The competition and its boards, for who may see them."""
    competition = published_or_404(competition_id)
    account = viewer_of(competition)
    return Seen(competition, board_of(competition), account)


def _unit_or_404(seen: Seen, unit_id: int) -> UnitName:
    """A unit that stands on the boards. Raises NotFound for one without a participant: who else there is, is not told."""
    found = seen.board.figures("units", [str(unit_id)]).get(str(unit_id), Figures())
    named = unit_names(seen.board, [unit_id]).get(unit_id) if found.participants else None
    if named is None:
        raise NotFound()
    return named


def _people_page(seen: Seen, organization: UnitName | None) -> ResponseReturnValue:
    if unchanged := _unchanged(seen):
        return unchanged
    within = organization.id if organization else None
    page = Rows(
        page=_page_number(),
        per_page=PAGE_ROWS,
        error_out=False,
        rows=lambda offset, limit: seen.board.people(offset, limit, within),
        total=seen.board.count_people(within),
    )
    me = my_place(seen.board, seen.account, seen.minimum) if seen.account else None
    my_place_here = me.place if me else None
    if me and organization:
        found = seen.board.person(me.row.account, organization.id)
        my_place_here = found[1] if found else None
    return _answer(
        seen,
        "leaderboards/people.html",
        "leaderboards/_people.html",
        here="people" if organization is None else "units",
        unit=organization,
        above=_above(seen, organization),
        page=page,
        rows=named_rows(seen.board, page.items, seen.minimum),
        me=me,
        my_place=my_place_here,
        my_page=(my_place_here.place - 1) // PAGE_ROWS + 1 if my_place_here else None,
        summary=_summary(seen),
    )


def _groups_page(
    seen: Seen, board: str, scope: str, default: Order, organization: UnitName | None = None
) -> ResponseReturnValue:
    if unchanged := _unchanged(seen):
        return unchanged
    order = _order(default)
    page = Rows(
        page=_page_number(),
        per_page=PAGE_ROWS,
        error_out=False,
        rows=lambda offset, limit: seen.board.groups(board, scope, order, offset, limit),
        total=seen.board.count_groups(board, scope, order),
    )
    largest = seen.board.groups(board, scope, Order.PARTICIPANTS, 0, 1)
    return _answer(
        seen,
        "leaderboards/groups.html",
        "leaderboards/_groups.html",
        here=board,
        board=board,
        scope=scope,
        order=order,
        here_url=request.path,
        page=page,
        names=_names(seen, board, [row.subject for row in page.items]),
        most=largest[0].figures.participants if largest else 1,
        all_count=seen.board.count_groups(board, scope, Order.PARTICIPANTS),
        mine={str(unit) for unit in _my_line(seen)},
        unit=organization,
        unit_figures=_figures_of(seen, organization),
        above=_above(seen, organization),
        summary=_summary(seen),
    )


def _my_line(seen: Seen) -> tuple[int, ...]:
    found = seen.board.person(seen.account.id) if seen.account else None
    return found[0].line if found else ()


def _figures_of(seen: Seen, organization: UnitName | None) -> Figures | None:
    if organization is None:
        return None
    return seen.board.figures("units", [str(organization.id)]).get(str(organization.id))


def _above(seen: Seen, unit: UnitName | None) -> list[UnitName]:
    return units_above(seen.board, unit.id) if unit else []


def _names(seen: Seen, board: str, subjects: list[str]) -> dict[str, str]:
    """What the subjects of a board are called."""
    if board == "units":
        named = unit_names(seen.board, [int(subject) for subject in subjects])
        return {str(unit.id): unit.name for unit in named.values()}
    name = region_name if board == "regions" else industry_name
    return {subject: str(name(subject)) for subject in subjects}


def _summary(seen: Seen) -> dict[str, Any]:
    """The figures of everybody together, those who belong to no unit included."""
    scores = seen.board.scores()
    count = sum(scores.values())
    full = blueprint_of(seen.competition).full_score
    passed = sum(people for score, people in scores.items() if score >= seen.competition.pass_score)
    return {
        "participants": count,
        "mean": sum(score * people for score, people in scores.items()) / count if count else None,
        "full_marks": sum(people for score, people in scores.items() if score >= full),
        "pass_rate": passed / count if count else None,
        "coverage": seen.board.total().coverage,
        "full_score": full,
    }


def _unit_json(found: Mine) -> dict[str, Any] | None:
    if found.unit is None or found.unit_place is None:
        return None
    return {
        "id": found.unit.id,
        "name": found.unit.name,
        "rank": found.unit_place.rank,
        "of": found.unit_place.of,
        "sharing": found.unit_place.sharing,
    }


def _order(default: Order) -> Order:
    asked = request.args.get("order", "")
    return Order(asked) if asked in set(Order) else default


def _page_number() -> int:
    text = request.args.get("page", "1")
    return min(max(1, int(text)), LAST_PAGE) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def _etag(seen: Seen) -> str:
    person = seen.account.id if seen.account else 0
    return f"{seen.board.stamp.version}.{person}.{choose_locale()}.{seen.minimum}"


def _unchanged(seen: Seen) -> Response | None:
    """The short answer to a page that holds what is in force."""
    if wants_json() and request.if_none_match.contains(_etag(seen)):
        return _stamped(Response(status=304), seen)
    return None


def _answer(seen: Seen, template: str, fragment: str, **facts: Any) -> ResponseReturnValue:
    """The page for people; its living part as JSON for the page's script."""
    facts |= {
        "competition": seen.competition,
        "stamp": seen.board.stamp,
        "frozen": seen.board.frozen,
        "minimum": seen.minimum,
    }
    if wants_json():
        return _stamped(jsonify(html=render_template(fragment, **facts)), seen)
    # The page's script asks the page's own address.
    return render_template(template, fragment=fragment, etag=_etag(seen), polled=request.full_path.rstrip("?"), **facts)


def _stamped(response: Response, seen: Seen) -> Response:
    as_of = seen.board.stamp.as_of
    response.set_etag(_etag(seen))
    response.headers["X-Board-Time"] = str(to_ms(as_of)) if as_of else ""
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept, Cookie"
    return response


def tab_links(competition: Competition) -> list[tuple[str, str, str]]:
    """(name, text, address) of the boards of a competition, for the tabs."""
    texts = {"people": _("个人"), "units": _("单位"), "regions": _("地区"), "industries": _("行业")}
    return [
        (name, text, url_for(f"leaderboards.{name}", competition_id=competition.id)) for name, text in texts.items()
    ]


@bp.context_processor
def _tabs() -> dict[str, object]:
    return {"tab_links": tab_links}
