"""A whole season of simulated people, from the award that is written down before it opens to the draw, with all its files.

Everybody answers a paper of his or her own through the real grader; the recorder's process records, ends and freezes; every
step is the action that its page calls. Only the days of the notice and of the draw pass at once: they are told what day it is.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from random import Random

from sqlalchemy import insert, select

from quizapp.accounts.models import Account
from quizapp.accounts.queries import account_by_login
from quizapp.attempts.actions import day_around
from quizapp.attempts.models import Attempt
from quizapp.attempts.rules import places_of
from quizapp.awards.actions import publish_result, write_award
from quizapp.awards.composite import Composite, Tier
from quizapp.awards.queries import awards_of, content_of, last_result
from quizapp.banks.content import BankContent
from quizapp.banks.models import BankVersion
from quizapp.banks.queries import version_content
from quizapp.clock import utc_now
from quizapp.competitions.actions import create_draft, publish_competition
from quizapp.competitions.models import Competition
from quizapp.competitions.priming import prime
from quizapp.competitions.queries import blueprint_of
from quizapp.competitions.terms import Terms
from quizapp.demo.filling import Say, make_cast, publish_bank, terms_of
from quizapp.demo.people import made_up_choices, made_up_name
from quizapp.draws import actions as draws
from quizapp.draws.drawing import Prize
from quizapp.draws.queries import draws_of, file_of
from quizapp.extensions import begin_reading, db, grader
from quizapp.grader.engine import AnswerCall
from quizapp.grader.keys import shard_of
from quizapp.grader.outcomes import Outcome
from quizapp.leaderboards.actions import ask_for_freeze
from quizapp.leaderboards.models import Freezing
from quizapp.leaderboards.queries import readiness
from quizapp.leaderboards.snapshots import file_name, parts_of, snapshot_or_404
from quizapp.notices.actions import begin_notice, finalise
from quizapp.organizations.actions import create_organization
from quizapp.organizations.models import Membership
from quizapp.papers.assembly import Paper, assemble
from quizapp.papers.blueprint import Blueprint, Section
from quizapp.receipts.jobs import close_days, enter_receipts
from quizapp.receipts.ledger import closed_days, issued, key_list, signed_day
from quizapp.signing import canonical

PEOPLE, UNITS = 20_000, 300
BRANCHES = 4  # of an enterprise
AT_ONCE = 250
"""How many people begin before as many of those who have begun answer and submit."""
IN_A_CALL = 4
"""Whose answers travel together: a transaction of the recorder stays small."""
SIMULATED = Account.login.startswith("season-")
FULL_MARKS, NEVER_SUBMITS = 0.01, 0.005
STALLED_S = 300.0
_PLACES = "华岳东澜南岭齐川云启北屏江右海晏松源金陵河套沧浪苍梧长宁武陵"
PLACES = [_PLACES[at : at + 2] for at in range(0, len(_PLACES), 2)]
TRADES = [("装备", "C"), ("电力建设", "D"), ("食品", "C"), ("信息服务", "I"), ("建筑工程", "E"), ("物流", "G")]
REGIONS = ("110000", "210000", "310000", "330000", "370000", "420000", "440000", "510000", "610000")
AWARD = Composite(
    weights={"participants": 30, "coverage": 30, "mean": 20, "pass_rate": 10, "full_marks": 10},
    minimum=20,
    reference=2000,
    shrinkage=50,
    tiers=(Tier("一等奖", 5, 10), Tier("二等奖", 10, 20), Tier("三等奖", 20, 30)),
    by=("industry",),
    quotas="percent",
)
PAPER = Blueprint((Section("single", 6, 1000), Section("multiple", 2, 1000), Section("judge", 2, 1000)))
PRIZES = (
    Prize("一等奖", 10, 10_000, 10_000),
    Prize("二等奖", 50, 9000, 9999),
    Prize("三等奖", 200, 7000, 8999),
)
SOURCE = "演示用的公共数字（真实抽奖用某期彩票的开奖号码，或 drand 信标的一轮）"
CHECKS = """python3 -I check_standings.py {standings} keys.json
python3 -I check_draw.py {draw}
python3 -I check_receipt.py receipt.json keys.json days.json
quizapp leaderboards verify {audit} --keys keys.json
quizapp awards verify award.json --keys keys.json --standings {standings}
quizapp draws verify {draw} --keys keys.json --standings {standings}
quizapp receipts verify receipt.json --keys keys.json --days days.json
"""
HOW_TO_CHECK = """这一季的公布文件，以及怎样查验它们 · What was published of this season, and how to check it

