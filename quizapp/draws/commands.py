"""`quizapp draws …`: fetch the beacon's round and draw; check the file of a draw."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from quizapp.clock import utc_now
from quizapp.competitions.queries import published_or_404
from quizapp.draws import actions
from quizapp.draws.content import fault_against, fault_of_draw
from quizapp.draws.fetching import fetch_round
from quizapp.draws.queries import draw_or_404, draws_of, step_of
from quizapp.draws.steps import Step
from quizapp.errors import Invalid, NotFound, QuizError, Unavailable
from quizapp.extensions import db
from quizapp.leaderboards.noted import read_standings
from quizapp.receipts.ledger import public_keys
from quizapp.receipts.noted import read_keys, read_noted

draws = AppGroup("draws", help="抽奖：取随机数开奖，查验。 Draws: fetch, verify.")

FAULTS = {
    "no_draw": "文件不是抽奖文件，或不完整。 This is no file of a draw, or not all of it.",
    "draw_not_signed": "文件不是由公布的密钥签名的，或签名后被改过。 No published key signed this file as it is.",
    "more_than_signed": "文件里夹带了没有签名的内容。 Something was put into this file that is not signed.",
    "roll_differs": "名册与它的摘要不符。 The roll has another digest.",
    "chance_named_too_late": "随机源不是在产生之前公布的。 The source of chance was not named before it existed.",
    "another_beacon": "随机信标的轮次与时间不符，或是别的信标。 Another beacon, or a round of another time.",
    "drawn_too_early": "开奖早于随机源产生。 It was drawn before chance had come.",
    "beacon_not_genuine": "随机信标的签名不对。 The beacon has not signed this round.",
    "opened_too_late": "密语没有在期限之前公开。 The commitment was not opened by its date.",
    "commitment_differs": "密语与公布的承诺不符。 The secret is not the one that was committed to.",
    "standings_differ": "名次快照文件不成立，请先用 quizapp leaderboards verify 查验。 The snapshot of standings does not hold.",
    "another_competition": "抽奖和名次快照属于另一场竞赛。 The snapshot of standings is of another competition.",
    "entry_of_nobody": "名册里有名次里没有的资格，或用的是另一号快照。 An entry is nobody's in the standings, or another snapshot's.",
    "somebody_missing": "名册里少了人，或用的是另一号快照。 Somebody who could win is not in the roll, or it is of another snapshot.",
    "winners_differ": "中奖者与重新计算的不同。 Others win when it is drawn again.",
}


@draws.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--keys",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="另存的公钥文件。 Keys that were noted.",
)
@click.option(
    "--standings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="名册冻结时的名次快照，核对有没有人被漏掉或塞进来。 The standings that the roll was made of: is everybody in it?",
)
def verify(file: Path, keys: Path | None, standings: Path | None) -> None:
    """查验一次抽奖，不需要联网。 Check a draw: signature, roll, beacon or commitment, and every winner; without network.

    退出码 Exit status: 0 真 it holds, 1 假 it does not.
    """
    known = read_keys(keys) if keys else public_keys()
    found = read_noted(file)
    if fault := fault_of_draw(found, known):
        sys.exit(f"假 FALSE: {FAULTS[fault]}")
    draw = found["draw"]
    if standings and (fault := _fault_against(draw, standings, known)):
        sys.exit(f"假 FALSE: {FAULTS[fault]}")
    roll = draw["roll"]
    click.echo(f"竞赛 {roll['competition']}《{roll['title']}》第 {roll['number']} 次抽奖 Competition, draw")
    click.echo(f"{len(draw['entries'])} 个资格 entries  {draw['digest']}")
    if standings:
        click.echo("每个资格都在名次里，名次里够分的人都在名册里或已计入排除人数。 The roll is that of the standings.")
    if "outcome" not in draw:
        click.echo("真 TRUE. 尚未开奖。 Not drawn yet.")
        return
    for prize, won in zip(roll["prizes"], draw["winners"], strict=True):
        click.echo(f"{prize['name']}  {len(won)}/{prize['quota']}")
    if draw["chance"]["kind"] == "commitment":
        number = draw["outcome"]["number"]
        # Whoever opens the commitment knows the secret, and could try spellings of the number: each draws others.
        click.echo(
            f"请自行核对公共数字 {number}，写法也须与事先公布的一样，多一个 0 或小数点，中奖者就不同："
            f" Compare that number yourself, to the last digit and dot as it was to be written: {draw['chance']['source']}"
        )
    click.echo("真 TRUE.")


def _fault_against(draw: Mapping[str, Any], standings: Path, known: Mapping[str, str]) -> str:
    noted = read_standings(standings, known)
    return fault_against(draw, noted.statement["competition"], noted.scores) if noted else "standings_differ"


STEPS = {
    Step.PLANNED: "名册还没有冻结。 The roll is not frozen yet.",
    Step.FROZEN: "还没有公布随机源。 The source of chance is not named yet.",
    Step.NAMED: "约定的一轮还没有产生，请到时再试。 The named round is still to come: try again then.",
    Step.DRAWN: "已经开奖，结果不能再改。 It has been drawn, and can't be changed.",
    Step.FAILED: "这次抽奖已经作废。 This draw has failed.",
}


@draws.command("fetch")
@click.argument("competition_id", metavar="ID", type=int)
@click.option("--draw", "number", type=int, help="第几次抽奖，默认最近一次。 Which draw; the latest unless given.")
def fetch(competition_id: int, number: int | None) -> None:
    """取来约定的那一轮随机信标，核对签名后开奖。 Fetch the beacon's named round, check its signature, and draw.

    需要联网；取不到就什么也不改，可以反复执行。 It needs the network; without it nothing changes, and it can be run again.
    退出码 Exit status: 0 已开奖 drawn, 1 没有 not.
    """
    try:
        competition = published_or_404(competition_id)
        found = draw_or_404(competition, number if number is not None else len(draws_of(competition)))
    except NotFound:
        sys.exit(
            "没有这次抽奖，请核对竞赛编号和第几次。 There is no such draw: see the competition's number and the draw's."
        )
    step, wanted = step_of(found, utc_now()), found.round
    if step is not Step.DUE:
        sys.exit(f"没有开奖：{STEPS[step]}")
    if wanted is None:
        sys.exit(
            "没有开奖：约定的是密语，请在抽奖页面上公开它。 A commitment was named: open it on the page of the draw."
        )
    db.session.rollback()  # nothing is held while the network answers
    try:
        given = fetch_round(wanted)
        found = actions.draw_for_change(found)
        actions.draw_by_beacon(found, given, actor=None, now=utc_now())
        db.session.commit()
    except Unavailable:
        sys.exit(
            f"没有开奖：取不到随机信标第 {wanted} 轮，可能没有联网。请稍后再试，或用别的电脑取来粘贴到抽奖页面。 "
            f"Round {wanted} can't be fetched: try again, or fetch it elsewhere and paste it into the page of the draw."
        )
    except Invalid:
        db.session.rollback()
        sys.exit(
            f"没有开奖：取来的不是第 {wanted} 轮，或签名不对。请稍后再试。 "
            f"What came is not round {wanted}, or the beacon has not signed it: try again."
        )
    except QuizError:
        db.session.rollback()
        sys.exit(
            "没有开奖：另有人刚刚开了奖。请在抽奖页面上查看。 Somebody else has just drawn: see the page of the draw."
        )
    click.echo(
        f"已开奖，第 {wanted} 轮的签名已核对，结果已签名公布。 Drawn, with the signature of round {wanted} checked."
    )
