"""`quizapp leaderboards …`: for operators."""

import json
import sys

import click
from flask.cli import AppGroup
from redis.exceptions import RedisError

from quizapp.clock import to_ms, utc_now
from quizapp.competitions.phase import Phase, phase
from quizapp.competitions.queries import published_or_404
from quizapp.errors import NotFound, Refused
from quizapp.extensions import grader
from quizapp.leaderboards import sources
from quizapp.leaderboards.proof import differences, score_differences
from quizapp.leaderboards.queries import board_of
from quizapp.leaderboards.refresh import Refresher

PROGRESS = 20_000
"""How many attempts lie between two signs of life."""

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
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结论。 The verdict as JSON.")
def prove(competition_id: int, as_json: bool) -> None:
    """由原始作答独立重算全部得分与榜单并核对。 Work all scores and boards out again from raw responses, and compare.

    退出码：0 一致，1 有差异（指出第一处），2 无法核对。 Exit status: 0 agreed, 1 a difference (the first is named), 2 not possible.
    """
    try:
        competition = published_or_404(competition_id)
    except NotFound:
        raise click.UsageError(_unknown(competition_id)) from None
    counted: list[int] = [0]

    def progress(attempts: int) -> None:
        if attempts // PROGRESS > counted[0] // PROGRESS:
            click.echo(f"已核对 {attempts} 份答卷…… {attempts} attempts worked out", err=True)
        counted[0] = attempts

    try:
        with sources.reading(snapshot=True) as connection:
            board = board_of(competition)
            first = next(score_differences(connection, competition, progress), None)
            first = first or next(differences(connection, board, sources.board_rules(competition)), None)
            people = board.count_people()
    except RedisError:
        click.echo(
            "缓存服务连接不上，无法核对；请确认它在运行后再试。 The store can't be reached: start it and try again.",
            err=True,
        )
        sys.exit(2)
    if as_json:
        verdict = {
            "competition": competition_id,
            "boards": "frozen" if board.frozen else "live",
            "agreed": first is None,
            "attempts": counted[0],
            "people": people,
            "difference": {"where": first.where[1], "stands": first.stands, "should": first.should} if first else None,
        }
        click.echo(json.dumps(verdict, ensure_ascii=False))
    elif first:
        click.echo(
            f"不一致：竞赛 {competition_id}，{first.where[0]}：现为「{first.stands}」，应为「{first.should}」。\n"
            f"DIFFERENT: competition {competition_id}, {first}"
        )
        if phase(competition, utc_now()) is Phase.OPEN:
            click.echo(
                "竞赛正在进行，榜单可能只是晚了几秒：请再核对一次。 "
                "It is still running, and boards may be some seconds late: prove it again."
            )
    else:
        click.echo(
            f"一致（{'冻结榜' if board.frozen else '实时榜'}，{people} 人）：得分、名次、并列与合计全部由原始作答重算并核对。 "
            f"Equal: every score, rank, tie and sum of {people} people follows from the raw responses."
        )
    if first:
        sys.exit(1)


def _rules_of(competition_id: int) -> tuple[sources.BoardRules, bool]:
    try:
        competition = published_or_404(competition_id)
    except NotFound:
        sys.exit(_unknown(competition_id))
    return sources.board_rules(competition), competition.frozen_at is not None


def _unknown(competition_id: int) -> str:
    return f"没有编号为 {competition_id} 的已发布竞赛。 No published competition has the number {competition_id}."