人、单位和成绩都是模拟的；试卷、判分、落库、冻结、评奖和抽奖走的都是正式程序。公示和抽奖的日子没有真的等过。
People, units and results are simulated; papers, grading, recording, freezing, judging and drawing are the program's own.
The days of the notice and of the draw were not really waited for.

{standings}    名次快照（公开）：无姓名，有签名
{audit}    名次快照（监督员）：含原始作答和标准答案，可全部重算
award.json    单位评奖：办法、数据和每个单位的名次
{draw}    抽奖：名册、承诺、公共数字和中奖资格
days.json, keys.json    每日收据总账的根值，公布的公钥
receipt.json    一位参赛者的收据

前三条命令只需要 Python 3.9，不需要本程序，不联网；-I 表示不用任何别的东西。改动任何一个字，都会显示 FALSE。
The first three need Python 3.9 and nothing else, no network either. Change a letter anywhere, and they say FALSE.

{checks}"""


class SeasonError(Exception):
    """Why the season can't go on, as a sentence for people."""


# Before it opens


def prepare(password: str, say: Say, *, people: int = PEOPLE, units: int = UNITS) -> int:
    """Units with headcounts, people, an award, the plan of the draw and a competition that opens now. Returns its id. Commits."""
    chance, now = Random(2026), utc_now()
    before = now - timedelta(days=3)
    make_cast(password, before, of_units=False)
    organizer = _organizer()
    say(f"创建 {units} 个单位、{people} 人的名册…", f"Making {units} units and a roster of {people} people …")
    _make_people(_make_units(units, people, chance, before), people, chance, before)
    say("导入并发布 TQM 题库…", "Importing and publishing the TQM bank …")
    version = publish_bank(before)
    say(
        "写下评奖办法和抽奖方案，锁定应参赛人数，开赛…",
        "Writing down the award and the draw, locking headcounts, opening …",
    )
    competition = create_draft(_terms(version, now), [], actor=organizer, now=before)
    write_award(competition, None, "优秀组织奖", AWARD, actor=organizer, now=before)
    publish_competition(competition, actor=organizer, now=before)
    # Its headcounts are locked by its opening, as nobody has set another date.
    draw = draws.add_draw(competition, reason="", actor=organizer, now=before)
    draws.plan_draw(
        draw, prizes=PRIZES, exclude_staff=True, exclude_earlier="none", excluded={}, actor=organizer, now=before
    )
    db.session.commit()
    return competition.id


def _terms(version: BankVersion, now: datetime) -> Terms:
    introduction = "人人学质量，全员促改进。共 10 题，满分 100 分，限时 30 分钟，每人一次。"
    return replace(terms_of(version, now), introduction=introduction, blueprint=PAPER, attempts_total=1)


