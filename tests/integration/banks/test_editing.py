"""Single questions of a draft: begun, added, changed, removed; nothing of anybody else's is overwritten."""

import threading
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from quizapp.accounts.models import Account, AuditEntry
from quizapp.banks import queries
from quizapp.banks.content import BankContent, Question, content_digest, question_digest
from quizapp.banks.editor import actions as editing
from quizapp.banks.editor.manuscript import fields_of
from quizapp.banks.models import Bank, BankVersion
from quizapp.banks.versions.actions import publish_version, save_draft
from quizapp.clock import utc_now
from quizapp.errors import Refused
from quizapp.extensions import db
from tests.cast import Cast, TinyBank, tiny_content


class Desk:
    """Qin at her desk: the deeds on one bank, each committed."""

    def __init__(self, app: Flask, bank_id: int, who: int) -> None:
        self.app, self.bank_id, self.who = app, bank_id, who

    def do(self, deed: Any, *arguments: Any, **facts: Any) -> Any:
        with self.app.app_context():
            bank, actor = db.session.get_one(Bank, self.bank_id), db.session.get_one(Account, self.who)
            done = deed(bank, *arguments, actor=actor, now=utc_now(), **facts)
            result = done.id if isinstance(done, BankVersion) else done
            db.session.commit()
            return result

    def begin(self) -> int:
        found: int = self.do(editing.begin_draft)
        return found

    def content(self) -> BankContent:
        with self.app.app_context():
            draft = queries.draft_of(db.session.get_one(Bank, self.bank_id))
            assert draft is not None
            return queries.version_content(draft.id)

    def row(self, place: int) -> int:
        with self.app.app_context():
            draft = queries.draft_of(db.session.get_one(Bank, self.bank_id))
            assert draft is not None
            return queries.question_ids_of(draft)[place]

    def save(self, typed: Question, at: int | None = None, seen: Question | None = None) -> editing.Saved:
        """Type a question over the one at a place of the draft, which was looked at as `seen`."""
        old = None if at is None else seen or self.content().questions[at]
        saved: editing.Saved = self.do(
            editing.save_question,
            fields_of(typed),
            question_id=None if at is None else self.row(at),
            seen=question_digest(old) if old else "",
        )
        return saved

    def remove(self, at: int) -> None:
        self.do(editing.remove_question, self.row(at), seen=question_digest(self.content().questions[at]))

    def contributors(self) -> list[int | None]:
        with self.app.app_context():
            draft = queries.draft_of(db.session.get_one(Bank, self.bank_id))
            assert draft is not None
            return draft.contributors

    def trail(self) -> list[tuple[str, dict[str, Any]]]:
        with self.app.app_context():
            rows = select(AuditEntry.action, AuditEntry.facts).order_by(AuditEntry.id)
            return [tuple(row) for row in db.session.execute(rows)]


@pytest.fixture
def desk(app: Flask, cast: Cast, tiny_bank: TinyBank) -> Desk:
    return Desk(app, tiny_bank.bank_id, cast.qin.id)


NEW = replace(tiny_content().questions[0], code="NEW", stem="新的一题", right=2)


def test_a_draft_begins_with_all_that_the_newest_version_holds(desk: Desk) -> None:
    draft = desk.begin()
    assert desk.content() == tiny_content()
    assert desk.begin() == draft, "a second click finds the draft of the first"
    assert desk.trail() == [("begin_bank_draft", {"bank": "tiny", "source": "tiny@1"})]


def test_a_bank_without_a_version_has_nothing_to_begin_with(app: Flask, cast: Cast) -> None:
    with app.app_context():
        bank = Bank(code="empty", title="空", created_at=utc_now())
        db.session.add(bank)
        db.session.commit()
        with pytest.raises(Refused, match="nothing_to_edit"):
            editing.begin_draft(bank, actor=cast.qin.account, now=utc_now())


