"""Reads of attempts. Until an attempt is recorded the store is right about it; afterwards SQL is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from quizapp.attempts.models import Attempt, Response, Result
from quizapp.attempts.rules import answers_may_show, places_of, shown_mask
from quizapp.attempts.tallies import counted
from quizapp.banks.content import BankContent, Question
from quizapp.banks.queries import version_content
from quizapp.banks.translation import for_reader
from quizapp.clock import to_ms
from quizapp.competitions.interruptions import longest_given_ms
from quizapp.competitions.models import Competition
from quizapp.competitions.phase import Phase, phase
from quizapp.competitions.queries import blueprint_of
from quizapp.errors import NotFound, Unavailable
from quizapp.extensions import db, grader
from quizapp.grader.engine import AttemptState, Ending
from quizapp.grader.rules import PaperPlace
from quizapp.papers.assembly import Paper, assemble


@dataclass(frozen=True)
class AttemptView:
    """An attempt, wherever it is held. `chosen`: position → mask of letters as shown. `deadline_ms` is None once it has
    ended; `recorded` tells whether all of it is in SQL."""

    competition_id: int
    account_id: int
    ordinal: int
    organization_id: int | None
    seed: str
    started_ms: int
    deadline_ms: int | None
    chosen: Mapping[int, int]
    ending: Ending | None
    recorded: bool


@dataclass(frozen=True)
class CountedResult:
    """A person's counted result. `recorded` is False for the moment in which only the store has it."""

    ordinal: int
    organization_id: int | None
    score: int
    right_count: int
    used_ms: int
    submitted_ms: int
    recorded: bool


@dataclass(frozen=True)
class ReviewedPosition:
    """One question of an ended attempt with what was chosen and what was right, in the letters of this attempt."""

    position: int
    question: Question
    options: tuple[str, ...]
    chosen: int
    right: int
    points: int
    full_points: int


def paper_of(competition: Competition, seed: str) -> Paper:
    """The paper of an attempt, drawn again from its seed."""
    return drawn(competition, version_content(competition.bank_version_id), seed)


def drawn(competition: Competition, content: BankContent, seed: str) -> Paper:
    """The same, for who has the content of the competition's version in hand."""
    return assemble(
        blueprint_of(competition),
        content,
        seed,
        shuffle_questions=competition.shuffle_questions,
        shuffle_options=competition.shuffle_options,
    )


def places_for(competition: Competition, seed: str) -> tuple[PaperPlace, ...]:
    """The same paper as the grader takes it."""
    content = version_content(competition.bank_version_id)
    return places_of(drawn(competition, content, seed), content)


def recorded_attempts(competition: Competition, account_id: int) -> Sequence[Attempt]:
    """The person's attempts that SQL has, by ordinal."""
    rows = select(Attempt).where(Attempt.competition_id == competition.id, Attempt.account_id == account_id)
    return db.session.scalars(rows.order_by(Attempt.ordinal)).all()


def recorded_attempt_count(competition: Competition, account_id: int) -> int:
    """How many of the person's attempts SQL has."""
    rows = select(func.count()).select_from(Attempt)
    rows = rows.where(Attempt.competition_id == competition.id, Attempt.account_id == account_id)
    return db.session.scalar(rows) or 0


def attempts_of(competition: Competition, account_id: int) -> list[AttemptView]:
    """The person's attempts, by ordinal, the one that only the store has included.

    With the store away it is what SQL has: complete but for the last seconds.
    """
    views = {attempt.ordinal: _from_sql(attempt, {}) for attempt in recorded_attempts(competition, account_id)}
    try:
        state = grader.read(competition.id, competition.shards, account_id).attempt
    except Unavailable:
        state = None
    if state is not None:
        known = views.get(state.ordinal)
        if known is None or known.ending is None:
            views[state.ordinal] = _from_store(competition, state)
    return [views[ordinal] for ordinal in sorted(views)]


def attempt_or_404(competition: Competition, account_id: int, ordinal: int) -> AttemptView:
    """One attempt with what was chosen. Raises NotFound; Unavailable if it runs and the store is away."""
    attempt = db.session.get(Attempt, (competition.id, account_id, ordinal))
    if attempt is not None and attempt.submitted_ms is not None:
        return _from_sql(attempt, _recorded_choices(attempt))
    state = grader.read(competition.id, competition.shards, account_id, ordinal).attempt
    if state is not None:
        return _from_store(competition, state)
    if attempt is None:
        raise NotFound()
    return _from_sql(attempt, _recorded_choices(attempt))


