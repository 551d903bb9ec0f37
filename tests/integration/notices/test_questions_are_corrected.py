"""A wrong answer key, found during the notice: two people correct it or void the question, and everything follows."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import select

from quizapp.attempts.models import Attempt, CorrectedKey, Response, VoidAttempt
from quizapp.attempts.queries import paper_of
from quizapp.attempts.rules import recompute
from quizapp.banks.content import content_digest, letters, mask_of
from quizapp.banks.queries import version_content
from quizapp.competitions.models import Competition
from quizapp.errors import Refused
from quizapp.extensions import db
from quizapp.leaderboards.models import Snapshot, Standing
from quizapp.leaderboards.snapshots import lines_of
from quizapp.leaderboards.verification import faults_of
from quizapp.notices import actions
from quizapp.receipts.ledger import public_keys
from quizapp.signing import canonical
from tests.cast import Cast, Person, TinyBank, add_person
from tests.conftest import SignIn
from tests.integration.leaderboards.answered import Answered

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SURE = {"sure": "y"}
Keys = dict[str, int | None]


class Hall:
    """Frozen standings of people who really answered, and two organizers."""

    def __init__(self, app: Flask, cast: Cast, bank: TinyBank) -> None:
        self.answered = Answered(app, cast, bank, show_answers="closed")
        self.answered.freeze()
        self.app, self.cast, self.id = app, cast, self.answered.id
        self.other = add_person(app, "zhao", "赵审", role="organizer")

    @property
    def competition(self) -> Competition:
        return db.session.get_one(Competition, self.id)

    def other_key(self, code: str) -> str:
        right = next(each.key_letters for each in self.competition_questions() if each.code == code)
        return "A" if right == "B" else "B"

    def papers(self) -> dict[tuple[int, int], Any]:
        rows = db.session.scalars(select(Attempt).where(Attempt.competition_id == self.id))
        return {(row.account_id, row.ordinal): paper_of(self.competition, row.seed) for row in rows}

    def a_question(self) -> str:
        """A single choice whose other key, and whose being void, give somebody another score. Papers are drawn by chance."""
        before = self.due({})
        for question in self.competition_questions():
            if question.type == "single":
                code = str(question.code)
                other, void = self.due({code: mask_of(self.other_key(code))}), self.due({code: None})
                if other != before and void not in (before, other):
                    return code
        raise AssertionError("nobody met a question that matters")

    def competition_questions(self) -> tuple[Any, ...]:
        return version_content(self.competition.bank_version_id).questions

    def correct(self, code: str, key: str | None) -> Snapshot:
        change = {"kind": "question", "question": code, "key": key}
        qin = self.cast.qin.account
        made = actions.propose_correction(self.id, change, reason="标准答案有误", actor=qin, now=MONDAY)
        snapshot = actions.apply_correction(self.id, made.id, actor=self.other.account, now=MONDAY)
        db.session.commit()
        return snapshot

    def due(self, keys: Keys) -> dict[str, int]:
        """Everybody's best score, graded by the rules of attempts, which the standings have no part in."""
        best: dict[str, int] = {}
        for (account, ordinal), paper in self.papers().items():
            rows = select(Response.position, Response.chosen).where(
                Response.competition_id == self.id, Response.account_id == account, Response.ordinal == ordinal
            )
            chosen = {row.position: row.chosen for row in db.session.execute(rows)}
            content = version_content(self.competition.bank_version_id)
            score = recompute(paper, content, chosen, partial=True, keys=keys).score
            best[str(account)] = max(score, best.get(str(account), 0))
        return best

    def stands(self) -> dict[str, int]:
        rows = select(Standing.subject, Standing.figures).where(Standing.board == "people")
        return {row.subject: row.figures["score"] for row in db.session.execute(rows)}

    def result_page(self, sign_in: SignIn, person: Person, attempt: int | None = None) -> str:
        browser = sign_in(self.app.test_client(), person)
        return browser.get(f"/competitions/{self.id}/result" + (f"?attempt={attempt}" if attempt else "")).text


@pytest.fixture
def site(app: Flask, cast: Cast, tiny_bank: TinyBank) -> Hall:
    return Hall(app, cast, tiny_bank)


@pytest.fixture
def hall(site: Hall) -> Iterator[Hall]:
    with site.app.app_context():
        yield site


def holds(snapshot: Snapshot) -> bool:
    return not any(list(faults_of(lines_of(snapshot, file), public_keys())) for file in ("public", "audit"))


def test_a_corrected_key_and_a_void_question_are_graded_anew_and_verified_down_to_the_responses(hall: Hall) -> None:
    before, code = hall.stands(), hall.a_question()
    assert before == hall.due({})
    key = next(each.key_letters for each in hall.competition_questions() if each.code == code)
    other = hall.other_key(code)
    digest = hall.competition.bank_version.digest

    corrected = hall.correct(code, other)
    assert hall.stands() == hall.due({code: mask_of(other)})
    assert hall.stands() != before
    assert holds(corrected)
    assert corrected.differences["questions"] == [{"code": code, "from": key, "to": other}]

    void = hall.correct(code, None)
    assert hall.stands() == hall.due({code: None})
    assert all(score >= before[account] for account, score in hall.stands().items())
    assert holds(void)
    assert len(void.changes) == 1  # of one question the latest correction counts
    called = hall.answered.prove()
    assert called.exit_code == 0, called.output

    restored = hall.correct(code, key)
    assert hall.stands() == before
    assert holds(restored)
    with pytest.raises(Refused, match="changes_nothing"):
        hall.correct(code, key)
    # The published bank stays as it is, and so do the attempts and their receipts.
    assert content_digest(version_content(hall.competition.bank_version_id)) == digest


