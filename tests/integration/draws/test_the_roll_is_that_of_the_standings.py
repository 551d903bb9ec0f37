"""A roll whose maker left somebody out, or put somebody in, is signed and draws as it should: the published standings tell."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from quizapp.accounts.models import Account
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.draws.actions import add_draw, freeze_roll, plan_draw
from quizapp.draws.commands import draws as group
from quizapp.draws.drawing import Entry, Prize, roll_digest
from quizapp.draws.queries import draw_or_404, file_of
from quizapp.extensions import db, signing_key
from quizapp.leaderboards.snapshots import parts_of, snapshot_or_404
from quizapp.signing import canonical
from tests.cast import Cast, TinyBank
from tests.integration.leaderboards.answered import Answered

File = dict[str, Any]


def drop_somebody(draw: File) -> None:
    del draw["entries"][0]


def put_somebody_in(draw: File) -> None:
    draw["entries"] = sorted([*draw["entries"], ["0" * 20, draw["entries"][0][1]]])


def raise_somebody(draw: File) -> None:
    draw["entries"][0][1] += 1


def of_another(draw: File) -> None:
    draw["roll"]["competition"] += 1


@pytest.mark.once
def test_a_roll_is_compared_with_the_published_standings(
    app: Flask, cast: Cast, tiny_bank: TinyBank, tmp_path: Path
) -> None:
    answered = Answered(app, cast, tiny_bank, board_minimum_people=2)
    answered.freeze()
    roll, standings = tmp_path / "draw.json", tmp_path / "standings.jsonl.gz"
    with app.app_context():
        competition = db.session.get_one(Competition, answered.id)
        qin, now = db.session.get_one(Account, cast.qin.id), utc_now()
        add_draw(competition, reason="", actor=qin, now=now)
        draw = draw_or_404(competition, 1)
        plan: dict[str, Any] = {"prizes": [Prize("参与奖", 2, 0, 100_000)], "exclude_earlier": "none", "excluded": {}}
        plan_draw(draw, **plan, exclude_staff=True, actor=qin, now=now)  # Qin is left out
        freeze_roll(competition, draw, actor=qin, now=now)
        made = file_of(draw)
        standings.write_bytes(b"".join(parts_of(snapshot_or_404(competition), "public")))
        db.session.rollback()

    def verdict(change: Callable[[File], None], *more: str) -> tuple[int, str]:
        file: File = {"entries": [list(each) for each in made["draw"]["entries"]], "roll": {**made["draw"]["roll"]}}
        file["roll"]["excluded"] = dict(file["roll"]["excluded"])
        change(file)
        digest = roll_digest(file["roll"], [Entry(*each) for each in file["entries"]])
        statement = {**made["draw"], **file, "digest": digest}
        with app.app_context():
            roll.write_bytes(canonical({"draw": statement, **signing_key().sign(statement)}))
        called = app.test_cli_runner().invoke(group, ["verify", str(roll), *more])
        return called.exit_code, called.output

    compare = "--standings", str(standings)
    code, said = verdict(lambda draw: None, *compare)
    assert code == 0, said
    assert "每个资格都在名次里" in said
    for change, fault in (
        (drop_somebody, "少了人"),
        (put_somebody_in, "名册里"),  # for the one who is left out has that score, perhaps
        (raise_somebody, "名次里没有"),
        (of_another, "另一场竞赛"),
    ):
        assert verdict(change)[0] == 0, change  # nothing in the file itself tells
        code, said = verdict(change, *compare)
        assert code == 1, said
        assert fault in said
    packed = standings.read_bytes()
    standings.write_bytes(gzip.decompress(packed))
    assert verdict(lambda draw: None, *compare)[0] == 0
    standings.write_bytes(packed[:-9])
    code, said = verdict(lambda draw: None, *compare)
    assert code == 1
    assert "名次快照" in said
