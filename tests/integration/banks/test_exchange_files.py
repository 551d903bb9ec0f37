"""Moodle XML, QTI packages and zipped folders on their whole road: uploaded, published with their pictures, downloaded, compared."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from quizapp.banks.content import BankContent, content_digest, pictures_of
from quizapp.banks.formats.own.package import write_package
from quizapp.banks.models import Bank, Picture
from quizapp.banks.reading import read_upload
from quizapp.extensions import db
from tests.cast import Cast
from tests.conftest import SignIn
from tests.pictured import CHART, MARK, add_pictured_bank, pictured_content
from tests.uploads import send_as_program

pytestmark = [pytest.mark.once, pytest.mark.slow]

PNG = {picture.digest: picture.png for picture in (CHART, MARK)}
each_ending = pytest.mark.parametrize("ending", ["xml", "qti.zip", "zip"])


@pytest.fixture
def qin(client: FlaskClient, cast: Cast, sign_in: SignIn) -> FlaskClient:
    """The organizer's browser."""
    return sign_in(client, cast.qin)


def run(app: Flask, *args: object) -> Result:
    return app.test_cli_runner().invoke(args=["banks", *map(str, args)])


@each_ending
def test_a_version_with_pictures_goes_out_comes_in_elsewhere_and_is_the_same(
    app: Flask, tmp_path: Path, ending: str
) -> None:
    content: BankContent = pictured_content()
    first = tmp_path / "first.zip"
    first.write_bytes(write_package(content, PNG))
    published = run(app, "import", first, "--publish")
    assert published.exit_code == 0, published.output
    file = tmp_path / f"out.{ending}"
    exported = run(app, "export", f"{content.code}@1", file)
    assert exported.exit_code == 0, exported.output
    assert content_digest(content) in exported.stdout
    assert set(read_upload(file.name, file.read_bytes()).pictures) == pictures_of(content)
    assert run(app, "diff", f"{content.code}@1", file).exit_code == 0
    again = run(app, "import", file, "--publish")
    assert "完全相同" in again.stderr


@each_ending
def test_the_version_s_page_offers_the_file_and_an_upload_takes_it(app: Flask, qin: FlaskClient, ending: str) -> None:
    bank = add_pictured_bank(app)
    address = f"/admin/banks/versions/{bank.version_id}/content.{ending}"
    assert address in qin.get(f"/admin/banks/versions/{bank.version_id}").text
    file = qin.get(address)
    assert file.headers["Content-Disposition"].endswith(f".{ending}")
    report = send_as_program(qin, f"again.{ending}", file.data).get_json()
    assert report["questions"] == len(bank.content.questions)
    assert [each["code"] for each in report["findings"] if each["severity"] == "error"] == []


LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
HOSTILE = {
    "laughs": (f'<!DOCTYPE quiz [<!ENTITY l0 "ha">{LAUGHS}]><quiz>&l9;</quiz>'.encode(), "xml_dtd"),
    "a file of the server": (b'<!DOCTYPE q [<!ENTITY x SYSTEM "file:///etc/passwd">]><quiz>&x;</quiz>', "xml_dtd"),
    "utf-16 with a document type": ("<!DOCTYPE quiz><quiz/>".encode("utf-16"), "xml_dtd"),
    "another encoding than it says": (
        '<?xml version="1.0" encoding="UTF-8"?><quiz>质量</quiz>'.encode("gbk"),
        "xml_encoding",
    ),
    "a deep one": (b"<quiz>" * 300_000, "nested_too_deep"),
}


@pytest.mark.parametrize(("data", "code"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_xml_gets_a_sentence_in_time_and_changes_nothing(
    app: Flask, tmp_path: Path, data: bytes, code: str
) -> None:
    file = tmp_path / "a.xml"
    file.write_bytes(data)
    result = run(app, "check", file, "--json")  # past its limit of time the sandbox would say file_too_demanding
    report = json.loads(result.stdout)
    assert (result.exit_code, report["verdict"], report["findings"][0]["code"]) == (1, "reject", code)
    assert all(finding["message"] for finding in report["findings"])
    assert run(app, "import", file, "--bank", "x", "--title", "x").exit_code == 1
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Bank)) == 0
        assert db.session.scalar(select(func.count()).select_from(Picture)) == 0