@pytest.mark.once
def test_a_row_that_was_not_graded_by_the_corrected_key_is_found_out(hall: Hall) -> None:
    code = hall.a_question()
    lines = [json.loads(line) for line in lines_of(hall.correct(code, None), "audit")]
    change = lines[0]["statement"]["changes"][0]
    assert change == {"kind": "question", "question": code, "key": None}
    change["key"] = hall.other_key(code)
    faults = {fault.code for fault in faults_of((canonical(line) + b"\n" for line in lines), None)}
    assert {"not_signed", "row_differs"} <= faults


@pytest.mark.once
def test_a_persons_own_page_says_what_the_standings_say(hall: Hall, sign_in: SignIn) -> None:
    lin, code = hall.cast.lin, hall.a_question()
    hall.correct(code, None)
    best = hall.stands()[str(lin.id)]
    page = hall.result_page(sign_in, lin)
    assert f"{best / 100:g} 分" in page
    met = [
        ordinal
        for (account, ordinal), paper in hall.papers().items()
        if account == lin.id and any(hall.competition_questions()[place.ordinal].code == code for place in paper.places)
    ]
    for ordinal in (1, 2):
        shown = hall.result_page(sign_in, lin, ordinal)
        assert ("试题作废，得满分" in shown) is (ordinal in met)
        assert ("公示期间更正了 1 道试题" in shown) is (ordinal in met)


@pytest.mark.once
def test_of_void_attempts_the_own_page_says_so(hall: Hall, sign_in: SignIn) -> None:
    lin = hall.cast.lin
    for ordinal in (1, 2):
        change = {"kind": "void", "account": lin.id, "ordinal": ordinal}
        qin = hall.cast.qin.account
        made = actions.propose_correction(hall.id, change, reason="替考", actor=qin, now=MONDAY)
        actions.apply_correction(hall.id, made.id, actor=hall.other.account, now=MONDAY)
        db.session.commit()
        page = hall.result_page(sign_in, lin)
        assert ("计入成绩</span>" in page) is (ordinal == 1)
        assert "已作废" in page
    assert "这份答卷在公示期间被作废" in page


@pytest.mark.once
def test_two_organizers_correct_a_key_on_the_pages(site: Hall, sign_in: SignIn) -> None:
    app = site.app
    with app.app_context():
        code = site.a_question()
        question = next(each for each in site.competition_questions() if each.code == code)
        judge = next(each.code for each in site.competition_questions() if each.type == "judge")
        practice = next(each.code for each in site.competition_questions() if each.pool == "practice")
        other = site.other_key(code)
    admin = f"/admin/competitions/{site.id}/notice"
    qin = sign_in(app.test_client(), site.cast.qin)
    facts = {"kind": "key", "question": code, "reason": "依据标准第 3 条"}
    for wrong in ({"question": practice}, {"question": "nothing"}, {"key": "AB"}, {"key": "H"}, {"key": "1"}, {}):
        assert qin.post(f"{admin}/corrections/new", data={**facts, **wrong}).status_code == 422
    nothing = qin.post(f"{admin}/corrections/new", data={**facts, "question": judge, "key": "也许"})
    assert nothing.status_code == 422
    made = qin.post(f"{admin}/corrections/new", data={**facts, "key": f" {other.lower()} "})
    assert made.status_code == 303, made.text
    shown = qin.get(made.location).text
    assert f"标准答案由 {letters(question.right)} 改为 {other}" in shown
    assert qin.post(f"{made.location}/apply", data=SURE).status_code == 409
    zhao = sign_in(app.test_client(), site.other)
    assert zhao.post(f"{made.location}/apply", data=SURE).status_code == 303
    public = app.test_client().get(f"/competitions/{site.id}/notice/").text
    assert f"标准答案由 {letters(question.right)} 改为 {other}" in public
    assert question.stem not in public


def test_what_was_corrected_before_the_pages_said_so_is_told_too(hall: Hall) -> None:
    """An installation of an earlier release has snapshots with void attempts, and no table of them."""
    code = hall.a_question()
    hall.correct(code, None)
    change = {"kind": "void", "account": hall.cast.lin.id, "ordinal": 1}
    made = actions.propose_correction(hall.id, change, reason="代答", actor=hall.cast.qin.account, now=MONDAY)
    actions.apply_correction(hall.id, made.id, actor=hall.other.account, now=MONDAY)
    db.session.commit()

    def told() -> list[Any]:
        void = db.session.execute(select(*VoidAttempt.__table__.columns)).all()
        keys = db.session.execute(select(*CorrectedKey.__table__.columns)).all()
        db.session.rollback()
        return [*void, *keys]

    before = told()
    assert before == [(hall.id, hall.cast.lin.id, 1), (hall.id, code, None)]
    downgrade(revision="0014")
    upgrade()
    assert told() == before