def test_a_changed_question_stands_in_its_place_and_the_version_stays(desk: Desk, tiny_bank: TinyBank) -> None:
    draft = desk.begin()
    changed = replace(tiny_content().questions[3], right=4, explanation="改过的解析")
    saved = desk.save(changed, at=3)
    questions = list(tiny_content().questions)
    questions[3] = changed
    assert desk.content() == replace(tiny_content(), questions=tuple(questions))
    assert desk.begin() == draft, "the draft is the same one"
    assert saved.question_id == desk.row(3)
    assert desk.trail()[-1] == (
        "change_bank_question",
        {"bank": "tiny", "question": "T04", "changed": ["key", "explanation"]},
    )
    with desk.app.app_context():
        assert queries.version_content(tiny_bank.version_id) == tiny_content()
        assert tiny_bank.version.digest == content_digest(tiny_content())


def test_saving_without_a_change_writes_nothing(desk: Desk) -> None:
    desk.begin()
    before = desk.trail()
    saved = desk.save(tiny_content().questions[0], at=0)
    assert (saved.is_changed, saved.question_id) == (False, desk.row(0))
    assert desk.trail() == before


def test_a_change_that_is_taken_back_gives_the_published_digest_again(desk: Desk) -> None:
    desk.begin()
    original = tiny_content().questions[5]
    desk.save(replace(original, stem="另一种问法"), at=5)
    assert content_digest(desk.content()) != content_digest(tiny_content())
    desk.save(original, at=5)
    assert content_digest(desk.content()) == content_digest(tiny_content())


def test_a_new_question_stands_behind_its_like_and_moves_the_rest(desk: Desk) -> None:
    desk.begin()
    saved = desk.save(NEW)
    before = tiny_content().questions
    place = max(number for number, each in enumerate(before) if (each.topic, each.pool) == (NEW.topic, NEW.pool)) + 1
    assert desk.content().questions == (*before[:place], NEW, *before[place:])
    assert saved.question_id == desk.row(place)
    assert desk.trail()[-1] == ("add_bank_question", {"bank": "tiny", "question": "NEW"})


def test_a_removed_question_is_gone_and_the_rest_moves_up(desk: Desk) -> None:
    desk.begin()
    desk.remove(4)
    before = tiny_content().questions
    assert desk.content().questions == before[:4] + before[5:]
    assert desk.trail()[-1] == ("remove_bank_question", {"bank": "tiny", "question": "T05"})
    desk.remove(len(before) - 2)
    assert desk.content().questions == before[:4] + before[5:-1]


def test_who_changes_a_draft_has_a_part_in_it(desk: Desk, cast: Cast) -> None:
    desk.begin()
    assert desk.contributors() == [], "who only begins a draft has written nothing of it"
    desk.save(tiny_content().questions[0], at=0)
    assert desk.contributors() == []
    desk.save(NEW)
    assert desk.contributors() == [cast.qin.id]
    ada = Desk(desk.app, desk.bank_id, cast.ada.id)
    ada.remove(0)
    assert desk.contributors() == [cast.qin.id, cast.ada.id]


def test_the_last_question_of_a_draft_stays(desk: Desk) -> None:
    with desk.app.app_context():
        save_draft(replace(tiny_content(), questions=(NEW,)), source_name="a", actor=None, now=utc_now())
        db.session.commit()
    with pytest.raises(Refused, match="last_question"):
        desk.remove(0)
    assert desk.content().questions == (NEW,)


def test_a_question_with_errors_is_not_saved_and_one_with_warnings_is(desk: Desk) -> None:
    desk.begin()
    saved = desk.save(replace(NEW, right=0))
    assert (saved.question_id, saved.reviewed.has_errors) == (None, True)
    assert desk.content() == tiny_content()
    saved = desk.save(replace(NEW, explanation="", reference=""))
    assert saved.question_id is not None
    assert {each.code for each in saved.reviewed.findings} >= {"explanation_missing", "reference_missing"}


