"""`quizapp leaderboards …`: for operators."""

import itertools
import json
import sys
import zlib
from pathlib import Path

import click
from flask.cli import AppGroup
from redis.exceptions import RedisError

from quizapp.clock import to_ms, utc_now
from quizapp.competitions.phase import Phase, phase
from quizapp.competitions.queries import published_or_404
from quizapp.errors import NotFound, Refused
from quizapp.extensions import grader
from quizapp.leaderboards import sources
from quizapp.leaderboards.noted import opened
from quizapp.leaderboards.proof import differences, score_differences
from quizapp.leaderboards.queries import board_of
from quizapp.leaderboards.refresh import Refresher
from quizapp.leaderboards.snapshots import code_digest, file_name, parts_of, snapshot_or_404
from quizapp.leaderboards.verification import LINE_BYTES, Fault, faults_of
from quizapp.receipts.noted import read_keys
from quizapp.signing import digest_of, parsed

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


FAULTS = {
    "not_a_snapshot": "文件不是名次快照。 This file is no snapshot of standings.",
    "not_signed": "快照不是由公布的密钥签名的，或签名后被改过。 No published key signed this snapshot as it is: key",
    "more_than_signed": "第一行夹带了没有签名的内容。 Something was put into the first line that is not signed.",
    "counts_differ": "行数与签名里写的不符。 The signed statement counts other lines:",
    "bank_differs": "题库版本或标准答案与签名的摘要不符。 The bank version or its answer key is another one:",
    "trees_differ": "单位和应参赛人数被改过。 The units or their headcounts were changed:",
    "units_differ": "参赛单位被改过。 The units that took part were changed:",
    "groups_differ": "单位、地区或行业的名次被改过。 Rows of units, regions or industries were changed:",
    "rows_differ": "个人名次被改过。 People's rows were changed:",
    "evidences_differ": "答卷数据被改过。 The evidence was changed:",
    "unit_differs": "单位与单位树不符。 A unit is not that of the tree: unit",
    "group_differs": "与重算结果不符的单位、地区或行业。 Working it out again gives another row:",
    "place_differs": "名次不符，个人榜第几行： Another rank or place is due, people's row",
    "order_differs": "顺序不符，个人榜第几行： Out of order, people's row",
    "row_differs": "与原始作答重算结果不符，个人榜第几行： The raw responses give another row, people's row",
    "responses_differ": "作答与收据里的摘要不符，个人榜第几行： The responses are not those of the receipt, people's row",
    "time_impossible": "用时不可能，个人榜第几行： Impossible times, people's row",
    "evidence_missing": "缺少作答，个人榜第几行： The evidence is missing, people's row",
    "twice": "同一人出现两次，个人榜第几行： Somebody stands there twice, people's row",
    "line_unreadable": "这一行无法读取，文件可能不完整。 A line can't be read, the file may be cut: line",
}
MOST_FAULTS = 20


@leaderboards.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--keys", type=click.Path(exists=True, path_type=Path), help="另存的公钥文件。 Keys that were noted.")
def verify(file: Path, keys: Path | None) -> None:
    """查验一份名次快照，不需要网络和数据库。 Check a snapshot's file without network or database.

    公开文件：签名、顺序、名次和够人数单位的合计。监督员文件：由原始作答全部重算。
    The public file: signature, order, ranks and larger units' sums. The auditors': everything, from the raw responses.
    退出码 Exit status: 0 真 it holds, 1 假 it does not.
    """
    known = read_keys(keys) if keys else None

    def progress(people: int) -> None:
        click.echo(f"已查验 {people} 人…… {people} people checked", err=True)

    with opened(file) as content:
        try:
            head, second = content.readline(LINE_BYTES), content.readline(LINE_BYTES)
            lines = itertools.chain([head, second], iter(lambda: content.readline(LINE_BYTES), b""))
            faults = list(itertools.islice(faults_of(lines, known, progress), MOST_FAULTS))
        except (OSError, EOFError, zlib.error):
            faults = [Fault("line_unreadable", "?")]
    for fault in faults:
        click.echo(f"假 FALSE: {FAULTS[fault.code]} {fault.where}".rstrip())
    if faults:
        sys.exit(1)
    found = parsed(head)
    statement = found["statement"]
    audit = second.startswith(b'{"bank"')
    click.echo(
        f"真 TRUE: 竞赛 {statement['competition']} 第 {statement['number']} 号快照，{statement['counts']['row']} 人，"
        f"摘要 {digest_of(statement)}。 Snapshot {statement['number']} of competition {statement['competition']}."
    )
    click.echo(
        "监督员文件：得分、名次和合计全部由原始作答重算。 The auditors' file: all of it follows from the raw responses."
        if audit
        else "公开文件，没有原始作答：查了签名、顺序、名次和够人数单位的合计。 The public file, without the raw responses: "
        "signature, order, ranks and the larger units' sums were checked."
    )
    if known is None:
        click.echo(
            f"签名密钥 {found['key']} 取自文件本身：请与公布的公钥核对，或用 --keys 指定另存的公钥。 "
            "The key is the file's own: compare it with the published one, or give --keys."
        )
    if statement["code"] != code_digest():
        click.echo("快照由另一版本的程序生成，结果相同。 Another version of the program made it, to the same result.")


@leaderboards.command("export-snapshot")
@click.argument("competition_id", metavar="ID", type=int)
@click.option("--number", type=int, help="第几号快照，默认最新。 Which snapshot; the latest unless given.")
@click.option("--audit", is_flag=True, help="监督员文件：含原始作答和标准答案。 The auditors' file.")
@click.option("--to", type=click.Path(file_okay=False, exists=True, path_type=Path), default=".", help="目录。 Folder.")
def export_snapshot(competition_id: int, number: int | None, audit: bool, to: Path) -> None:
    """导出名次快照文件。 Write a snapshot's file."""
    try:
        snapshot = snapshot_or_404(published_or_404(competition_id), number)
    except NotFound:
        sys.exit("没有这份快照：成绩冻结之后才有。 There is no such snapshot: freezing makes the first.")
    file = "audit" if audit else "public"
    path = to / file_name(snapshot, file)
    with path.open("wb") as content:
        content.writelines(parts_of(snapshot, file))
    click.echo(f"已写入 {path}。 Written.")


def _rules_of(competition_id: int) -> tuple[sources.BoardRules, bool]:
    try:
        competition = published_or_404(competition_id)
    except NotFound:
        sys.exit(_unknown(competition_id))
    return sources.board_rules(competition), competition.frozen_at is not None


def _unknown(competition_id: int) -> str:
    return f"没有编号为 {competition_id} 的已发布竞赛。 No published competition has the number {competition_id}."
