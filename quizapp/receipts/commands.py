"""`quizapp receipts …`: check a receipt, close the days that are over, and compare the whole ledger with what is recorded."""

import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from quizapp.clock import from_ms
from quizapp.receipts.content import fault_of_days, fault_of_receipt
from quizapp.receipts.jobs import close_days, enter_receipts
from quizapp.receipts.ledger import closed_days, faults_of_ledger, public_keys, signed_day
from quizapp.receipts.noted import read_days, read_keys, read_noted

receipts = AppGroup("receipts", help="收据：查验、结账、核对。 Receipts: verify, close days, check the ledger.")

FAULTS = {
    "no_receipt": "文件不是收据。 This file is no receipt.",
    "receipt_not_signed": "收据不是由公布的密钥签名的，或签名后被改过。 No published key signed this receipt as it is.",
    "more_than_signed": "文件里夹带了没有签名的内容。 Something was put into this file that is not signed.",
    "answers_differ": "所附作答与收据里的摘要不符。 The answers are not those of the receipt.",
    "day_not_signed": "当日总账不是由公布的密钥签名的。 No published key signed the statement of the day.",
    "not_in_the_day": "收据不在当日总账里。 The receipt is not in the day's tree.",
    "another_root_was_noted": "当日公布过另一个根值。 Another root was published for the day.",
    "day_does_not_follow": "总账的日期不连贯，有一天缺失或被改。 A day is missing from the chain, or was changed.",
}


@receipts.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--keys", type=click.Path(exists=True, path_type=Path), help="另存的公钥文件。 Keys that were noted.")
@click.option("--days", type=click.Path(exists=True, path_type=Path), help="另存的每日根值。 Days that were noted.")
def verify(file: Path, keys: Path | None, days: Path | None) -> None:
    """查验一份收据。 Check a receipt, with this installation's keys and days or with those that were noted elsewhere.

    退出码 Exit status: 0 真 it holds, 1 假 it does not.
    """
    known = read_keys(keys) if keys else public_keys()
    noted = read_days(days) if days else [signed_day(day) for day in reversed(closed_days())]
    found = read_noted(file)
    fault = fault_of_days(noted, known) or fault_of_receipt(found, known, noted)
    if fault:
        code, _, day = fault.partition(" ")
        sys.exit(f"假 FALSE: {FAULTS[code]} {day}".strip())
    of = found["receipt"]
    ended = from_ms(of["ended_ms"]).isoformat(timespec="milliseconds")
    entered = "" if found.get("entry") else " 当日总账尚未公布，次日可取得入账证明。 Its day has no root yet."
    click.echo(
        f"真 TRUE: 竞赛 {of['competition']}，答卷 {of['attempt']}，{ended} 结束。 Competition, attempt, its end.{entered}"
    )


@receipts.command("close")
def close() -> None:
    """现在就登记收据，并给已过去的日子结账。 Enter receipts now, and close the days that are over; the recorder does both by itself."""
    entered, closed = enter_receipts(), close_days()
    click.echo(f"登记了 {entered} 份收据，结了 {closed} 天。 {entered} receipts entered, {closed} days closed.")


@receipts.command("check")
def check() -> None:
    """用原始作答重算全部收据和每日根值。 Work out every receipt and root again from raw responses, and compare.

    退出码 Exit status: 0 一致 agreed, 1 有差异（指出第一处） a difference, of which the first is named.
    """
    for fault in faults_of_ledger():
        sys.exit(f"有差异 A difference: {fault}")
    click.echo("一致。 All receipts and roots agree with what is recorded.")
