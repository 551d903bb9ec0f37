"""The command line: the same checks, the same report, the same road."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from quizapp import create_app
from quizapp.banks import queries
from quizapp.banks.content import content_digest
from quizapp.banks.formats.own.project import write_yaml
from quizapp.banks.formats.tables.template import write_csv, write_xlsx
from quizapp.banks.models import Bank, BankVersion
from quizapp.config import Settings
from quizapp.extensions import db
from tests.cast import TinyBank, tiny_content
from tests.conftest import SECRET

pytestmark = pytest.mark.slow


def run(app: Flask, *args: object) -> Result:
    """`quizapp banks …`, with standard error apart."""
    return app.test_cli_runner().invoke(args=["banks", *map(str, args)])


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.once
def test_the_bank_of_this_project_passes_its_check(app: Flask) -> None:
    result = run(app, "check", "question_banks/tqm", "--json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["questions"], len(report["items"])) == (0, 800, 800)
    assert report["verdict"] in ("accept", "accept_with_warnings")
    assert {item["type"] for item in report["items"]} == {"single", "multiple", "judge"}
    assert all(isinstance(item["answer"], bool) == (item["type"] == "judge") for item in report["items"])


@pytest.mark.once
def test_a_file_with_errors_is_rejected_with_status_1(app: Flask, tmp_path: Path) -> None:
    path = written(tmp_path / "a.yaml", write_yaml(tiny_content()).replace("key: AC", "key: A", 1))
    result = run(app, "check", path, "--json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["verdict"]) == (1, "reject")
    finding = next(finding for finding in report["findings"] if finding["severity"] == "error")
    assert (finding["code"], finding["where"]["field"]) == ("multiple_one_key", "key")
    text = run(app, "check", path)
    assert text.exit_code == 1
    assert "错误 a.yaml 第" in text.stdout


@pytest.mark.once
@pytest.mark.parametrize(
    "args",
    [
        ("check", "no-such-file"),
        ("check",),
        ("check", "question_banks/tqm", "--format=nonsense"),
        ("export", "tqm@1"),
        ("diff", "a", "b"),
    ],
)
def test_an_unusable_call_has_status_2(app: Flask, args: tuple[str, ...]) -> None:
    assert run(app, *args).exit_code == 2


@pytest.mark.once
def test_what_cannot_be_opened_is_an_unusable_call(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    assert run(app, "check", tmp_path / "loop.yaml").exit_code == 2


def test_a_check_changes_nothing(app: Flask, tmp_path: Path) -> None:
    assert run(app, "check", written(tmp_path / "a.yaml", write_yaml(tiny_content()))).exit_code == 0
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Bank)) == 0


@pytest.mark.once
def test_a_fresh_clone_checks_without_making_a_database(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path, secret_key=SECRET))
    result = run(app, "check", "question_banks/tqm")
    assert (result.exit_code, "没有数据库" in result.stderr) == (0, True)
    assert list(tmp_path.iterdir()) == []


def test_a_check_compares_with_the_newest_version(app: Flask, tiny_bank: TinyBank, tmp_path: Path) -> None:
    first, *rest = tiny_content().questions
    renamed = replace(tiny_content(), questions=(replace(first, code="OTHER"), *rest))
    result = run(app, "check", written(tmp_path / "a.yaml", write_yaml(renamed)), "--json")
    assert [finding["code"] for finding in json.loads(result.stdout)["findings"]] == ["already_in_bank"]


@pytest.mark.parametrize("ending", ["yaml", "xlsx", "csv"])
def test_import_and_publish_give_the_digest_of_the_file_s_content(app: Flask, tmp_path: Path, ending: str) -> None:
    data = {
        "yaml": write_yaml(tiny_content()).encode(),
        "xlsx": write_xlsx(tiny_content()),
        "csv": write_csv(tiny_content()),
    }
    path = tmp_path / f"a.{ending}"
    path.write_bytes(data[ending])
    result = run(
        app, "import", path, "--publish", *(["--bank", "tiny", "--title", "小题库"] if ending == "csv" else [])
    )
    assert result.exit_code == 0, result.output
    assert content_digest(tiny_content()) in result.stdout
    with app.app_context():
        version = db.session.scalars(select(BankVersion)).one()
        assert (version.number, version.digest) == (1, content_digest(tiny_content()))


def test_import_without_publishing_leaves_a_draft(app: Flask, tmp_path: Path) -> None:
    assert run(app, "import", written(tmp_path / "a.yaml", write_yaml(tiny_content()))).exit_code == 0
    with app.app_context():
        assert db.session.scalars(select(BankVersion)).one().number is None


def test_importing_a_file_with_errors_imports_nothing(app: Flask, tmp_path: Path) -> None:
    path = written(tmp_path / "a.yaml", write_yaml(tiny_content()).replace("key: AC", "key: A", 1))
    assert run(app, "import", path, "--publish").exit_code == 1
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Bank)) == 0


def test_publishing_the_same_again_is_refused_and_leaves_no_draft(
    app: Flask, tiny_bank: TinyBank, tmp_path: Path
) -> None:
    result = run(app, "import", written(tmp_path / "a.yaml", write_yaml(tiny_content())), "--publish")
    assert (result.exit_code, "完全相同" in result.stderr) == (1, True)
    with app.app_context():
        assert queries.draft_of(db.session.get_one(Bank, tiny_bank.bank_id)) is None


@pytest.mark.once
def test_an_exported_version_reads_back_to_its_digest(app: Flask, tiny_bank: TinyBank, tmp_path: Path) -> None:
    path = tmp_path / "out.yaml"
    result = run(app, "export", "tiny@1", path)
    assert result.exit_code == 0, result.output
    assert content_digest(tiny_content()) in result.stdout
    assert path.read_text() == write_yaml(tiny_content())
    assert run(app, "diff", "tiny@1", path).exit_code == 0
    assert run(app, "export", "tiny@2", path).exit_code == 2
    assert run(app, "export", "tiny", tmp_path / "no" / "folder.yaml").exit_code == 2


@pytest.mark.once
def test_the_difference_names_key_changes_first(app: Flask, tiny_bank: TinyBank, tmp_path: Path) -> None:
    first, second, third, *rest = tiny_content().questions
    questions = (replace(first, explanation="改写"), replace(second, right=2), *rest, replace(third, code="NEW"))
    path = written(tmp_path / "b.yaml", write_yaml(replace(tiny_content(), questions=questions)))
    result = run(app, "diff", "tiny@1", path)
    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert lines[:5] == [
        "! T02 答案改变 KEY CHANGED",
        "    答案: [-A 题2选项甲-]{+B 题2选项乙+}",
        "~ T01 修改 changed",
        "    解析: [-第 1 题的解析-]{+改写+}",
        "+ NEW 第 3 题的题干",
    ]
    assert lines[5] == "- T03 第 3 题的题干"
    assert "新增 added 1, 删除 removed 1, 未变 unchanged 11" in lines[6]


# The choices of the upload page, on the command line


FOREIGN = "题型,题干,选项A,选项B,答案,章节\n单选题,哪个？,甲,乙,A,\n简答题,为什么？,,,因为,\n"


@pytest.mark.once
@pytest.mark.parametrize(
    ("options", "status", "code"), [((), 1, "kind_unsupported"), (("--leave-out",), 0, "kind_left_out")]
)
def test_kinds_that_we_do_not_have_are_left_out_if_asked(
    app: Flask, tmp_path: Path, options: tuple[str, ...], status: int, code: str
) -> None:
    result = run(app, "check", written(tmp_path / "a.csv", FOREIGN), "--json", *options)
    report = json.loads(result.stdout)
    assert (result.exit_code, len(report["items"])) == (status, 1)
    assert code in {finding["code"] for finding in report["findings"]}


@pytest.mark.once
def test_a_topic_and_a_format_can_be_chosen(app: Flask, tmp_path: Path) -> None:
    path = written(tmp_path / "bank.txt.bak", FOREIGN)
    assert "file_kind_unknown" in run(app, "check", path).stdout
    done = run(
        app,
        *("import", path, "--format=csv", "--leave-out", "--topic=T07 工具", "--bank=new", "--title=新题库"),
    )
    assert done.exit_code == 0, done.output
    with app.app_context():
        draft = queries.draft_of(db.session.scalars(select(Bank)).one())
        assert draft is not None
        content = queries.version_content(draft.id)
    assert (content.topics, content.questions[0].topic) == ({"T07": "工具"}, "T07")


@pytest.mark.once
def test_a_file_that_asks_too_much_is_rejected_and_not_an_unusable_call(app: Flask, tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", "[" * 3_000_000)
    result = run(app, "check", path)
    assert (result.exit_code, "nested_too_deep" in result.stdout) == (1, True)
