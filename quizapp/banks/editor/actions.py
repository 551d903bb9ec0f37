"""What editors do to single questions: begin a draft from the newest version, then add, change and remove in it.

The draft stays the same row, and each question row is what it says for ever: to change a question is to put another row in
its place. So the row that an editor looked at tells whether somebody else has changed it since.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from sqlalchemy import insert, literal, select

from quizapp.accounts import audit
from quizapp.accounts.models import Account
from quizapp.banks.actions import held_draft, keep_pictures
from quizapp.banks.checking.checks import QUESTIONS
from quizapp.banks.checking.lookup import surroundings
from quizapp.banks.checking.surroundings import Choices, Surroundings
from quizapp.banks.content import Question as QuestionContent
from quizapp.banks.content import question_digest, question_to_json, texts_of
from quizapp.banks.editor.manuscript import Reviewed, place_for, review
from quizapp.banks.models import Bank, BankVersion, Question, VersionQuestion
from quizapp.banks.pictures import digests_in
from quizapp.banks.queries import (
    header_of,
    latest_version,
    place_in,
    question_ids_of,
    version_content,
)
from quizapp.banks.versions.reviews import add_contributor
from quizapp.errors import Refused
from quizapp.extensions import db


@dataclass(frozen=True)
class Saved:
    """What became of a question that was sent: `question_id` is its row, None where its errors kept it from being saved."""

    reviewed: Reviewed
    question_id: int | None = None
    is_changed: bool = False


def begin_draft(bank: Bank, *, actor: Account, now: datetime) -> BankVersion:
    """A draft with what the newest version holds; the one that is there if there is one."""
    if draft := held_draft(bank):
        return draft
    latest = latest_version(bank)
    if latest is None:
        raise Refused("nothing_to_edit")
    draft = BankVersion(
        bank_id=bank.id,
        title=latest.title,
        topics=dict(latest.topics),
        source_name=f"{bank.code}@{latest.number}",
        created_at=now,
        created_by_id=actor.id,
    )
    db.session.add(draft)
    db.session.flush()
    places = select(literal(draft.id), VersionQuestion.ordinal, VersionQuestion.question_id)
    db.session.execute(
        insert(VersionQuestion).from_select(
            ["version_id", "ordinal", "question_id"], places.where(VersionQuestion.version_id == latest.id)
        )
    )
    _record("begin_bank_draft", bank, actor, now, source=draft.source_name)
    return draft


def around(bank: Bank, values: Mapping[str, str], now: datetime) -> Surroundings:
    """What a question of the bank's draft, given by its fields, is checked against beside the draft."""
    return surroundings(header_of(bank), Choices(), digests_in(values.values()), now=now)


def save_question(
    bank: Bank, values: Mapping[str, str], *, question_id: int | None, seen: str = "", actor: Account, now: datetime
) -> Saved:
    """Put a question as typed (`manuscript`) into the draft: a new one, or in the place of `question_id`.

    One with errors is not saved. `seen` is the digest of the question that was looked at: where the draft holds another by
    now this raises Refused, `question_changed` with the row that is `current`, or `question_gone`.
    """
    draft = _locked_draft(bank)
    content = version_content(draft.id)
    place = None if question_id is None else _seen_place(draft, content.questions, question_id, seen)
    if place is None and len(content.questions) >= QUESTIONS:
        raise Refused("bank_full", most=QUESTIONS)
    reviewed = review(values, content, around(bank, values, now), place=place)
    if reviewed.has_errors:
        return Saved(reviewed)
    question = reviewed.question
    row = _row_of(bank, question)
    if place is None:
        _insert(draft, place_for(question, content), row)
        _record("add_bank_question", bank, actor, now, question=question.code)
    elif question != (old := content.questions[place]):
        db.session.get_one(VersionQuestion, (draft.id, place)).question_id = row
        changed = [name for name in vars(old) if getattr(old, name) != getattr(question, name)]
        facts = {"question": old.code, "changed": ["key" if name == "right" else name for name in changed]}
        _record("change_bank_question", bank, actor, now, **facts)
    else:
        return Saved(reviewed, row)
    keep_pictures(digests_in(text for _field, text in texts_of(question)))
    add_contributor(draft, actor)
    db.session.flush()
    return Saved(reviewed, row, is_changed=True)


