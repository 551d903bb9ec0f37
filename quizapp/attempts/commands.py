"""`quizapp unrecordable …`: what the recorder could not record holds up freezing until somebody settles it here.

`quizapp interruptions …`: what an outage took from people who were answering is given back.

`quizapp exposure …`: how often questions were drawn, counted now instead of little by little beside the recorder.
"""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup
from sqlalchemy import select

from quizapp.accounts import audit
from quizapp.attempts.exposure import is_recorded, uncounted_competitions
from quizapp.attempts.interruptions import detected_spans, touched_by
from quizapp.attempts.models import Unrecordable
from quizapp.attempts.refresh import count_competition
from quizapp.clock import from_ms, to_ms, utc_now
from quizapp.competitions.interruptions import Span, declare_interruption, interruptions_of, spans_given_back
from quizapp.competitions.models import Competition
from quizapp.competitions.priming import prime_if_reachable
from quizapp.competitions.queries import competition_for_change, published_or_404
from quizapp.errors import NotFound, QuizError
from quizapp.extensions import db, grader
from quizapp.grader.consumer import StreamConsumer
from quizapp.web.error_pages import sentence

MOMENTS = ["%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"]

unrecordable = AppGroup(
    "unrecordable", help="无法落库的记录：查看、重试、作罢。 What could not be recorded: list, retry, dismiss."
)


@unrecordable.command("list", help="列出尚未处理的。 Those that nobody has settled.")
def list_unsettled() -> None:
    """One line each; the fields are shown too, so keep the output to yourself: they hold what was answered."""
    rows = db.session.scalars(
        select(Unrecordable).where(Unrecordable.settled_at.is_(None)).order_by(Unrecordable.id)
    ).all()
    for row in rows:
        fields = json.dumps(row.fields, ensure_ascii=False)[:200]
        click.echo(f"{row.id}  {row.seen_at:%Y-%m-%d %H:%M:%S}Z  {row.stream} {row.entry_id}  {row.reason}  {fields}")
    click.echo(f"共 {len(rows)} 条。 {len(rows)} in all.")


@unrecordable.command("retry", help="重新放回流中，由落库进程再记一次。 Put it into the stream again, to be recorded.")
@click.argument("number", type=int)
def retry(number: int) -> None:
    """The entry is put back before the row is settled: if this stops in between, it may be retried again, harmlessly."""
    row = _unsettled(number)
    with StreamConsumer(grader.url) as consumer:
        consumer.publish(row.stream, row.fields)
    _settle(row, "retried")
    click.echo("已放回流中；若仍无法落库，会以新的编号再次列出。 Put back; if it fails again, it is listed again.")


@unrecordable.command("dismiss", help="写明原因后作罢，不再阻碍冻结。 Leave it unrecorded, with the reason.")
@click.argument("number", type=int)
@click.option("--reason", prompt="原因 · Reason", help="为什么可以不记。 Why it may stay unrecorded.")
def dismiss(number: int, reason: str) -> None:
    """The row stays, with the reason."""
    if not reason.strip() or len(reason) > 200:
        raise click.UsageError("请用 1–200 个字写明原因。 Give a reason of 1 to 200 characters.")
    _settle(_unsettled(number), reason.strip())
    click.echo("已作罢，记录和原因仍保留。 Dismissed; the entry and the reason are kept.")


def _unsettled(number: int) -> Unrecordable:
    row = db.session.get(Unrecordable, number)
    if row is None or row.settled_at:
        raise click.UsageError(f"没有编号为 {number} 的未处理记录。 There is no unsettled entry {number}.")
    return row


def _settle(row: Unrecordable, settlement: str) -> None:
    now = utc_now()
    row.settled_at, row.settlement = now, settlement
    audit.record(
        "settle_unrecordable",
        actor=None,
        subject_type="competition",
        subject_id=row.competition_id or 0,
        now=now,
        entry=row.entry_id,
        settlement=settlement,
    )
    db.session.commit()


exposure = AppGroup("exposure", help="试题被抽到的次数。 How often questions were drawn.")


