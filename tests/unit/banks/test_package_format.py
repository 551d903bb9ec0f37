"""The project's folder with pictures, on disk and as a .zip."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from quizapp.banks.checking.checks import Report, check_source
from quizapp.banks.content import BankContent, content_digest
from quizapp.banks.findings import Where
from quizapp.banks.formats.own.package import folder_files, write_package
from quizapp.banks.pictures import read_picture
from quizapp.banks.reading import read_path, read_upload
from quizapp.web.archives import make_archive
from tests.unit.banks.samples import CONTENT, SINGLE, check_text, codes, found
from tests.unit.banks.test_pictures import drawn
from tests.unit.banks.whole_contents import PNG

BANK = "code: demo\ntitle: 示例题库\ntopics:\n  T01: 质量管理基础\n"
QUESTION = """\
- code: T01-001
  type: single
  difficulty: easy
  stem: 看图{picture}，点子出界说明什么？
  options: [异常, 正常]
  key: A
  explanation: 说明过程不受控。
  reference: GB/T 17989.2-2020 6
"""
PICTURE = read_picture(drawn())
TOKEN = f"![控制图](sha256:{PICTURE.digest})"
FILES: dict[str, str | bytes] = {
    "bank.yaml": BANK,
    "formal/T01.yaml": QUESTION.format(picture="![控制图](pictures/chart.png)"),
    "pictures/chart.png": drawn(),
}


def packed(files: dict[str, str | bytes]) -> bytes:
    return make_archive({path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()})


def check_zip(files: dict[str, str | bytes]) -> Report:
    return check_source(read_upload("bank.zip", packed(files)))


def check_folder(path: Path, files: dict[str, str | bytes]) -> Report:
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return check_source(read_path(path))


def test_a_zipped_folder_brings_its_pictures_along() -> None:
    report = check_zip(FILES)
    (read,) = report.content.questions
    assert (codes(report), read.stem) == ([], f"看图{TOKEN}，点子出界说明什么？")
    assert (read.topic, read.pool, report.source.pictures) == ("T01", "formal", {PICTURE.digest: PICTURE})


def test_the_folder_on_disk_says_the_same(tmp_path: Path) -> None:
    report = check_folder(tmp_path, FILES)
    assert (codes(report), content_digest(report.content)) == ([], content_digest(check_zip(FILES).content))
    assert report.source.pictures == {PICTURE.digest: PICTURE}


@pytest.mark.parametrize("folder", ["tqm/", "a/b/"])
def test_the_folder_may_be_inside_another_as_programs_pack_it(folder: str) -> None:
    files = {f"{folder}{path}": text for path, text in FILES.items()}
    files |= {"__MACOSX/tqm/._bank.yaml": "x", f"{folder}.DS_Store": "x", "__MACOSX/bank.yaml": "x"}
    assert codes(check_zip(files)) == []


@pytest.mark.parametrize(
    "address", ["pictures/chart.png", "./pictures/chart.png", "../pictures/chart.png", "pictures/%63hart.png"]
)
def test_a_picture_may_be_named_from_the_folder_or_from_the_file(address: str) -> None:
    files = FILES | {"formal/T01.yaml": QUESTION.format(picture=f"![控制图]({address})")}
    assert codes(check_zip(files)) == []


@pytest.mark.parametrize(
    "address",
    [
        *("pictures/other.png", "/etc/passwd.png", "../../chart.png", "https://example.org/chart.png", "chart.svg"),
        *("file:///chart.png", "pictures/chart.PNG", "data:image/png;x.png"),
    ],
)
def test_a_picture_that_is_not_in_the_folder_is_missing(address: str) -> None:
    report = check_zip(FILES | {"formal/T01.yaml": QUESTION.format(picture=f"![控制图]({address})")})
    finding = found(report, "picture_missing")
    assert (codes(report), finding.entry) == (["picture_missing"], 0)
    assert finding.where == Where("formal/T01.yaml", line=4, field="stem")


def test_a_picture_outside_the_folder_on_disk_is_missing(tmp_path: Path) -> None:
    (tmp_path / "chart.png").write_bytes(drawn())
    files = FILES | {"formal/T01.yaml": QUESTION.format(picture="![控制图](../../chart.png)")}
    assert codes(check_folder(tmp_path / "bank", files)) == ["picture_missing"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"GIF89a" + bytes(40), "picture_kind_unknown"), (drawn()[:60], "picture_damaged"), (b"", "picture_kind_unknown")],
)
def test_a_picture_that_is_none_is_an_error_of_its_field(content: bytes, code: str) -> None:
    report = check_zip(FILES | {"pictures/chart.png": content})
    assert (codes(report), found(report, code).where.line) == ([code], 4)


@pytest.mark.parametrize("name", ["bank.yaml", "bank.json"])
def test_a_file_without_its_folder_is_told_that_pictures_are_missing(name: str) -> None:
    text = f"{BANK}questions:\n" + QUESTION.format(picture="![控制图](pictures/chart.png)").replace(
        "key:", "topic: T01\n  key:"
    )
    if name.endswith("json"):
        text = json.dumps(yaml.safe_load(text), ensure_ascii=False)
    report = check_text(text, name)
    assert (codes(report), found(report, "picture_missing").facts) == (
        ["picture_missing"],
        {"name": "pictures/chart.png"},
    )


@pytest.mark.parametrize(
    "written", ["![见注](2)", "a[1](b.html)", "![x] (y.png)", "![x](y)", "[图](pictures/chart.png)"]
)
def test_what_names_no_picture_stays_as_it_is_written(written: str) -> None:
    report = check_zip(
        FILES | {"formal/T01.yaml": QUESTION.format(picture=f" {written} ").replace("stem: ", "stem: |-\n    ")}
    )
    assert (codes(report), written in report.content.questions[0].stem) == ([], True)


def test_a_digest_is_believed_only_of_the_picture_that_has_it() -> None:
    other = read_picture(drawn(size=(90, 30)))
    texts = {"formal/T01.yaml": QUESTION.format(picture=f"![控制图](sha256:{other.digest})")}
    report = check_zip(FILES | texts | {f"pictures/{other.digest}.png": drawn()})
    assert codes(report) == ["picture_missing"]
    assert codes(check_zip(FILES | texts | {f"pictures/{other.digest}.png": other.png})) == []


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"readme.md": "x"}, "zip_without_bank"),
        ({"T01.yaml": "[]"}, "zip_without_bank"),
        ({"bank.yaml": BANK, "bank.json": "{}"}, "folder_without_bank"),
        ({"bank.yaml": "a: ["}, "syntax"),
        ({"bank.yaml": BANK, "formal/T01.yaml": b"\xff\xfe"}, "file_not_utf8"),
        ({"bank.yaml": BANK, "formal/T01.yaml": b"PK\x03\x04"}, "file_wrong_ending"),
        ({"bank.yaml": BANK} | {f"formal/T{n}.yaml": "[]" for n in range(600)}, "folder_too_large"),
        ({"bank.yaml": BANK, "formal/T01.yaml": "# " + "x" * (9 * 1024 * 1024)}, "file_too_large"),
    ],
)
def test_a_zip_that_cannot_be_used_says_why(files: dict[str, str | bytes], code: str) -> None:
    report = check_zip(files)
    assert (codes(report)[0], report.entry_count, report.verdict) == (code, 0, "reject")


def test_files_of_questions_in_other_places_are_told() -> None:
    report = check_zip(FILES | {"old/T01.yaml": "[]", "formal/deep/T02.json": "[]"})
    finding = found(report, "files_unused")
    assert (codes(report), finding.facts) == (["files_unused"], {"names": "formal/deep/T02.json、old/T01.yaml"})


def test_what_we_write_is_a_folder_that_people_can_read(tmp_path: Path) -> None:
    content = BankContent("demo", "示例题库", CONTENT.topics, (SINGLE_WITH_PICTURE, *CONTENT.questions[1:]))
    files = folder_files(content, PNG)
    assert set(files) == {
        "bank.yaml",
        "formal/T01.yaml",
        "formal/T02.yaml",
        "practice/T01.yaml",
        f"pictures/{SHOWN}.png",
    }
    assert f"stem: 看图 ![控制图](pictures/{SHOWN}.png)" in files["formal/T01.yaml"].decode()
    report = check_folder(tmp_path, dict(files))
    assert (report.errors, content_digest(report.content)) == (0, content_digest(content))
    assert content_digest(check_source(read_upload("a.zip", write_package(content, PNG))).content) == content_digest(
        content
    )


SHOWN = next(iter(PNG))
SINGLE_WITH_PICTURE = replace(SINGLE, stem=f"看图 ![控制图](sha256:{SHOWN})")


def test_a_picture_that_is_not_at_hand_stays_named_by_its_digest() -> None:
    content = BankContent("demo", "示例题库", CONTENT.topics, (SINGLE_WITH_PICTURE,))
    assert f"(sha256:{SHOWN})" in folder_files(content, {})["formal/T01.yaml"].decode()
