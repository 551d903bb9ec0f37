"""Reads of attempts. Until an attempt is recorded the store is right about it; afterwards SQL is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select

from quizapp.attempts.models import Attempt, CorrectedKey, Response, Result, VoidAttempt
from quizapp.attempts.rules import answers_may_show, places_of, recompute, shown_mask
from quizapp.attempts.tallies import counted
from quizapp.banks.content import BankContent, Question, mask_of
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
    ended; `recorded` tells whether all of it is in SQL. `void`: a correction of the frozen standings took it out."""

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
    void: bool = False


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
    """One question of an ended attempt with what was chosen and what was right, in the letters of this attempt.

    `corrected`: its key was corrected after the freeze; `void`: its points were given to everybody who met it.
    """

    position: int
    question: Question
    options: tuple[str, ...]
    chosen: int
    right: int
    points: int
    full_points: int
    corrected: bool = False
    void: bool = False


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
    return corrected_views(competition, [views[ordinal] for ordinal in sorted(views)])


def corrected_keys(competition: Competition) -> dict[str, int | None]:
    """The keys that corrections of the frozen standings put in place of the published ones: code → mask, None for void."""
    if competition.frozen_at is None:
        return {}
    rows = select(CorrectedKey.code, CorrectedKey.key).where(CorrectedKey.competition_id == competition.id)
    return {code: key if key is None else mask_of(key) for code, key in db.session.execute(rows)}


def corrected_count(competition: Competition, view: AttemptView) -> int:
    """How many questions of an attempt a correction has made void or given another key."""
    keys = corrected_keys(competition)
    if not keys:
        return 0
    questions = version_content(competition.bank_version_id).questions
    return sum(questions[place.ordinal].code in keys for place in paper_of(competition, view.seed).places)


def corrected_views(competition: Competition, views: Sequence[AttemptView]) -> list[AttemptView]:
    """A person's attempts as they count since the frozen standings were corrected: void ones, and by corrected keys.

    They are graded anew from the raw responses, and only where a key was corrected.
    """
    if competition.frozen_at is None or not views:
        return list(views)
    of = competition.id, views[0].account_id
    rows = select(VoidAttempt.ordinal).where(VoidAttempt.competition_id == of[0], VoidAttempt.account_id == of[1])
    void = set(db.session.scalars(rows))
    keys = corrected_keys(competition)
    return [replace(_regraded(competition, view, keys), void=view.ordinal in void) for view in views]


def _regraded(competition: Competition, view: AttemptView, keys: Mapping[str, int | None]) -> AttemptView:
    if not keys or view.ending is None:
        return view
    attempt = db.session.get_one(Attempt, (competition.id, view.account_id, view.ordinal))
    found = recompute(
        paper_of(competition, view.seed),
        version_content(competition.bank_version_id),
        _recorded_choices(attempt),
        partial=competition.multiple_scoring == "partial",
        keys=keys,
    )
    ending = replace(view.ending, score=found.score, right_count=found.right_count, points=found.points)
    return replace(view, ending=ending)


def attempt_or_404(competition: Competition, account_id: int, ordinal: int) -> AttemptView:
    """One attempt with what was chosen. Raises NotFound; Unavailable if it runs and the store is away."""
    attempt = db.session.get(Attempt, (competition.id, account_id, ordinal))
    if attempt is not None and attempt.submitted_ms is not None:
        return corrected_views(competition, [_from_sql(attempt, _recorded_choices(attempt))])[0]
    state = grader.read(competition.id, competition.shards, account_id, ordinal).attempt
    if state is not None:
        return _from_store(competition, state)
    if attempt is None:
        raise NotFound()
    return _from_sql(attempt, _recorded_choices(attempt))


def result_of(competition: Competition, account_id: int, attempts: Sequence[AttemptView]) -> CountedResult | None:
    """The person's counted result, or None without an ended attempt; `attempts` are those that `attempts_of` found.

    Between a submission and its recording the store's figures are weighed too, so that nobody sees "no result", or an older
    one as the counted one, after submitting.
    """
    row = db.session.get(Result, (competition.id, account_id))
    found = [_counted_from_sql(row)] if row and competition.frozen_at is None else []
    found += [
        _counted_from_view(view, view.ending)
        for view in attempts
        if view.ending and not view.void and (not view.recorded or competition.frozen_at is not None)
    ]
    return counted(competition.keep, found)


def _counted_from_sql(row: Result) -> CountedResult:
    return CountedResult(
        row.ordinal, row.organization_id, row.score, row.right_count, row.used_ms, row.submitted_ms, recorded=True
    )


def _counted_from_view(view: AttemptView, ending: Ending) -> CountedResult:
    return CountedResult(
        view.ordinal,
        view.organization_id,
        ending.score,
        ending.right_count,
        ending.used_ms,
        ending.submitted_ms,
        recorded=view.recorded,
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
    keys = corrected_keys(competition)
    reviewed = []
    for position, place in enumerate(paper_of(competition, view.seed).places, start=1):
        question = for_reader(content.questions[place.ordinal])
        right = keys.get(question.code, question.right)
        reviewed.append(
            ReviewedPosition(
                position=position,
                question=question,
                options=tuple(question.options[option] for option in place.options),
                chosen=view.chosen.get(position, 0),
                right=shown_mask(right or 0, place.options),
                points=points[position - 1],
                full_points=place.points,
                corrected=question.code in keys,
                void=right is None,
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
