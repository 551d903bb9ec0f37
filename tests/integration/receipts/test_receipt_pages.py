"""Who gets which receipt, and what everybody may read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from quizapp.receipts.commands import receipts as group
from quizapp.receipts.routes import SCRIPT
from tests.cast import Cast
from tests.conftest import SignIn
from tests.integration.receipts.conftest import Desk


@pytest.fixture
def closed(desk: Desk, cast: Cast) -> Desk:
    """Lin's and Chen's receipts are in a day that has its root."""
    desk.answer(cast.lin)
    desk.answer(cast.chen, {1: 8, 5: 2})
    desk.record()
    desk.enter()
    desk.pass_days(1)
    desk.close()
    return desk


def address(desk: Desk) -> str:
    return f"/competitions/{desk.competition.id}/receipt"


def test_the_receipt_can_be_had_at_once_after_submitting(
    desk: Desk, cast: Cast, client: FlaskClient, sign_in: SignIn
) -> None:
    lin = sign_in(client, cast.lin)
    desk.answer(cast.lin, ends=False)
    assert lin.get(address(desk)).status_code == 404
    desk.answer(cast.lin)
    page = lin.get(address(desk))
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "private, no-store"
    first, second = lin.get(f"{address(desk)}.json"), lin.get(f"{address(desk)}.json?attempt=1")
    assert first.data == second.data
    assert json.loads(first.data)["receipt"]["competition"] == desk.competition.id
    assert f"{address(desk)}?attempt=1" in lin.get(f"/competitions/{desk.competition.id}/result").text


def test_nobody_gets_anothers_receipt(closed: Desk, cast: Cast, sign_in: SignIn) -> None:
    lin, chen, bo, jun = (
        sign_in(closed.app.test_client(), person) for person in (cast.lin, cast.chen, cast.bo, cast.jun)
    )
    own = json.loads(lin.get(f"{address(closed)}.json").data)
    others = json.loads(chen.get(f"{address(closed)}.json").data)
    assert own["receipt"]["attempt"] != others["receipt"]["attempt"]
    assert chen.get(f"{address(closed)}?attempt=2").status_code == 404
    for stranger in (bo, jun):
        for path in (address(closed), f"{address(closed)}.json", f"{address(closed)}.json?attempt=1"):
            assert stranger.get(path).status_code == 404
    assert closed.app.test_client().get(f"{address(closed)}.json").status_code == 303


def test_a_stranger_checks_with_what_is_published_alone(
    closed: Desk, cast: Cast, client: FlaskClient, sign_in: SignIn, tmp_path: Path
) -> None:
    lin = sign_in(closed.app.test_client(), cast.lin)
    downloads = {
        "receipt.json": lin.get(f"{address(closed)}.json"),
        "keys.json": client.get("/receipts/keys.json"),
        "days.json": client.get("/receipts/days.json"),
        "check.py": client.get("/receipts/check_receipt.py"),
    }
    for name, answer in downloads.items():
        assert "attachment" in answer.headers["Content-Disposition"]
        (tmp_path / name).write_bytes(answer.data)
    assert (tmp_path / "check.py").read_bytes() == SCRIPT.read_bytes()
    command = [sys.executable, "-I", "-S", "check.py", "receipt.json", "keys.json", "days.json"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert "1:A 2:B 3:A 4:AC 5:-" in run.stdout
    assert run.stdout.endswith("TRUE\n")


def test_the_page_of_days_shows_what_the_files_hold(closed: Desk, client: FlaskClient) -> None:
    page = client.get("/receipts/").text
    (day,) = json.loads(client.get("/receipts/days.json").data)["days"]
    (key,) = json.loads(client.get("/receipts/keys.json").data)["keys"]
    for shown in (day["statement"]["root"], day["signature"], day["key"], key["id"], key["public"], "2 份收据"):
        assert shown in page
    secret = (closed.app.config["QUIZ_SETTINGS"].data_dir / "signing_key").read_text()
    assert secret not in page


def test_the_key_is_made_once_and_for_its_owner_only(closed: Desk) -> None:
    path = closed.app.config["QUIZ_SETTINGS"].data_dir / "signing_key"
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_command_line_checks_receipts_and_the_ledger(
    closed: Desk, cast: Cast, sign_in: SignIn, tmp_path: Path
) -> None:
    lin = sign_in(closed.app.test_client(), cast.lin)
    path = tmp_path / "receipt.json"
    path.write_bytes(lin.get(f"{address(closed)}.json").data)
    run = closed.app.test_cli_runner().invoke
    assert run(group, ["verify", str(path)]).output.startswith("真 TRUE")
    assert run(group, ["check"]).exit_code == 0
    path.write_text(path.read_text().replace('"AC"', '"AD"'))
    refused = run(group, ["verify", str(path)])
    assert refused.exit_code == 1
    path.write_text("no receipt")
    assert run(group, ["verify", str(path)]).exit_code == 2
    assert "0 receipts entered, 0 days closed" in run(group, ["close"]).output