def result_of(competition: Competition, account_id: int) -> CountedResult | None:
    """The person's counted result, or None without an ended attempt.

    Between a submission and its recording the store's figures are weighed too, so that nobody sees "no result", or an older
    one as the counted one, after submitting.
    """
    row = db.session.get(Result, (competition.id, account_id))
    found = [_counted_from_sql(row)] if row else []
    found += [
        _counted_from_store(view, view.ending)
        for view in attempts_of(competition, account_id)
        if view.ending and not view.recorded
    ]
    return counted(competition.keep, found)


def _counted_from_sql(row: Result) -> CountedResult:
    return CountedResult(
        row.ordinal, row.organization_id, row.score, row.right_count, row.used_ms, row.submitted_ms, recorded=True
    )


def _counted_from_store(view: AttemptView, ending: Ending) -> CountedResult:
    return CountedResult(
        view.ordinal,
        view.organization_id,
        ending.score,
        ending.right_count,
        ending.used_ms,
        ending.submitted_ms,
        recorded=False,
    )


def may_review(competition: Competition, view: AttemptView, now: datetime) -> bool:
    """Whether the person may see now what was right in the attempt.

    With "closed" the close is not enough: with the grace, or with time that an interruption took and that was given back,
    somebody may still be answering the same questions.
    """
    stage = phase(competition, now)
    longest_ms = competition.grace_ms + longest_given_ms(competition)
    past_grace = to_ms(now) > to_ms(competition.closes_at) + longest_ms
    over = stage is Phase.FROZEN or (stage is Phase.CLOSED and past_grace)
    return answers_may_show(competition.show_answers, attempt_ended=view.ending is not None, competition_closed=over)


def review_of(competition: Competition, view: AttemptView) -> list[ReviewedPosition]:
    """An ended attempt, question by question. Ask `may_review` first: this tells what was right."""
    content = version_content(competition.bank_version_id)
    points = view.ending.points if view.ending else ()
    reviewed = []
    for position, place in enumerate(paper_of(competition, view.seed).places, start=1):
        question = for_reader(content.questions[place.ordinal])
        reviewed.append(
            ReviewedPosition(
                position=position,
                question=question,
                options=tuple(question.options[option] for option in place.options),
                chosen=view.chosen.get(position, 0),
                right=shown_mask(question.right, place.options),
                points=points[position - 1],
                full_points=place.points,
            )
        )
    return reviewed


def _recorded_choices(attempt: Attempt) -> dict[int, int]:
    rows = select(Response.position, Response.chosen).where(
        Response.competition_id == attempt.competition_id,
        Response.account_id == attempt.account_id,
        Response.ordinal == attempt.ordinal,
    )
    return {row.position: row.chosen for row in db.session.execute(rows)}


def _from_sql(attempt: Attempt, chosen: Mapping[int, int]) -> AttemptView:
    ending = None
    if attempt.submitted_ms is not None:
        ending = Ending(
            submitted_ms=attempt.submitted_ms,
            used_ms=attempt.used_ms or 0,
            ended_by=attempt.ended_by or "",
            score=attempt.score or 0,
            right_count=attempt.right_count or 0,
            points=tuple(attempt.points or ()),
        )
    return AttemptView(
        competition_id=attempt.competition_id,
        account_id=attempt.account_id,
        ordinal=attempt.ordinal,
        organization_id=attempt.organization_id,
        seed=attempt.seed,
        started_ms=attempt.started_ms,
        deadline_ms=None,
        chosen=chosen,
        ending=ending,
        recorded=True,
    )


def _from_store(competition: Competition, state: AttemptState) -> AttemptView:
    return AttemptView(
        competition_id=competition.id,
        account_id=state.account,
        ordinal=state.ordinal,
        organization_id=state.organization,
        seed=state.seed,
        started_ms=state.started_ms,
        deadline_ms=None if state.ending else state.deadline_ms,
        chosen={position: answer.chosen for position, answer in state.answers.items()},
        ending=state.ending,
        recorded=False,
    )
