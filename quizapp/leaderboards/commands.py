"""`quizapp leaderboards …`: for operators."""

import sys

import click
from flask.cli import AppGroup

from quizapp.clock import to_ms, utc_now
from quizapp.competitions.queries import published_or_404
from quizapp.errors import NotFound, Refused
from quizapp.extensions import grader
from quizapp.leaderboards import sources
from quizapp.leaderboards.proof import differences
from quizapp.leaderboards.queries import board_of
from quizapp.leaderboards.refresh import Refresher

leaderboards = AppGroup("leaderboards", help="排行榜：重建、核对。 Boards: rebuild, prove.")


@leaderboards.command("rebuild")
@click.argument("competition_id", metavar="ID", type=int)
def rebuild(competition_id: int) -> None:
    """从数据库重建一场竞赛的实时榜。 Make a competition's live boards anew from SQL."""
    rules, frozen = _rules_of(competition_id)
    if frozen:
        sys.exit("成绩已冻结，榜单直接取自数据库，无需重建。 Frozen: the boards are read from SQL, nothing to rebuild.")
    try:
        people = Refresher(grader.store).rebuild(rules, to_ms(utc_now()))
    except Refused:
        sys.exit("另一个进程正在重建，请稍后再试。 Another process is rebuilding them: try again in a minute.")
    click.echo(f"已重建，共 {people} 人。 Rebuilt: {people} people.")


@leaderboards.command("prove")
@click.argument("competition_id", metavar="ID", type=int)
def prove(competition_id: int) -> None:
    """核对榜单与数据库：每个名次、并列、合计。 Compare the boards with SQL: every rank, tie and total; exit 1 if they differ."""
    rules, frozen = _rules_of(competition_id)
    with sources.reading() as connection:
        board = board_of(published_or_404(competition_id))
        first = next(differences(connection, board, rules), None)
    if first is not None:
        sys.exit(f"不一致 / DIFFERENT: {first}")
    people = board.count_people()
    kind = "冻结榜 frozen" if frozen else "实时榜 live"
    click.echo(f"一致（{kind}，{people} 人）。 Equal: every rank, tie, total and figure of {people} people.")


def _rules_of(competition_id: int) -> tuple[sources.BoardRules, bool]:
    try:
        competition = published_or_404(competition_id)
    except NotFound:
        sys.exit(
            f"没有编号为 {competition_id} 的已发布竞赛。 No published competition has the number {competition_id}."
        )
    return sources.board_rules(competition), competition.frozen_at is not None