@exposure.command("count", help="统计已截止的竞赛，每题被抽到多少次。 Count it for competitions that are over.")
def count_exposure() -> None:
    """The recorder's process does the same by itself, slowly; both at once do no harm."""
    for competition in uncounted_competitions(utc_now()):
        competition_id, title = competition.id, competition.title
        if not is_recorded(competition):
            click.echo(f"{title}: 还有答卷没有落库，稍后再统计。 Attempts are still being recorded: not counted yet.")
            continue
        attempts = count_competition(competition_id)
        click.echo(f"{title}: 统计了 {attempts} 份答卷。 {attempts} attempts counted.")


interruptions = AppGroup("interruptions", help="中断补时：查看、申报。 Time that outages took: list, give back.")


@interruptions.command("list", help="列出已补回的和检测到的。 What was given back, and what was detected.")
@click.argument("competition_id", metavar="ID", type=int)
def list_interruptions(competition_id: int) -> None:
    """One line each, in the competition's zone."""
    competition = _competition(competition_id)
    zone = ZoneInfo(competition.timezone)

    def words(span: Span) -> str:
        return " – ".join(f"{from_ms(moment).astimezone(zone).isoformat(timespec='milliseconds')}" for moment in span)

    for row, account in interruptions_of(competition):
        click.echo(
            f"已补回 given back  {words((row.begun_ms, row.over_ms))}  {row.reason}  {account.name if account else '-'}"
        )
    for span in detected_spans(competition):
        click.echo(f"检测到 detected    {words(span)}")
    total_ms = sum(over - begun for begun, over in spans_given_back(competition))
    click.echo(f"合计补回 {total_ms} 毫秒。 {total_ms} ms given back in all.")


@interruptions.command("declare", help="申报一次中断并补回。 Declare one, and give its time back.")
@click.argument("competition_id", metavar="ID", type=int)
@click.argument("begun", metavar="FROM", type=click.DateTime(MOMENTS))
@click.argument("over", metavar="TO", type=click.DateTime(MOMENTS))
@click.option("--reason", prompt="原因 · Reason", help="写入操作记录。 For the audit trail.")
@click.option("--yes", is_flag=True, help="不再询问。 Don't ask.")
def declare(competition_id: int, begun: datetime, over: datetime, reason: str, yes: bool) -> None:
    """FROM and TO by the clocks of the competition's zone, to the millisecond if you like: 2026-11-22T10:00:00.250."""
    if not reason.strip() or len(reason) > 200:
        raise click.UsageError("请用 1–200 个字写明原因。 Give a reason of 1 to 200 characters.")
    zone = ZoneInfo(_competition(competition_id).timezone)
    span = to_ms(begun.replace(tzinfo=zone)), to_ms(over.replace(tzinfo=zone))
    touched = touched_by(_competition(competition_id), span)
    click.echo(
        f"约 {touched.running} 份答卷会得到补时；其间到时交卷的 {touched.ended} 份不再打开。 "
        f"About {touched.running} attempts get time back; {touched.ended} that ended by their deadline stay ended."
    )
    db.session.rollback()
    if not yes:
        click.confirm("确认补回？ Give it back?", abort=True)
    competition = competition_for_change(competition_id)
    facts = {"running": touched.running, "ended": touched.ended}
    try:
        declare_interruption(competition, span, reason=reason.strip(), actor=None, now=utc_now(), **facts)
    except QuizError as error:
        raise click.UsageError(str(sentence(error.code, error.facts))) from error
    db.session.commit()
    if prime_if_reachable(competition):
        click.echo("已补回，立即生效。 Given back, from now on.")
    else:
        click.echo("已保存；缓存服务恢复后几秒内生效。 Saved; it takes effect within seconds once the store is back.")


def _competition(competition_id: int) -> Competition:
    try:
        return published_or_404(competition_id)
    except NotFound:
        raise click.UsageError(
            f"没有编号为 {competition_id} 的已发布竞赛。 No published competition has the number {competition_id}."
        ) from None
