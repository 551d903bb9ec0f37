"""The command line of banks: the same checks and the same road as the pages."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from quizapp.banks import actions, messages, queries
from quizapp.banks.checks import Report, tally
from quizapp.banks.content import BankContent, content_digest, diff
from quizapp.banks.findings import ERROR
from quizapp.banks.reading import FILE_BYTES, format_names
from quizapp.banks.sandbox import Checked, Found, check_file, check_folder
from quizapp.banks.surroundings import Choices, Surroundings
from quizapp.banks.writing import FILE_KINDS, kind_of
from quizapp.clock import utc_now
from quizapp.errors import QuizError
from quizapp.extensions import db, settings
from quizapp.web.error_pages import sentence

REJECTED, UNUSABLE = 1, 2
Command: TypeAlias = Callable[..., None]


@click.group("banks")
def banks() -> None:
    """题库：检查、导入、导出、比较。 Question banks: check, import, export, compare."""


_bank_options = [
    click.option("--bank", "code", default="", help="文件没有写明时：题库编号。 The bank's code if the file lacks it."),
    click.option("--title", default="", help="文件没有写明时：题库名称。 The bank's title if the file lacks it."),
]
_reading_options = [
    click.option(
        "--format", "format_name", type=click.Choice(format_names()), help="文件格式，默认自动识别。 The format."
    ),
    click.option(
        "--leave-out", is_flag=True, help="略去本系统没有的题型。 Leave out kinds of questions that we don't have."
    ),
    click.option("--topic", default="", help="没有写明主题的题归入。 The topic of questions that name none."),
]
_path = click.argument("path", type=click.Path(exists=True, path_type=Path))


def _options(command: Command) -> Command:
    for option in reversed([*_bank_options, *_reading_options]):
        command = option(command)
    return command


@banks.command("check")
@_path
@_options
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出报告。 The report as JSON.")
@with_appcontext
def check(path: Path, as_json: bool, **chosen: Any) -> None:
    """检查题库文件或文件夹，不作任何改动。 Check a bank's file or folder; nothing is changed.

    退出码 Exit status: 0 可以导入 accepted, 1 需要修改 rejected, 2 无法检查 unusable call.
    """
    report = _checked(path, _choices(**chosen), unnamed=True).report
    if as_json:
        click.echo(json.dumps(messages.report_to_json(report), ensure_ascii=False, indent=2))
    else:
        _print(report)
    raise SystemExit(REJECTED if report.errors else 0)


@banks.command("import")
@_path
@_options
@click.option("--publish", is_flag=True, help="导入后立即发布。 Publish at once.")
@with_appcontext
def import_bank(path: Path, publish: bool, **chosen: Any) -> None:
    """检查并导入为草稿（全部导入，或一题不动）。 Check, then import as the draft: all or nothing."""
    choices = _choices(**chosen)
    checked = _checked(path, choices)
    report = checked.report
    if report.errors:
        _print(report)
        raise SystemExit(REJECTED)
    now = utc_now()
    try:
        # As an upload of the pages would be: there it can be looked at, and undone.
        upload = actions.add_upload(report.source.name, None, choices=choices, actor=None, now=now)
        actions.keep_report(upload, checked, now=now)
        draft = actions.save_upload(upload, actor=None, now=now)
        if publish:
            actions.publish_version(draft.bank, actor=None, now=now)
        db.session.commit()
    except QuizError as error:
        db.session.rollback()
        click.echo(sentence(error.code, error.facts), err=True)
        raise SystemExit(REJECTED) from error
    done = (
        f"第 {draft.number} 版已发布 published as version {draft.number}: {draft.digest}"
        if publish
        else "草稿已保存 draft saved"
    )
    click.echo(f"{report.content.code}: {len(report.content.questions)} 题 questions, {done}")


@banks.command("export")
@click.argument("version")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def export(version: str, path: Path) -> None:
    """把已发布的版本（如 tqm@2）写成文件。 Write a published version (such as tqm@2) as a file.

    格式由后缀决定 The ending decides the format: .yaml .json .xlsx .csv .gift .xml (Moodle) .qti.zip .zip
    """
    kind = kind_of(path.name)
    if kind is None:
        known = " ".join(f".{each.ending}" for each in FILE_KINDS)
        raise click.UsageError(f"{path}: 后缀应为其中之一 the ending must be one of: {known}")
    content = _version_content(version)
    pictures = queries.picture_files(content)
    data = kind.write(content, pictures)
    if not kind.gives_back(content, data, pictures):
        click.echo("导出的文件与版本不一致，没有写入。 The file would differ from the version: not written.", err=True)
        raise SystemExit(REJECTED)
    try:
        path.write_bytes(data)
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from error
    click.echo(f"{path}: {len(content.questions)} 题 questions, {content_digest(content)}")


@banks.command("diff")
@click.argument("old")
@click.argument("new")
@with_appcontext
def diff_banks(old: str, new: str) -> None:
    """比较两个版本（如 tqm@1）或文件。 Compare two versions (such as tqm@1) or files; exit status 1 if they differ."""
    found = diff(_content_of(old), _content_of(new))
    for change in found.changed:
        mark = "答案改变 KEY CHANGED" if change.changes_key else "修改 changed"
        click.echo(f"! {change.new.code} {mark}: {', '.join(change.fields)}")
        if change.changes_key:
            click.echo(f"    {messages.answer_of(change.old)} -> {messages.answer_of(change.new)}")
    for question in found.added:
        click.echo(f"+ {question.code} {question.stem}")
    for question in found.removed:
        click.echo(f"- {question.code} {question.stem}")
    if found.title_changed or found.topics_changed:
        click.echo("* 题库名称或主题有改动 title or topics changed")
    click.echo(
        f"新增 added {len(found.added)}, 删除 removed {len(found.removed)}, "
        f"修改 changed {len(found.changed)}, 未变 unchanged {found.unchanged}"
    )
    raise SystemExit(0 if found.is_empty else REJECTED)


def _choices(code: str, title: str, format_name: str | None, leave_out: bool, topic: str) -> Choices:
    return Choices(code, title, format_name or "", leave_out, topic)


def _checked(path: Path, choices: Choices, *, unnamed: bool = False) -> Checked:
    """`unnamed`: a bank that nobody has named is called by the file."""

    def look_up(found: Found) -> Surroundings:
        chosen = choices
        if unnamed and not (found.header.code or chosen.bank):
            slug = re.sub("[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:40]
            chosen = replace(chosen, bank=slug or "bank", title=chosen.title or path.stem[:120].strip() or "bank")
        try:
            if _has_database():
                return actions.surroundings(found.header, chosen, found.pictures, now=utc_now())
        except SQLAlchemyError:
            pass
        finally:
            db.session.rollback()
        # A fresh clone has no database yet: a file can be checked all the same.
        click.echo("没有数据库，未与已有题库比对。 No database: not compared with the bank's versions.", err=True)
        return Surroundings(chosen.header, today=utc_now().astimezone(actions.ZONE).date())

    try:
        if path.is_dir():
            return check_folder(path, choices, look_up)
        with path.open("rb") as file:
            content = file.read(FILE_BYTES + 1)
        return check_file(path.name, content, choices, look_up)
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from error


def _has_database() -> bool:
    """SQLite would make the file by merely being asked, and a check makes nothing."""
    return not settings().embedded_database or (settings().data_dir / "quiz.sqlite3").exists()


def _print(report: Report) -> None:
    click.echo(f"{report.source.name}: {messages.VERDICT_NAMES[report.verdict]}. {messages.reason(report)}")
    kinds = ", ".join(f"{messages.TYPE_NAMES[kind]} {count}" for kind, count in tally(report.content)["type"].items())
    click.echo(f"{report.entry_count} 题 questions ({kinds})")
    for finding in report.findings:
        mark = "错误" if finding.severity == ERROR else "提醒"
        quoted = f" [{finding.quoted[:60]}]" if finding.quoted else ""
        click.echo(f"{mark} {messages.place(finding.where)}{quoted}: {messages.sentence(finding)} ({finding.code})")


def _content_of(text: str) -> BankContent:
    path = Path(text)
    if not path.exists():
        return _version_content(text)
    report = _checked(path, Choices()).report
    if report.errors:
        _print(report)
        raise SystemExit(UNUSABLE)
    return report.content


def _version_content(text: str) -> BankContent:
    code, _, number = text.partition("@")
    bank = queries.bank_by_code(code)
    found = [each for each in queries.versions_of(bank) if not number or str(each.number) == number] if bank else []
    if not found:
        raise click.UsageError(f"没有已发布的版本或文件 {text}。 No such published version or file: {text}.")
    return queries.version_content(found[0].id)