def remove_question(bank: Bank, question_id: int, *, seen: str, actor: Account, now: datetime) -> QuestionContent:
    """Take a question out of the draft. Raises Refused as `save_question`, and where it is the last one."""
    draft = _locked_draft(bank)
    questions = version_content(draft.id).questions
    place = _seen_place(draft, questions, question_id, seen)
    if len(questions) == 1:
        raise Refused("last_question")
    _take_out(draft, place)
    add_contributor(draft, actor)
    _record("remove_bank_question", bank, actor, now, question=questions[place].code)
    db.session.flush()
    return questions[place]


def move_to_practice(bank: Bank, codes: Collection[str], *, actor: Account, now: datetime) -> list[str]:
    """Take formal questions out of the formal pool of the draft, which is begun if there is none; gives their codes.

    They go behind their topic's practice questions. Raises Refused where none of the codes is a formal question's.
    """
    draft = begin_draft(bank, actor=actor, now=now)
    content = version_content(draft.id)
    moved = {each.code: each for each in content.questions if each.code in codes and each.pool == "formal"}
    if not moved:
        raise Refused("nothing_to_move")
    rows = dict(zip((each.code for each in content.questions), question_ids_of(draft), strict=True))
    left = replace(content, questions=tuple(each for each in content.questions if each.code not in moved))
    for each in moved.values():
        question = replace(each, pool="practice")
        rows[question.code] = _row_of(bank, question)
        place = place_for(question, left)
        left = replace(left, questions=(*left.questions[:place], question, *left.questions[place:]))
    for row, question in zip(_places_from(draft, 0), left.questions, strict=True):
        row.question_id = rows[question.code]
    add_contributor(draft, actor)
    _record("move_bank_questions", bank, actor, now, questions=[*moved])
    db.session.flush()
    return [*moved]


def _locked_draft(bank: Bank) -> BankVersion:
    draft = held_draft(bank)
    if draft is None:
        raise Refused("draft_missing")
    return draft


def _seen_place(draft: BankVersion, questions: tuple[QuestionContent, ...], question_id: int, seen: str) -> int:
    place = place_in(draft, question_id)
    if place is None:
        raise Refused("question_gone")
    if question_digest(questions[place]) != seen:
        raise Refused("question_changed", current=question_ids_of(draft)[place])
    return place


def _row_of(bank: Bank, question: QuestionContent) -> int:
    digest = question_digest(question)
    known = select(Question.id).where(Question.bank_id == bank.id, Question.digest == digest)
    if (found := db.session.scalar(known)) is not None:
        return found
    row = Question(bank_id=bank.id, digest=digest, code=question.code, content=question_to_json(question))
    db.session.add(row)
    db.session.flush()
    return row.id


def _insert(draft: BankVersion, place: int, question_id: int) -> None:
    """The questions move along their places, not the places: those are the rows' keys, of which each is there once."""
    rest, moving = _places_from(draft, place), question_id
    for each in rest:
        each.question_id, moving = moving, each.question_id
    db.session.add(VersionQuestion(version_id=draft.id, ordinal=place + len(rest), question_id=moving))


def _take_out(draft: BankVersion, place: int) -> None:
    rest = _places_from(draft, place)
    for each, following in pairwise(rest):
        each.question_id = following.question_id
    db.session.delete(rest[-1])


def _places_from(draft: BankVersion, place: int) -> list[VersionQuestion]:
    rows = select(VersionQuestion).where(VersionQuestion.version_id == draft.id, VersionQuestion.ordinal >= place)
    return list(db.session.scalars(rows.order_by(VersionQuestion.ordinal)))


def _record(action: str, bank: Bank, actor: Account, now: datetime, **facts: object) -> None:
    audit.record(action, actor=actor, subject_type="bank", subject_id=bank.id, now=now, bank=bank.code, **facts)
