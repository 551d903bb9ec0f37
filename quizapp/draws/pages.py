"""What the public pages and the organizers' share: a prize's winners, a page at a time."""

from flask import request

from quizapp.competitions.models import Competition
from quizapp.draws.models import Draw
from quizapp.draws.queries import Reading, Won, winners_of

WINNERS_A_PAGE = 100


def page_of_winners(competition: Competition, draw: Draw, reading: Reading) -> list[Won]:
    """Each prize with a page of its winners: the first, but of the prize that the address names."""
    number, page = (request.args.get(name, 1, type=int) for name in ("prize", "page"))
    return winners_of(competition, draw, reading, most=WINNERS_A_PAGE, number=number, page=page)
