"""`quizapp awards …`: work out a published result again and compare."""

import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from quizapp.awards.judging import fault_against, fault_of_award
from quizapp.leaderboards.noted import read_standings
from quizapp.receipts.ledger import public_keys
from quizapp.receipts.noted import read_keys, read_noted
from quizapp.signing import digest_of

awards = AppGroup("awards", help="单位评奖：核对结果。 Awards for organizations: verify a result.")

FAULTS = {
    "no_award": "文件不是评奖结果。 This file is no result of an award.",
    "award_not_signed": "结果不是由公布的密钥签名的，或签名后被改过。 No published key signed this result as it is.",
    "more_than_signed": "文件里夹带了没有签名的内容。 Something was put into this file that is not signed.",
    "standings_differ": "名次快照文件不成立，请先用 quizapp leaderboards verify 查验。 The snapshot of standings does not hold.",
    "another_snapshot": "结果依据的是另一份名次快照。 It was judged by another snapshot of standings.",
    "figures_differ": "有单位的数据与名次快照不同。 Figures of a unit are not those of the standings.",
    "award_differs": "按文件中的办法和数据重新计算，结果不同。 Computed again from its rules and figures it is another result.",
}


@awards.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--keys", type=click.Path(exists=True, path_type=Path), help="另存的公钥文件。 Keys that were noted.")
@click.option(
    "--standings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="评奖所依据的名次快照，核对各单位的数据。 The standings that it was judged by: are the figures theirs?",
)
def verify(file: Path, keys: Path | None, standings: Path | None) -> None:
    """按文件中的办法和数据逐位重算评奖结果，并查验签名；给出公钥文件时不需要网络和数据库。

    Work a result out again, bit for bit, and check its signature; with a file of keys neither network nor database is asked.

    退出码 Exit status: 0 真 it holds, 1 假 it does not.
    """
    known = read_keys(keys) if keys else public_keys()
    found = read_noted(file)
    if fault := fault_of_award(found, known):
        sys.exit(f"假 FALSE: {FAULTS[fault]}")
    award = found["award"]
    if standings:
        noted = read_standings(standings, known)
        fault = fault_against(award, digest_of(noted.statement), noted.units) if noted else "standings_differ"
        if fault:
            sys.exit(f"假 FALSE: {FAULTS[fault]}")
        click.echo("各单位的数据与名次快照一致。 The figures are those of the standings.")
    placed = sum(1 for row in award["places"] if row["place"])
    click.echo(
        f"真 TRUE. 竞赛 {award['competition']['id']}《{award['competition']['title']}》{award['title']} Competition, award. "
        f"{len(award['units'])} 个单位，{len(award['leagues'])} 个组，{placed} 个有名次。 "
        f"{len(award['units'])} units, {len(award['leagues'])} leagues, {placed} in place."
    )