def test_what_somebody_else_has_changed_meanwhile_is_not_overwritten(desk: Desk) -> None:
    desk.begin()
    looked_at, row = tiny_content().questions[2], desk.row(2)
    theirs = replace(looked_at, explanation="别人先改的")
    desk.save(theirs, at=2)
    with pytest.raises(Refused, match="question_changed") as caught:
        desk.do(
            editing.save_question,
            fields_of(replace(looked_at, explanation="我后改的")),
            question_id=row,
            seen=question_digest(looked_at),
        )
    assert caught.value.facts["current"] == desk.row(2)
    assert desk.content().questions[2] == theirs
    with pytest.raises(Refused, match="question_changed"):
        desk.do(editing.remove_question, row, seen=question_digest(looked_at))
    # Having seen what is there now, one may save over it, by the old address too.
    mine = replace(looked_at, explanation="我看过以后改的")
    desk.do(editing.save_question, fields_of(mine), question_id=row, seen=question_digest(theirs))
    assert desk.content().questions[2] == mine


def test_what_somebody_else_has_removed_is_not_brought_back_by_saving(desk: Desk) -> None:
    desk.begin()
    looked_at, row = tiny_content().questions[2], desk.row(2)
    desk.remove(2)
    with pytest.raises(Refused, match="question_gone"):
        desk.do(editing.save_question, fields_of(looked_at), question_id=row, seen=question_digest(looked_at))
    assert looked_at not in desk.content().questions


def test_another_banks_question_is_not_in_this_draft(desk: Desk) -> None:
    desk.begin()
    with desk.app.app_context():
        other = replace(tiny_content(), code="other", questions=(replace(NEW, code="T01"),))
        save_draft(other, source_name="a", actor=None, now=utc_now())
        db.session.commit()
    theirs = Desk(desk.app, desk.bank_id + 1, desk.who).row(0)
    with pytest.raises(Refused, match="question_gone"):
        desk.do(editing.remove_question, theirs, seen=question_digest(tiny_content().questions[0]))


def test_without_a_draft_nothing_is_saved(desk: Desk) -> None:
    with pytest.raises(Refused, match="draft_missing"):
        desk.do(editing.save_question, fields_of(NEW), question_id=None)
    desk.begin()
    row, seen = desk.row(0), question_digest(tiny_content().questions[0])
    desk.save(NEW)
    desk.do(publish_version)
    for deed, facts in (
        (editing.save_question, {"values": fields_of(replace(NEW, stem="后来的")), "question_id": row}),
        (editing.remove_question, {"question_id": row}),
    ):
        with pytest.raises(Refused, match="draft_missing"):
            desk.do(deed, seen=seen, **facts)


def test_two_who_save_at_the_same_moment_lose_nothing(desk: Desk) -> None:
    """Each adds questions of their own and changes one that both looked at: every new one is there, one change wins."""
    desk.begin()
    looked_at, row = tiny_content().questions[0], desk.row(0)
    barrier, outcomes = threading.Barrier(2), []

    def work(name: str) -> None:
        barrier.wait()
        try:
            desk.do(
                editing.save_question,
                fields_of(replace(looked_at, explanation=name)),
                question_id=row,
                seen=question_digest(looked_at),
            )
            outcomes.append("saved")
        except Refused as error:
            outcomes.append(error.code)
        for number in range(5):
            desk.save(replace(NEW, code=f"{name}{number}", stem=f"{name} 的第 {number} 题"))

    threads = [threading.Thread(target=work, args=(name,)) for name in ("甲", "乙")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    codes = [question.code for question in desk.content().questions]
    assert sorted(outcomes) == ["question_changed", "saved"]
    assert len(codes) == len(set(codes)) == len(tiny_content().questions) + 10


def test_two_who_look_at_the_draft_and_change_it_at_the_same_moment_both_have_a_part(
    desk: Desk, app: Flask, cast: Cast
) -> None:
    """Retirement by exposure looks at the draft before it changes it: what it saw of it may be old by then."""
    desk.begin()
    codes = iter(("T01", "T02"))
    barrier = threading.Barrier(2)

    def look_and_move(bank: Bank, *, actor: Account, now: datetime, code: str) -> None:
        looked_at = queries.draft_of(bank)
        editing.move_to_practice(bank, [code], actor=actor, now=now)
        assert looked_at is queries.draft_of(bank)

    def work(who: int) -> None:
        barrier.wait()
        Desk(app, desk.bank_id, who).do(look_and_move, code=next(codes))

    threads = [threading.Thread(target=work, args=(who,)) for who in (cast.qin.id, cast.ada.id)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(desk.contributors()) == {cast.qin.id, cast.ada.id}
