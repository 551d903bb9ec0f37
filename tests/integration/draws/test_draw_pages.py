"""The organizer's pages bring a draw from step to step; a stranger and a participant see what is known when."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from quizapp.accounts.models import Account
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.draws import fetching, pages, routes
from quizapp.draws.commands import draws as group
from quizapp.draws.models import DrawEntry, DrawWinner
from quizapp.draws.routes import SCRIPT
from quizapp.extensions import db
from quizapp.leaderboards.models import Freeze, Standing
from quizapp.notices.consent import choose_consent
from tests.cast import Cast, Person
from tests.conftest import SignIn
from tests.integration.draws.conftest import AT, ROUND, SECRET, Urn
from tests.integration.leaderboards.stage import Stage
from tests.unit.draws.test_the_beacon import RANDOMNESS, SIGNED

PLAN = {
    "prizes-0-name": "一等奖",
    "prizes-0-quota": "2",
    "prizes-0-low": "100",
    "prizes-0-high": "100",
    "prizes-1-name": "二等奖",
    "prizes-1-quota": "3",
    "prizes-1-low": "95",
    "prizes-1-high": "99.99",
    "prizes-2-name": "",
    "prizes-2-quota": "",
    "prizes-2-low": "",
    "prizes-2-high": "",
    "exclude_staff": "y",
    "exclude_earlier": "competition",
    "excluded": "",
}


@pytest.fixture
def qin(client: FlaskClient, cast: Cast, sign_in: SignIn) -> FlaskClient:
    return sign_in(client, cast.qin)


def person_with(urn: Urn, *, won: bool) -> Person:
    with urn.app.app_context():
        accounts = dict(db.session.execute(select(DrawEntry.account_id, DrawEntry.entry)).all())
        winners = set(db.session.scalars(select(DrawWinner.entry)))
    return next(person for person in urn.people if (accounts[person.id] in winners) is won)


def test_from_the_plan_to_the_prizes_by_the_pages(urn: Urn, qin: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    made = qin.post(f"{urn.admin}/")
    assert made.location == f"{urn.admin}/1/plan"
    wrong = qin.post(f"{urn.admin}/1/plan", data={**PLAN, "prizes-0-low": "101", "excluded": "nobody 其他原因"})
    assert wrong.status_code == 422
    assert "没有找到这些登录名：nobody" in wrong.text
    assert qin.post(f"{urn.admin}/1/plan", data={**PLAN, "prizes-0-low": "101"}).status_code == 422
    assert (
        qin.post(f"{urn.admin}/1/plan", data={**PLAN, "excluded": f"{urn.people[9].login}，答卷作废"}).status_code
        == 302
    )
    page = qin.get(f"{urn.admin}/1").text
    assert "4 人" in page  # with full marks, for two places
    assert "冻结名册" in page
    assert "答卷作废" in qin.get(f"{urn.admin}/1/freeze").text
    assert qin.post(f"{urn.admin}/1/freeze").status_code == 422
    assert qin.get(f"{urn.path}/1").status_code == 404
    urn.freeze()  # when the genuine round was still to come
    stranger = urn.app.test_client()
    digest = urn.row().digest or ""
    assert digest in stranger.get(f"{urn.path}/1").text
    assert qin.post(f"{urn.admin}/1/beacon", data={"moment": "2023-08-23 10:00"}).status_code == 422
    urn.name()
    assert f"第 {ROUND} 轮" in stranger.get(f"{urn.path}/1").text
    for wrong_round in ("{}", json.dumps({"round": 1001, "signature": SIGNED[1001]})):
        assert qin.post(f"{urn.admin}/1/draw", data={"round": wrong_round}).status_code == 422
    jun = sign_in(urn.app.test_client(), cast.jun)
    given = json.dumps({"round": ROUND, "randomness": RANDOMNESS[ROUND], "signature": SIGNED[ROUND]})
    assert jun.post(f"{urn.admin}/1/draw", data={"round": given}).status_code == 403
    assert qin.post(f"{urn.admin}/1/draw", data={"round": given}).status_code == 302
    assert qin.post(f"{urn.admin}/1/draw", data={"round": given}).status_code == 409
    shown = stranger.get(f"{urn.path}/1").text
    assert RANDOMNESS[ROUND] in shown
    assert all(entry in shown for won in urn.file()["draw"]["winners"] for entry in won)


@pytest.mark.once
def test_a_commitment_by_the_pages(urn: Urn, qin: FlaskClient) -> None:
    urn.bring_to("planned")
    assert qin.post(f"{urn.admin}/1/freeze", data={"sure": "y"}).status_code == 302
    fields = {"source": "双色球", "happens_at": "2099-01-02 21:15", "open_by": "2099-01-05 12:00", "secret": SECRET}
    assert qin.post(f"{urn.admin}/1/commitment", data=fields).status_code == 422  # the secret is not said to be kept
    assert qin.post(f"{urn.admin}/1/commitment", data={**fields, "kept": "y", "secret": "short"}).status_code == 422
    earlier = {**fields, "kept": "y", "open_by": "2099-01-02 21:15"}
    assert qin.post(f"{urn.admin}/1/commitment", data=earlier).status_code == 422
    assert qin.post(f"{urn.admin}/1/commitment", data={**fields, "kept": "y"}).status_code == 302
    public = urn.app.test_client().get(f"{urn.path}/1").text
    assert (urn.row().commitment or "-") in public
    assert SECRET not in public
    assert qin.get(f"{urn.admin}/1/draw").status_code == 409  # not before its time


@pytest.mark.once
def test_names_are_masked_but_for_those_who_may_know_them(urn: Urn, qin: FlaskClient, sign_in: SignIn) -> None:
    urn.bring_to("drawn")
    winner, loser = person_with(urn, won=True), person_with(urn, won=False)
    public = urn.app.test_client().get(f"{urn.path}/1").text
    assert "张*" in public
    assert not [person for person in urn.people if person.name in public]
    assert winner.name in qin.get(f"{urn.path}/1").text
    own = sign_in(urn.app.test_client(), winner).get(f"{urn.path}/1")
    assert "恭喜，您获得" in own.text
    assert own.headers["Cache-Control"] == "private, no-store"
    assert "这次没有中奖" in sign_in(urn.app.test_client(), loser).get(f"{urn.path}/1").text
    hall = urn.app.test_client().get(f"{urn.path}/1/hall").text
    assert not [person for person in urn.people if person.name in hall]


@pytest.mark.once
def test_a_stranger_checks_with_what_is_published_alone(urn: Urn, tmp_path: Path, cast: Cast) -> None:
    urn.bring_to("drawn")
    stranger = urn.app.test_client()
    for name, path in (
        ("draw.json", f"{urn.path}/1/draw.json"),
        ("keys.json", "/receipts/keys.json"),
        ("check.py", "/draws/check_draw.py"),
    ):
        answer = stranger.get(path)
        assert "attachment" in answer.headers["Content-Disposition"]
        (tmp_path / name).write_bytes(answer.data)
    assert (tmp_path / "check.py").read_bytes() == SCRIPT.read_bytes()
    run = subprocess.run(
        [sys.executable, "-I", "-S", "check.py", "draw.json"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("TRUE\n")
    runner = urn.app.test_cli_runner()
    verify = ["verify", str(tmp_path / "draw.json")]
    for arguments in (verify, [*verify, "--keys", str(tmp_path / "keys.json")]):
        found = runner.invoke(group, arguments)
        assert found.exit_code == 0, found.output
        assert "真 TRUE" in found.output
    whole = (tmp_path / "draw.json").read_text()
    (tmp_path / "draw.json").write_text(whole.replace('"winners":', '"winners":[],"winners":', 1))
    read_in_two_ways = runner.invoke(group, verify)
    assert read_in_two_ways.exit_code == 2, read_in_two_ways.output
    file = json.loads(whole)
    file["draw"]["winners"][0].reverse()
    (tmp_path / "draw.json").write_text(json.dumps(file))
    altered = runner.invoke(group, verify)
    assert altered.exit_code == 1
    assert "假 FALSE" in altered.output
    (tmp_path / "draw.json").write_text("{")
    assert runner.invoke(group, verify).exit_code == 2


@pytest.mark.once
def test_another_draw_by_the_pages(urn: Urn, qin: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    urn.bring_to("drawn")
    assert qin.post(f"{urn.admin}/", data={"reason": " "}).status_code == 422
    assert qin.post(f"{urn.admin}/", data={"reason": "漏了一个单位"}).status_code == 302
    assert qin.post(f"{urn.admin}/2/plan", data=PLAN).status_code == 302
    assert qin.post(f"{urn.admin}/2/approve").status_code == 409
    assert qin.post(f"{urn.admin}/2/freeze", data={"sure": "y"}).status_code == 409
    ada = sign_in(urn.app.test_client(), cast.ada)
    assert "同意再次抽奖" in ada.get(f"{urn.admin}/2").text
    assert ada.post(f"{urn.admin}/2/approve").status_code == 302
    assert urn.app.test_client().get(f"{urn.path}/2").status_code == 404
    assert "第 2 次" not in urn.app.test_client().get(f"{urn.path}/").text


@pytest.mark.once
def test_the_borders_are_seen_before_the_freeze_too(urn: Urn, qin: FlaskClient) -> None:
    urn.add(now=AT - timedelta(hours=4))
    page = qin.get(f"{urn.admin}/1/plan").text
    assert "最高的分数" in page
    assert "100" in page


class Beacon(BaseHTTPRequestHandler):
    """A server of the beacon with one round."""

    signature = SIGNED[ROUND]

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"round": ROUND, "signature": self.signature}).encode())

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""


class Forger(Beacon):
    """One that gives another round's signature as this one's."""

    signature = next(signed for number, signed in SIGNED.items() if number != ROUND)


@contextmanager
def serving(handler: type[Beacon], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        monkeypatch.setattr(fetching, "address_of", lambda number: f"http://127.0.0.1:{server.server_port}/{number}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.mark.once
def test_the_command_fetches_the_round_checks_it_and_draws(urn: Urn, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(*options: str) -> tuple[int, str]:
        called = urn.app.test_cli_runner().invoke(args=["draws", "fetch", str(urn.id), *options])
        return called.exit_code, called.output

    assert fetch()[0] == 1  # there is none
    urn.bring_to("frozen")
    assert "还没有公布随机源" in fetch()[1]
    urn.name()
    assert fetch("--draw", "2")[0] == 1
    monkeypatch.setattr(fetching, "address_of", lambda number: f"http://127.0.0.1:9/{number}")
    status, said = fetch()
    assert (status, "可能没有联网" in said) == (1, True)
    with serving(Forger, monkeypatch):
        status, said = fetch()
    assert (status, "签名不对" in said) == (1, True)
    assert urn.row().drawn_at is None
    with serving(Beacon, monkeypatch):
        assert fetch()[0] == 0
    assert urn.row().beacon_signature == SIGNED[ROUND]
    assert "已经开奖" in fetch()[1]


@pytest.mark.once
def test_the_server_fetches_the_round_or_says_that_it_can_not(
    urn: Urn, qin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    urn.bring_to("named")
    with serving(Beacon, monkeypatch):
        assert qin.post(f"{urn.admin}/1/fetch").status_code == 302
    assert urn.row().beacon_signature == SIGNED[ROUND]


@pytest.mark.once
def test_a_server_without_network_says_so_and_draws_nothing(
    urn: Urn, qin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    urn.bring_to("named")
    monkeypatch.setattr(fetching, "address_of", lambda number: f"http://127.0.0.1:9/{number}")
    answer = qin.post(f"{urn.admin}/1/fetch")
    assert answer.status_code == 503
    assert "服务器取不到这一轮" in answer.text
    assert urn.row().drawn_at is None


@pytest.mark.once
def test_who_may_not_see_the_boards_reads_entries_and_no_names(urn: Urn, cast: Cast, sign_in: SignIn) -> None:
    urn.bring_to("drawn")
    stage = Stage(urn.app, urn.id)
    strangers = urn.app.test_client(), sign_in(urn.app.test_client(), cast.chen)
    for boards, readers in (("off", strangers), ("members", strangers[:1])):
        stage.set(boards=boards)
        for reader in readers:
            for page in ("1", "1/hall"):
                text = reader.get(f"{urn.path}/{page}").text
                assert "张*" not in text
                assert urn.file()["draw"]["winners"][0][0] in text
            assert reader.get(f"{urn.path}/1/draw.json").status_code == 200  # anybody may check
    assert "张*" in strangers[1].get(f"{urn.path}/1").text


@pytest.mark.once
def test_nobody_of_a_small_unit_is_named_but_by_consent(urn: Urn, cast: Cast) -> None:
    urn.bring_to("drawn")
    winner = person_with(urn, won=True)
    unit = cast.unit_b.id
    with urn.app.app_context():
        paths = {cast.group.id: f"{cast.group.id}", unit: f"{cast.group.id}/{unit}"}
        for place, (each, path) in enumerate(paths.items(), start=1):
            row = Standing(competition_id=urn.id, board="units", place=place, rank=0, subject=str(each), name="乙厂")
            row.organization_id, row.figures = each, {"participants": 4, "path": path}
            db.session.add(row)
        freeze = db.session.get_one(Freeze, urn.id)
        freeze.summary = {**freeze.summary, "minimum": 5}
        freeze.digest = "1" * 64
        db.session.commit()
    public = urn.app.test_client()
    page = public.get(f"{urn.path}/1").text
    assert "张*" not in page
    assert "乙厂" not in page
    assert "名次又作了更正" in page  # the standings are others than those of the roll
    with urn.app.app_context():
        competition, account = db.session.get_one(Competition, urn.id), db.session.get_one(Account, winner.id)
        choose_consent(competition, account, named=True, now=utc_now())
        db.session.commit()
    page = public.get(f"{urn.path}/1").text
    assert winner.name in page
    assert "乙厂" not in page


@pytest.mark.once
def test_many_winners_come_a_page_at_a_time(urn: Urn, qin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    urn.bring_to("drawn")
    monkeypatch.setattr(pages, "WINNERS_A_PAGE", 2)
    monkeypatch.setattr(routes, "HALL_WINNERS", 2)
    entries = urn.file()["draw"]["winners"]
    assert [len(each) for each in entries] == [2, 3, 4]

    def shown(address: str) -> set[str]:
        text = urn.app.test_client().get(f"{urn.path}/1{address}").text
        return {entry for each in entries for entry in each if entry in text}

    first = {entry for each in entries for entry in each[:2]}
    assert shown("") == shown("?prize=7&page=-3") == shown("?prize=x&page=99999999999999999999") == first
    assert shown("?prize=3&page=2") == (first - set(entries[2])) | set(entries[2][2:])
    assert shown("?prize=3&page=2") == shown("?prize=3&page=3")
    assert shown("/hall") == first
    assert "?prize=3&amp;page=2#won-3" in qin.get(f"{urn.admin}/1").text
