"""`question_banks/` and the database agree: a version goes out as a folder, and the command line says whether they are the same."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from hypothesis import HealthCheck, given, settings
from PIL import Image

from quizapp.banks.actions import store_pictures
from quizapp.banks.checking.checks import check_source
from quizapp.banks.content import BankContent, content_digest
from quizapp.banks.models import Bank
from quizapp.banks.pictures import Picture, read_picture, token
from quizapp.banks.reading import read_path
from quizapp.banks.versions.actions import publish_version, save_draft
from quizapp.banks.versions.folders import export_folder
from quizapp.banks.versions.retirement import retire_version
from quizapp.clock import utc_now
from quizapp.errors import Refused
from quizapp.extensions import db
from tests.cast import Cast, TinyBank, tiny_content
from tests.unit.banks.whole_contents import contents

pytestmark = [pytest.mark.once, pytest.mark.slow]  # what is read of versions, `test_versions` tries on each

TQM = Path("question_banks/tqm")


def run(app: Flask, *args: object) -> Result:
    """`quizapp banks …`, with standard error apart."""
    return app.test_cli_runner().invoke(args=["banks", *map(str, args)])


def published(app: Flask, content: BankContent, *pictures: Picture) -> str:
    """Publish a content; its digest."""
    with app.app_context():
        store_pictures(pictures, now=utc_now())
        draft = save_draft(content, source_name="a.yaml", actor=None, now=utc_now())
        publish_version(draft.bank, actor=None, now=utc_now())
        db.session.commit()
    return content_digest(content)


def digest_of(folder: Path, *pictures: Picture) -> str:
    known = {picture.digest for picture in pictures}
    return content_digest(check_source(read_path(folder), pictures=known).content)


def test_the_bank_of_this_project_agrees_after_its_import(app: Flask, tmp_path: Path) -> None:
    assert run(app, "import", TQM, "--publish").exit_code == 0
    agreed = run(app, "agree", TQM)
    assert (agreed.exit_code, digest_of(TQM) in agreed.stdout) == (0, True)
    written = run(app, "export", "tqm@1", tmp_path / "tqm")
    assert (written.exit_code, digest_of(TQM) in written.stdout) == (0, True)
    assert sorted(path.name for path in (tmp_path / "tqm").iterdir()) == ["bank.yaml", "formal", "practice"]
    assert run(app, "agree", tmp_path / "tqm").exit_code == 0
    assert run(app, "diff", "tqm@1", tmp_path / "tqm").exit_code == 0


def test_a_folder_that_was_changed_does_not_agree_and_the_change_is_told(
    app: Flask, tiny_bank: TinyBank, tmp_path: Path
) -> None:
    assert run(app, "export", "tiny", tmp_path / "tiny").exit_code == 0
    file = tmp_path / "tiny" / "formal" / "T01.yaml"
    file.write_text(file.read_text().replace("第 1 题的解析", "第一题的解析", 1))
    told = run(app, "agree", tmp_path / "tiny")
    assert told.exit_code == 1
    assert "不一致" in told.stdout
    assert "解析: 第[- 1 -]{+一+}题的解析" in told.stdout
    assert run(app, "export", "tiny@1", tmp_path / "tiny").exit_code == 0
    assert run(app, "agree", tmp_path / "tiny").exit_code == 0


def test_an_older_version_agrees_only_where_it_is_named(app: Flask, tiny_bank: TinyBank, tmp_path: Path) -> None:
    first, *rest = tiny_content().questions
    published(app, replace(tiny_content(), questions=(replace(first, right=2), *rest)))
    assert run(app, "export", "tiny@1", tmp_path / "tiny").exit_code == 0
    newest = run(app, "agree", tmp_path / "tiny")
    assert (newest.exit_code, "! T01 答案改变" in newest.stdout) == (1, True)
    assert run(app, "agree", tmp_path / "tiny", "tiny@1").exit_code == 0


def test_another_order_is_no_agreement(app: Flask, tiny_bank: TinyBank, tmp_path: Path) -> None:
    assert run(app, "export", "tiny@1", tmp_path / "tiny").exit_code == 0
    published(app, replace(tiny_content(), questions=tiny_content().questions[::-1]))
    told = run(app, "agree", tmp_path / "tiny")
    assert (told.exit_code, "只是次序不同" in told.stdout) == (1, True)
    assert run(app, "export", "tiny@2", tmp_path / "tiny").exit_code == 0
    assert run(app, "agree", tmp_path / "tiny").exit_code == 0


def test_pictures_go_out_with_the_folder(app: Flask, tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (6, 4), "navy").save(file, "PNG")
    picture = read_picture(file.getvalue())
    first, *rest = tiny_content().questions
    shown = replace(first, stem=f"看图 {token(picture, '排列图')} 作答")
    digest = published(app, replace(tiny_content(), questions=(shown, *rest)), picture)
    folder = tmp_path / "tiny"
    written = run(app, "export", "tiny@1", folder)
    assert (written.exit_code, digest in written.stdout) == (0, True), written.output
    assert (folder / "pictures" / f"{picture.digest}.png").read_bytes() == picture.png
    assert "pictures/" in (folder / "formal" / "T01.yaml").read_text()
    assert run(app, "agree", folder).exit_code == 0
    assert digest_of(folder) == digest  # without the database, too


def test_the_licence_and_a_readers_own_files_stay(app: Flask, tiny_bank: TinyBank, tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    assert run(app, "export", "tiny@1", folder).exit_code == 0
    head = folder / "bank.yaml"
    head.write_text(head.read_text().replace("topics:", "license: CC-BY-4.0\ntopics:"))
    (folder / "README.md").write_text("关于本题库")
    assert run(app, "export", "tiny@1", folder).exit_code == 0
    assert "license: CC-BY-4.0" in head.read_text()
    assert (folder / "README.md").read_text() == "关于本题库"


def test_what_is_in_the_way_is_not_overwritten(app: Flask, tiny_bank: TinyBank, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.txt").write_text("x")
    refused = run(app, "export", "tiny@1", notes)
    assert (refused.exit_code, "请换一个空文件夹" in refused.stderr) == (2, True)
    assert [path.name for path in notes.iterdir()] == ["a.txt"]
    other = tmp_path / "other"
    other.mkdir()
    (other / "bank.yaml").write_text("code: other\ntitle: 别的\ntopics: {T01: 一}\n")
    refused = run(app, "export", "tiny@1", other)
    assert (refused.exit_code, "题库“other”，不是“tiny”" in refused.stderr) == (2, True)
    (other / "bank.yaml").write_text("{{{")
    assert run(app, "export", "tiny@1", other).exit_code == 2
    assert run(app, "export", "tiny@1", other / "bank.yaml" / "x").exit_code == 2


def test_questions_of_an_older_folder_are_removed_only_if_asked(
    app: Flask, tiny_bank: TinyBank, tmp_path: Path
) -> None:
    folder = tmp_path / "tiny"
    run(app, "export", "tiny@1", folder)
    stale = folder / "formal" / "T99.yaml"
    stale.write_text("[]\n")
    refused = run(app, "export", "tiny@1", folder)
    assert (refused.exit_code, "formal/T99.yaml" in refused.stderr, stale.exists()) == (2, True, True)
    assert run(app, "export", "tiny@1", folder, "--replace").exit_code == 0
    assert not stale.exists()


def test_a_retired_version_is_said_to_be_so(app: Flask, cast: Cast, tiny_bank: TinyBank, tmp_path: Path) -> None:
    with app.app_context():
        bank = db.session.get_one(Bank, tiny_bank.bank_id)
        retire_version(bank.versions[0], reason="第 3 题有误", actor=cast.qin.account, now=utc_now())
        db.session.commit()
    written = run(app, "export", "tiny@1", tmp_path / "tiny")
    assert (written.exit_code, "tiny@1 已停用（第 3 题有误）" in written.stderr) == (0, True)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents())
def test_whatever_is_exported_reads_back_from_disk_to_the_same_digest(tmp_path: Path, content: BankContent) -> None:
    folder = tmp_path / content_digest(content)
    assert export_folder(folder, content, {}) == content_digest(content) == digest_of(folder)
    assert export_folder(folder, content, {}) == content_digest(content)  # in place of itself
    with pytest.raises(Refused, match="folder_of_other_bank"):
        export_folder(folder, replace(content, code="else"), {})
