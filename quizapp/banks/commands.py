"""The command line of banks: the same checks and the same road as the pages."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from quizapp.banks import queries
from quizapp.banks.checking import messages
from quizapp.banks.checking.checks import Report, tally
from quizapp.banks.checking.lookup import ZONE, surroundings
from quizapp.banks.checking.surroundings import Choices, Surroundings
from quizapp.banks.content import BankContent, content_digest
from quizapp.banks.findings import ERROR
from quizapp.banks.formats.tables.columns import Columns
from quizapp.banks.formats.tables.headings import fields
from quizapp.banks.reading import FILE_BYTES, format_names
from quizapp.banks.sandbox import Checked, Found, check_file, check_folder
from quizapp.banks.uploads import actions
from quizapp.banks.versions.actions import publish_version
from quizapp.banks.versions.comparison import DELETED, INSERTED, SAME, Piece
from quizapp.banks.versions.differences import ADDED, CHANGED, KEYS, REMOVED, Differences
from quizapp.banks.versions.folders import export_folder
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
    click.option(
        "--map",
        "headings",
        multiple=True,
        metavar="HEADING=FIELD",
        help="说明表头的含义，可写多次，如 “题面=stem”。 What a heading means; may be given several times.",
    ),
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
            publish_version(draft.bank, actor=None, now=now)
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
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--replace", "replace_files", is_flag=True, help="删去文件夹里用不到的试题文件。 Remove files of no use.")
@with_appcontext
def export(version: str, path: Path, replace_files: bool) -> None:
    """把已发布的版本（如 tqm@2）写成文件或文件夹。 Write a published version (such as tqm@2) as a file or folder.

    格式由后缀决定 The ending decides the format: .yaml .json .xlsx .csv .gift .xml (Moodle) .qti.zip .zip; 没有后缀的是文件夹
    without one it is a folder (bank.yaml, formal/, practice/). 退出码 Exit status: 0 与版本一致 it agrees, 1 不一致 it differs.
    """
    if path.is_dir() or not path.suffix:
        _export_folder(version, path, replace_files)
        return
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
    _say_it_agrees(path, content)


def _export_folder(version: str, folder: Path, replace_files: bool) -> None:
    content = _version_content(version)
    digest = content_digest(content)
    try:
        written = export_folder(folder, content, queries.picture_files(content), replace=replace_files)
    except OSError as error:
        raise click.UsageError(f"{folder}: {error.strerror}") from error
    except QuizError as error:
        click.echo(f"{folder}: {sentence(error.code, error.facts)}", err=True)
        raise SystemExit(UNUSABLE) from error
    if written != digest:
        click.echo(f"{folder}: 与版本不一致 it differs from the version: {written}, {digest}", err=True)
        raise SystemExit(REJECTED)
    _say_it_agrees(folder, content)


def _say_it_agrees(path: Path, content: BankContent) -> None:
    digest = content_digest(content)
    click.echo(f"{path}: {len(content.questions)} 题 questions, 与版本一致 it agrees with the version: {digest}")


@banks.command("agree")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.argument("version", default="")
@with_appcontext
def agree(path: Path, version: str) -> None:
    """文件夹或文件与题库的最新版本（或写明的版本）是否一致。 Whether a folder or file agrees with the newest version, or that.

    退出码 Exit status: 0 一致 it agrees, 1 不一致 it differs, 2 无法比较 unusable call.
    """
    here = _content_of(str(path))
    there = _version_content(version or here.code)
    digests = content_digest(there), content_digest(here)
    if digests[0] == digests[1]:
        click.echo(f"一致 they agree: {digests[0]}")
        return
    click.echo(f"不一致 they differ: {version or here.code} {digests[0]}, {path} {digests[1]}")
    _print_differences(Differences(there, here))
    raise SystemExit(REJECTED)


@banks.command("diff")
@click.argument("old")
@click.argument("new")
@with_appcontext
def diff_banks(old: str, new: str) -> None:
    """比较两个版本（如 tqm@1）或文件。 Compare two versions (such as tqm@1) or files; exit status 1 if they differ."""
    differences = Differences(_content_of(old), _content_of(new))
    _print_differences(differences)
    raise SystemExit(0 if differences.found.is_empty and not differences.is_reordered else REJECTED)


_MARKS = {KEYS: "! {} 答案改变 KEY CHANGED", CHANGED: "~ {} 修改 changed", ADDED: "+ {} {}", REMOVED: "- {} {}"}
_WORD_MARKS = {SAME: "{}", DELETED: "[-{}-]", INSERTED: "{{+{}+}}"}


def _print_differences(differences: Differences) -> None:
    """Keys first; in each field the words that went stand as [-…-] and those that came as {+…+}, as in git."""
    for row in differences.header:
        click.echo(f"* {row.name}: {_marked(row.pieces)}")
    for item in differences.items():
        click.echo(_MARKS[item.kind].format(item.question.code, _one_line(item.question.stem)))
        for row in item.rows:
            click.echo(f"    {row.name}: {_marked(row.pieces)}")
    if differences.is_reordered:
        click.echo("题目相同，只是次序不同 the same questions in another order")
    counts = differences.counts
    click.echo(
        f"答案有变 keys changed {counts[KEYS]}, 其他修改 otherwise changed {counts[CHANGED]}, "
        f"新增 added {counts[ADDED]}, 删除 removed {counts[REMOVED]}, 未变 unchanged {differences.found.unchanged}"
    )


def _marked(pieces: Iterable[Piece]) -> str:
    return "".join(_WORD_MARKS[piece.kind].format(_one_line(piece.text)) for piece in pieces)


def _one_line(text: str) -> str:
    return text.replace("\n", "⏎")


def _choices(
    code: str, title: str, format_name: str | None, leave_out: bool, topic: str, headings: Iterable[str]
) -> Choices:
    said: dict[str, str] = {}
    for each in headings:
        heading, sign, field = each.rpartition("=")
        if not (sign and heading.strip()) or field.strip() not in fields():
            known = " ".join(fields())
            raise click.UsageError(f"--map {each}: 请写成 表头=字段 write HEADING=FIELD. 字段 fields: {known}")
        said[heading.strip()] = field.strip()
    return Choices(code, title, format_name or "", leave_out, topic, Columns(said))


def _checked(path: Path, choices: Choices, *, unnamed: bool = False) -> Checked:
    """`unnamed`: a bank that nobody has named is called by the file."""

    def look_up(found: Found) -> Surroundings:
        chosen = choices
        if unnamed and not (found.header.code or chosen.bank):
            slug = re.sub("[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:40]
            chosen = replace(chosen, bank=slug or "bank", title=chosen.title or path.stem[:120].strip() or "bank")
        try:
            if _has_database():
                return surroundings(found.header, chosen, found.pictures, now=utc_now())
        except SQLAlchemyError:
            pass
        finally:
            db.session.rollback()
        # A fresh clone has no database yet: a file can be checked all the same.
        click.echo("没有数据库，未与已有题库比对。 No database: not compared with the bank's versions.", err=True)
        return Surroundings(chosen.header, today=utc_now().astimezone(ZONE).date())

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
    counts = tally(report.content)
    click.echo(f"{report.entry_count} 题 questions")
    for names, counted in ((messages.TYPE_NAMES, "type"), (messages.DIFFICULTY_NAMES, "difficulty"), ({}, "topic")):
        click.echo("  " + ", ".join(f"{names.get(name, name)} {count}" for name, count in counts[counted].items()))
    groups = messages.grouped(report.findings)
    if len(report.findings) > len(groups) > 1:
        for group in groups:
            click.echo(f"  {len(group.findings)} × {group.title} ({group.code})")
    for finding in report.findings:
        mark = "错误" if finding.severity == ERROR else "提醒"
        quoted = f" [{finding.quoted[:60]}]" if finding.quoted else ""
        click.echo(f"{mark} {messages.place(finding)}{quoted}: {messages.sentence(finding)} ({finding.code})")


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
    if retirement := found[0].retirement:
        label = f"{code}@{found[0].number}"
        click.echo(f"{label} 已停用（{retirement.reason}）。 {label} is retired.", err=True)
    return queries.version_content(found[0].id)