def _make_units(count: int, people: int, chance: Random, now: datetime) -> list[tuple[int, float]]:
    """Enterprises with their branches; returns the branches with their shares of the people."""
    enterprises = max(1, count // (BRANCHES + 1))
    branches: list[list[float]] = [[] for _ in range(enterprises)]
    for number in range(count - enterprises):
        branches[number % enterprises].append(chance.lognormvariate(0, 0.6))
    total = sum(map(sum, branches)) or 1.0
    found: list[tuple[int, float]] = []
    for number, weights in enumerate(branches):
        place, (trade, industry) = PLACES[number % len(PLACES)], TRADES[number // len(PLACES) % len(TRADES)]
        name = f"{place}{trade}集团" if number < len(PLACES) * len(TRADES) else f"{place}{trade}第{number}集团"
        headcounts = [5 + int(people * weight / total * chance.uniform(1.05, 1.9)) for weight in weights]
        root = create_organization(
            name,
            f"S{number:03}",
            parent=None,
            details={
                "region": chance.choice(REGIONS),
                "industry": industry,
                "is_central": number % 5 == 0,
                "headcount": sum(headcounts) + 20,
            },
            actor=None,
            now=now,
            log=False,
        )
        for at, (weight, headcount) in enumerate(zip(weights, headcounts, strict=True), start=1):
            details = {"headcount": headcount, "region": chance.choice(REGIONS)}
            code = f"S{number:03}{at:02}"
            branch = create_organization(
                f"{name}第{at}分公司", code, parent=root, details=details, actor=None, now=now, log=False
            )
            found.append((branch.id, weight))
        if not weights:
            found.append((root.id, 1.0))
    return found


def _make_people(units: list[tuple[int, float]], count: int, chance: Random, now: datetime) -> None:
    """Simulated people have no password: nobody can sign in as one."""
    rows = [
        {"login": f"season-{number:06}", "name": made_up_name(chance), "session_round": 0, "created_at": now}
        for number in range(count)
    ]
    db.session.execute(insert(Account), [{**row, "consented_at": now} for row in rows])
    ids = db.session.scalars(select(Account.id).where(SIMULATED).order_by(Account.id))
    chosen = chance.choices([unit for unit, _ in units], [weight for _, weight in units], k=count)
    db.session.execute(
        insert(Membership),
        [
            {
                "account_id": account,
                "organization_id": unit,
                "staff_number": f"{account:06}",
                "state": "confirmed",
                "joined_at": now,
                "decided_at": now,
            }
            for account, unit in zip(ids, chosen, strict=True)
        ],
    )


# While it is open


@dataclass(frozen=True, slots=True)
class _Begun:
    account: int
    paper: Paper


def take_part(competition_id: int, say: Say) -> None:
    """Everybody begins, answers and submits through the grader, in mixed order; one in two hundred forgets to submit.

    No transaction is open meanwhile: on SQLite the recorder would wait for it.
    """
    chance = Random(7)
    begin_reading()
    competition = db.session.get_one(Competition, competition_id)
    content, blueprint = version_content(competition.bank_version_id), blueprint_of(competition)
    shards, zone = competition.shards, competition.timezone
    members = select(Membership.account_id, Membership.organization_id).join(Membership.account)
    members = members.where(SIMULATED)
    people = [(row.account_id, row.organization_id) for row in db.session.execute(members)]
    db.session.rollback()
    chance.shuffle(people)
    day_ms = day_around(utc_now(), zone)
    begun: list[_Begun] = []
    done = 0
    for portion in [*(people[at : at + AT_ONCE] for at in range(0, len(people), AT_ONCE)), []]:
        for account, unit in portion:
            seed = secrets.token_hex(16)
            paper = assemble(blueprint, content, seed)
            reply = grader.start(
                competition_id,
                shards,
                account,
                organization=unit,
                seed=seed,
                places=places_of(paper, content),
                extra_ms=0,
                known_attempts=0,
                day_ms=day_ms,
            )
            if reply.code is not Outcome.STARTED:
                raise SeasonError(f"无法开始答题：{reply.code}。 An attempt can't be started: {reply.code}.")
            begun.append(_Begun(account, paper))
        chance.shuffle(begun)
        ready = len(begun) if not portion else max(0, len(begun) - 3 * AT_ONCE)
        finishing, begun = begun[:ready], begun[ready:]
        for at in range(0, len(finishing), IN_A_CALL):
            _finish(competition_id, shards, finishing[at : at + IN_A_CALL], content, chance)
        if (done + ready) // 2000 > done // 2000 or not portion:
            say(f"已交卷 {done + ready:,} / {len(people):,} 人", f"{done + ready:,} of {len(people):,} have submitted")
        done += ready


def _finish(competition: int, shards: int, people: list[_Begun], content: BankContent, chance: Random) -> None:
    """Open the attempts as their pages do, answer everything and submit."""
    by_shard: dict[int, list[AnswerCall]] = {}
    for each in people:
        opened = grader.open(competition, shards, each.account, 1).attempt
        if opened is None:
            raise SeasonError("答卷打不开了。 An attempt can't be opened any more.")
        skill = 1.0 if chance.random() < FULL_MARKS else min(0.95, max(0.3, chance.gauss(0.68, 0.12)))
        choices = made_up_choices(chance, skill=skill, paper=each.paper, content=content)
        answers = [(position, chosen, position) for position, chosen in choices]
        call = AnswerCall(each.account, 1, opened.epoch, answers)
        by_shard.setdefault(shard_of(each.account, shards), []).append(call)
    for shard, calls in by_shard.items():
        for reply in grader.answer(competition, shard, calls):
            if any(outcome.outcome is not Outcome.SAVED for outcome in reply.outcomes):
                raise SeasonError("有答案没有保存。 An answer was not saved.")
        for call in calls:
            if chance.random() >= NEVER_SUBMITS:
                grader.submit(competition, shard, call.account, call.ordinal, call.epoch)


# When it is over


def close(competition_id: int) -> None:
    """Bring the close forward, which no page can: waiting for it would take ninety days. Commits."""
    db.session.rollback()
    competition = db.session.get_one(Competition, competition_id)
    competition.closes_at = utc_now()
    db.session.commit()
    prime(competition)
    db.session.rollback()


def wait_until_recorded(competition_id: int, say: Say) -> None:
    """Wait until the recorder's process has recorded and ended everything. Raises SeasonError."""

    def left() -> int:
        state = readiness(db.session.get_one(Competition, competition_id), utc_now())
        if state.unrecordable:
            raise SeasonError(
                "有记录无法落库：quizapp unrecordable list。 Something can't be recorded: see that command."
            )
        return 0 if state.ok else state.waiting + state.pending + state.open_attempts

    for waiting in _until_zero(left):
        say(f"等待落库：{waiting:,} 条", f"Waiting for the recorder: {waiting:,} entries")


def freeze(competition_id: int, say: Say) -> None:
    """Ask for the freeze and wait until the recorder's process has made it. Raises SeasonError."""
    ask_for_freeze(db.session.get_one(Competition, competition_id), actor=_organizer(), now=utc_now())
    db.session.commit()

    def left() -> int:
        row = db.session.get(Freezing, competition_id)
        if row is not None and row.failure:
            raise SeasonError(f"没有冻成：{row.failure}。 It could not be frozen: {row.failure}.")
        return 0 if row is None else max(1, (row.total or 1) - row.done)

    for waiting in _until_zero(left):
        say(f"正在冻结，还有 {waiting:,} 人", f"Freezing, {waiting:,} people to go")


def _until_zero(left: Callable[[], int]) -> Iterator[int]:
    """How much is left each time that it has become less by much. Raises SeasonError if nothing moves any more."""
    last, told, moved_s = -1, 0, time.monotonic()
    while True:
        db.session.rollback()
        begin_reading()
        now = left()
        db.session.rollback()
        if not now:
            return
        if now != last:
            last, moved_s = now, time.monotonic()
        elif time.monotonic() - moved_s > STALLED_S:
            raise SeasonError(
                "落库进程没有动静，请看 log/recorder.log。 The recorder does nothing: see log/recorder.log."
            )
        if not told or now < told * 0.8:
            told = now
            yield now
        time.sleep(0.2)


def conclude(competition_id: int, say: Say) -> None:
    """The notice, the award, the final standings and the draw, each on a day of its own. Commits after each."""
    organizer = _organizer()
    competition = db.session.get_one(Competition, competition_id)
    now = utc_now()
    say("公示五个工作日，评奖…", "A public notice of five working days; the award is judged …")
    # The last day counts only where the year's holidays are not known.
    notice = begin_notice(competition_id, last_day=(now + timedelta(days=14)).date(), actor=organizer, now=now)
    for award in awards_of(competition):
        publish_result(award, actor=organizer, now=now)
    db.session.commit()
    now = notice.ends_at + timedelta(hours=9)
    finalise(competition_id, actor=organizer, now=now)
    db.session.commit()
    say("名次确定，冻结抽奖名册，先作承诺…", "The standings are final; the roll is frozen, and the operator commits …")
    (draw,) = draws_of(competition)
    secret = secrets.token_hex(32)
    draws.freeze_roll(competition, draw, actor=organizer, now=now)
    happens_at = now + timedelta(days=1)
    draws.name_commitment(
        draw,
        secret=secret,
        source=SOURCE,
        happens_at=happens_at,
        open_by=happens_at + timedelta(days=1),
        actor=organizer,
        now=now,
    )
    db.session.commit()
    say("公共数字已产生，公开密语，开奖…", "The public number has come; the commitment is opened, and it is drawn …")
    number = "".join(secrets.choice("0123456789") for _ in range(7))
    draws.draw_by_secret(
        draw, secret=secret, public_number=number, actor=organizer, now=happens_at + timedelta(minutes=1)
    )
    db.session.commit()
    say("收据登记入账，公布当日总账的根值…", "Receipts are entered, and the root of their day is published …")
    enter_receipts()  # the recorder's process does so too, more slowly
    close_days(now=utc_now() + timedelta(days=1))


def _organizer() -> Account:
    organizer = account_by_login("organizer")
    assert organizer is not None
    return organizer


# What is published


def write_files(competition_id: int, folder: Path) -> list[str]:
    """Write everything that the site publishes of the season, the auditors' file and the scripts. Returns the commands that check it.

    No transaction is open afterwards: the program, which is stopped next, would wait for its end on SQLite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    begin_reading()
    competition = db.session.get_one(Competition, competition_id)
    snapshot = snapshot_or_404(competition)
    names = {"standings": file_name(snapshot, "public"), "audit": file_name(snapshot, "audit")}
    for file, name in (("public", names["standings"]), ("audit", names["audit"])):
        with (folder / name).open("wb") as content:
            content.writelines(parts_of(snapshot, file))
    (award,) = awards_of(competition)
    result = last_result(award)
    assert result is not None
    _write(folder / "award.json", {"award": content_of(result), "key": result.key, "signature": result.signature})
    (draw,) = draws_of(competition)
    names["draw"] = f"draw-{competition_id}-{draw.number}.json"
    _write(folder / names["draw"], file_of(draw))
    _write(folder / "keys.json", {"keys": key_list()})
    _write(folder / "days.json", {"days": [signed_day(day) for day in reversed(closed_days())]})
    somebody = db.session.scalars(select(Attempt.account_id).where(Attempt.competition_id == competition_id)).first()
    _write(folder / "receipt.json", issued(competition, somebody or 0, 1).file())
    for feature, script in (
        ("leaderboards", "check_standings.py"),
        ("draws", "check_draw.py"),
        ("receipts", "check_receipt.py"),
    ):
        (folder / script).write_bytes(files(f"quizapp.{feature}").joinpath(script).read_bytes())
    checks = CHECKS.format(**names)
    (folder / "HOW_TO_CHECK.txt").write_text(HOW_TO_CHECK.format(**names, checks=checks), encoding="utf-8")
    db.session.rollback()
    return checks.splitlines()


def _write(path: Path, value: object) -> None:
    path.write_bytes(canonical(value) + b"\n")
