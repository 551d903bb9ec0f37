"""Four eyes where a competition asks for them; versions that are taken out of use; who is told of what."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from quizapp.accounts.models import Account, AuditEntry
from quizapp.banks import queries
from quizapp.banks.checking.checks import check_source
from quizapp.banks.checking.surroundings import Choices
from quizapp.banks.content import BankContent
from quizapp.banks.entries import Source
from quizapp.banks.formats.own.project import write_yaml
from quizapp.banks.models import Bank, BankUpload, BankVersion
from quizapp.banks.reading import read_upload
from quizapp.banks.sandbox import Checked
from quizapp.banks.uploads.actions import add_upload, keep_report, save_upload, undo_upload
from quizapp.banks.versions.actions import discard_draft, publish_version, save_draft
from quizapp.banks.versions.retirement import bring_back_version, retire_version
from quizapp.banks.versions.reviews import add_contributor, contributors_of, is_seen_by_two, review_version
from quizapp.clock import utc_now
from quizapp.competitions.actions import (
    copy_competition,
    create_draft,
    publish_competition,
    publish_problem,
    revise_draft,
)
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import terms_of
from quizapp.errors import Invalid, Refused
from quizapp.extensions import db
from tests.cast import Cast, Person, TinyBank, add_competition, tiny_content

NOW = utc_now()


def changed(text: str = "改写") -> BankContent:
    """The tiny bank with another explanation."""
    first, *rest = tiny_content().questions
    return replace(tiny_content(), questions=(replace(first, explanation=text), *rest))


def account(person: Person) -> Account:
    return db.session.get_one(Account, person.id)


def saved_by(person: Person | None, content: BankContent | None = None) -> BankVersion:
    draft = save_draft(content or changed(), source_name="a.yaml", actor=account(person) if person else None, now=NOW)
    db.session.commit()
    return draft


def published_by(person: Person | None, bank: Bank) -> BankVersion:
    version = publish_version(bank, actor=account(person) if person else None, now=NOW)
    db.session.commit()
    return version


def competition_of(app: Flask, version_id: int, **columns: Any) -> Competition:
    """A competition that asks for four eyes."""
    db.session.rollback()  # no transaction stays open while another session writes
    made = add_competition(app, version_id, now=NOW, primed=False, **{"bank_four_eyes": True, **columns})
    return db.session.get_one(Competition, made.id)


# Publishing a draft


def test_who_uploaded_does_not_publish_where_a_competition_asks_for_four_eyes(
    app: Flask, cast: Cast, tiny_bank: TinyBank
) -> None:
    with app.app_context():
        competition_of(app, tiny_bank.version_id, title="两人竞赛")
        bank = saved_by(cast.qin).bank
        with pytest.raises(Refused, match="publish_needs_another") as refusal:
            published_by(cast.qin, bank)
        assert refusal.value.facts == {"competition": "两人竞赛", "names": "秦悦"}
        db.session.rollback()
        assert queries.draft_of(bank) is not None
        version = published_by(cast.ada, bank)
        assert (version.number, contributors_of(version), is_seen_by_two(version)) == (2, [cast.qin.id], True)


def test_the_command_line_vouches_for_nothing(app: Flask, cast: Cast, tiny_bank: TinyBank) -> None:
    with app.app_context():
        competition_of(app, tiny_bank.version_id)
        bank = saved_by(None).bank
        with pytest.raises(Refused, match="publish_needs_another"):
            published_by(None, bank)
        db.session.rollback()
        assert is_seen_by_two(published_by(cast.qin, bank))


@pytest.mark.parametrize(
    ("columns", "asks"),
    [
        ({}, True),
        ({"published_at": None}, True),
        ({"opens_at": NOW + timedelta(hours=1)}, True),
        ({"bank_four_eyes": False}, False),
        ({"opens_at": NOW - timedelta(days=3), "closes_at": NOW - timedelta(days=1)}, False),
        ({"frozen_at": NOW}, False),
    ],
)
def test_the_rule_holds_until_its_competition_is_over(
    app: Flask, cast: Cast, tiny_bank: TinyBank, columns: dict[str, Any], asks: bool
) -> None:
    with app.app_context():
        competition_of(app, tiny_bank.version_id, **columns)
        bank = saved_by(cast.qin).bank
        if asks:
            with pytest.raises(Refused, match="publish_needs_another"):
                published_by(cast.qin, bank)
        else:
            assert published_by(cast.qin, bank).number == 2


def test_the_rule_does_not_reach_other_banks(app: Flask, cast: Cast, tiny_bank: TinyBank) -> None:
    with app.app_context():
        competition_of(app, tiny_bank.version_id)
        other = saved_by(cast.qin, replace(changed(), code="other")).bank
        assert published_by(cast.qin, other).number == 1


def uploaded_by(person: Person | None, content: BankContent) -> BankUpload:
    """A checked upload."""
    actor = account(person) if person else None
    upload = add_upload("a.yaml", None, choices=Choices(), actor=actor, now=NOW)
    report = check_source(read_upload("a.yaml", write_yaml(content).encode()))
    keep_report(upload, Checked(replace(report, source=Source("a.yaml", report.source.header)), {}), now=NOW)
    db.session.commit()
    return upload


def test_who_uploaded_has_a_part_though_another_saved_it(app: Flask, cast: Cast, tiny_bank: TinyBank) -> None:
    with app.app_context():
        draft = save_upload(uploaded_by(cast.qin, changed()), actor=account(cast.ada), now=NOW)
        db.session.commit()
        assert sorted(contributors_of(draft), key=str) == sorted([cast.qin.id, cast.ada.id], key=str)


def test_a_save_that_is_undone_leaves_those_who_had_a_part_before(app: Flask, cast: Cast, tiny_bank: TinyBank) -> None:
    with app.app_context():
        add_contributor(saved_by(cast.ada, changed("先前的草稿")), account(cast.jun))
        db.session.commit()
        upload = uploaded_by(cast.qin, changed())
        draft = save_upload(upload, actor=account(cast.qin), now=NOW)
        db.session.commit()
        assert contributors_of(draft) == [cast.qin.id]  # a whole new draft: of the old one nothing is left in it
        restored = undo_upload(upload, actor=account(cast.qin), now=NOW)
        db.session.commit()
        assert restored is not None
        assert contributors_of(restored) == [cast.ada.id, cast.jun.id]


def test_who_had_a_part_cannot_be_changed_once_it_is_published(app: Flask, cast: Cast) -> None:
    with app.app_context():
        version = published_by(cast.qin, saved_by(cast.qin).bank)
        version.contributors = []
        with pytest.raises(Refused, match="version_published"):
            db.session.flush()


# Opening a competition


def problem_of(competition: Competition) -> str | None:
    problem = publish_problem(competition, NOW)
    return problem.code if problem else None


def test_a_competition_that_asks_for_four_eyes_is_not_opened_with_a_version_of_one_alone(
    app: Flask, cast: Cast
) -> None:
    """Until somebody without a part in it has reviewed it."""
    with app.app_context():
        version = published_by(cast.qin, saved_by(cast.qin).bank)
        competition = competition_of(app, version.id, published_at=None)
        assert problem_of(competition) == "bank_version_unreviewed"
        with pytest.raises(Invalid, match="bank_version_unreviewed"):
            publish_competition(competition, actor=account(cast.ada), now=NOW)
        with pytest.raises(Refused, match="review_own_version"):
            review_version(version, actor=account(cast.qin), now=NOW)
        review_version(version, actor=account(cast.ada), now=NOW)
        db.session.commit()
        with pytest.raises(Refused, match="already_reviewed"):
            review_version(version, actor=account(cast.ada), now=NOW)
        assert problem_of(competition) is None
        publish_competition(competition, actor=account(cast.qin), now=NOW)
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "review_bank_version")).one()
        assert (entry.actor_id, entry.facts["number"]) == (cast.ada.id, 1)


def test_without_the_rule_nobody_is_asked(app: Flask, cast: Cast) -> None:
    with app.app_context():
        version = published_by(cast.qin, saved_by(cast.qin).bank)
        assert problem_of(competition_of(app, version.id, published_at=None, bank_four_eyes=False)) is None


def test_a_draft_cannot_be_reviewed(app: Flask, cast: Cast) -> None:
    with app.app_context(), pytest.raises(Refused, match="version_not_published"):
        review_version(saved_by(cast.qin), actor=account(cast.ada), now=NOW)


def test_a_review_sent_twice_at_once_is_one_review(app: Flask, cast: Cast) -> None:
    with app.app_context():
        version_id = published_by(cast.qin, saved_by(cast.qin).bank).id
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def attempt() -> None:
        with app.app_context():
            version = db.session.get_one(BankVersion, version_id)
            ada = account(cast.ada)
            db.session.rollback()
            barrier.wait()
            try:
                review_version(version, actor=ada, now=NOW)
                db.session.commit()
                outcomes.append("reviewed")
            except Refused as refusal:
                outcomes.append(refusal.code)

    threads = [threading.Thread(target=attempt) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["already_reviewed", "reviewed"]


# Retirement


def retired(app: Flask, cast: Cast, version_id: int) -> BankVersion:
    version = db.session.get_one(BankVersion, version_id)
    retire_version(version, reason="第 3 题有误", actor=account(cast.qin), now=NOW)
    db.session.commit()
    return version


def test_no_new_competition_takes_a_retired_version(app: Flask, cast: Cast, tiny_bank: TinyBank) -> None:
    with app.app_context():
        draft = competition_of(app, tiny_bank.version_id, published_at=None, bank_four_eyes=False)
        terms, qin = terms_of(draft), account(cast.qin)
        version = retired(app, cast, tiny_bank.version_id)
        assert version not in queries.offered_versions()
        assert version in queries.published_versions()
        with pytest.raises(Invalid, match="bank_version_retired"):
            create_draft(terms, [], actor=qin, now=NOW)
        db.session.rollback()
        with pytest.raises(Invalid, match="bank_version_retired"):
            revise_draft(draft, terms, [], actor=qin, now=NOW)
        db.session.rollback()
        with pytest.raises(Invalid, match="bank_version_retired"):
            publish_competition(draft, actor=qin, now=NOW)


def test_a_copy_of_a_competition_with_a_retired_version_cannot_be_published(
    app: Flask, cast: Cast, tiny_bank: TinyBank
) -> None:
    with app.app_context():
        running = competition_of(app, tiny_bank.version_id, bank_four_eyes=False)
        retired(app, cast, tiny_bank.version_id)
        copy = copy_competition(running, actor=account(cast.qin), now=NOW)
        assert problem_of(copy) == "bank_version_retired"


def test_a_running_competition_goes_on_with_its_retired_version(app: Flask, cast: Cast, tiny_bank: TinyBank) -> None:
    from quizapp.attempts.queries import paper_of

    with app.app_context():
        running = competition_of(app, tiny_bank.version_id)
        before = paper_of(running, "seed")
        retired(app, cast, tiny_bank.version_id)
        assert queries.version_content(tiny_bank.version_id) == tiny_content()
        assert paper_of(running, "seed") == before


def test_a_retirement_can_be_taken_back_until_another_version_is_published(
    app: Flask, cast: Cast, tiny_bank: TinyBank
) -> None:
    with app.app_context():
        version = retired(app, cast, tiny_bank.version_id)
        with pytest.raises(Refused, match="already_retired"):
            retire_version(version, reason="再次", actor=account(cast.qin), now=NOW)
        bring_back_version(version, actor=account(cast.ada), now=NOW)
        db.session.commit()
        assert version in queries.offered_versions()
        with pytest.raises(Refused, match="not_retired"):
            bring_back_version(version, actor=account(cast.ada), now=NOW)
        retired(app, cast, tiny_bank.version_id)
        publish_version(saved_by(cast.qin).bank, actor=account(cast.qin), now=NOW + timedelta(seconds=1))
        db.session.commit()
        with pytest.raises(Refused, match="retirement_is_final") as refusal:
            bring_back_version(version, actor=account(cast.ada), now=NOW)
        assert refusal.value.facts == {"number": 2}
        actions = list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
        assert [each for each in actions if "bank_version" in each] == [
            "retire_bank_version",
            "bring_back_bank_version",
            "retire_bank_version",
            "publish_bank_version",
        ]
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "retire_bank_version")).first()
        assert entry is not None
        assert (entry.actor_id, entry.facts["reason"], entry.facts["number"]) == (cast.qin.id, "第 3 题有误", 1)


def test_a_draft_is_discarded_not_retired(app: Flask, cast: Cast) -> None:
    with app.app_context():
        draft = saved_by(cast.qin)
        with pytest.raises(Refused, match="version_not_published"):
            retire_version(draft, reason="x", actor=account(cast.qin), now=NOW)
        discard_draft(draft.bank, actor=account(cast.qin), now=NOW)
