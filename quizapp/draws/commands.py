"""`quizapp draws …`: check the file of a draw."""

import json
import sys
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from quizapp.draws.content import fault_of_draw
from quizapp.receipts.ledger import public_keys

draws = AppGroup("draws", help="抽奖：查验。 Draws: verify.")

FAULTS = {
    "no_draw": "文件不是抽奖文件，或不完整。 This is no file of a draw, or not all of it.",
    "draw_not_signed": "文件不是由公布的密钥签名的，或签名后被改过。 No published key signed this file as it is.",
    "roll_differs": "名册与它的摘要不符。 The roll has another digest.",
    "chance_named_too_late": "随机源不是在产生之前公布的。 The source of chance was not named before it existed.",
    "another_beacon": "随机信标的轮次与时间不符，或是别的信标。 Another beacon, or a round of another time.",
    "drawn_too_early": "开奖早于随机源产生。 It was drawn before chance had come.",
    "beacon_not_genuine": "随机信标的签名不对。 The beacon has not signed this round.",
    "opened_too_late": "密语没有在期限之前公开。 The commitment was not opened by its date.",
    "commitment_differs": "密语与公布的承诺不符。 The secret is not the one that was committed to.",
    "winners_differ": "中奖者与重新计算的不同。 Others win when it is drawn again.",
}


@draws.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--keys",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="另存的公钥文件。 Keys that were noted.",
)
def verify(file: Path, keys: Path | None) -> None:
    """查验一次抽奖，不需要联网。 Check a draw: signature, roll, beacon or commitment, and every winner; without network.

    退出码 Exit status: 0 真 it holds, 1 假 it does not.
    """
    known = {key["id"]: key["public"] for key in _read(keys)["keys"]} if keys else public_keys()
    found = _read(file)
    if fault := fault_of_draw(found, known):
        sys.exit(f"假 FALSE: {FAULTS[fault]}")
    draw = found["draw"]
    click.echo(f"{draw['roll']['title']}  {len(draw['entries'])} 个资格 entries  {draw['digest']}")
    if "outcome" not in draw:
        click.echo("真 TRUE. 尚未开奖。 Not drawn yet.")
        return
    for prize, won in zip(draw["roll"]["prizes"], draw["winners"], strict=True):
        click.echo(f"{prize['name']}  {len(won)}/{prize['quota']}")
    if draw["chance"]["kind"] == "commitment":
        number = draw["outcome"]["number"]
        click.echo(f"请自行核对公共数字 {number}。 Compare that number yourself: {draw['chance']['source']}")
    click.echo("真 TRUE.")


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        message = f"{path.name} 不是 JSON 文件，请重新下载。 It is no JSON file: download it again."
        raise click.UsageError(message) from None
