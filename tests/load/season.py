"""A season's tables and boards at their size: how large, how quick, beside each other. `--help` has the sizes.

On a PostgreSQL and a store of its own it makes units in three levels, people with an attempt and a result each, the
responses of some of them, and frozen standings, all by SQL in the order of chance; then it measures by the program's own
code: the recorder at the size that the tables have reached, a rebuild of the boards, a pass of the refresher, and each
question that a page asks a board, live and frozen. It asserts nothing about time; it fails if one answer is not recorded.

Figures are CPU microseconds of the processes involved: they hold better than times on a machine that does other things.
"""

import argparse
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from redis import Redis
from sqlalchemy import insert, text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from quizapp.attempts.recorder import Recorder
from quizapp.clock import to_ms, utc_now
from quizapp.competitions.models import Competition
from quizapp.extensions import db, grader
from quizapp.grader.keys import ShardKeys
from quizapp.grader.stream import Answered, Finished, Record, Started, encode
from quizapp.installation.store import SOCKET, start_store, stop_store, wait_until_ready
from quizapp.leaderboards import sources
from quizapp.leaderboards.boards import Board
from quizapp.leaderboards.figures import Figures, Order, figures_of_groups
from quizapp.leaderboards.frozen import FrozenBoard
from quizapp.leaderboards.live import LiveBoard
from quizapp.leaderboards.models import Freeze, GroupPlace, Standing, UnitPlaces
from quizapp.leaderboards.queries import my_place, named_rows, unit_names
from quizapp.leaderboards.refresh import Refresher
from quizapp.leaderboards.snapshot_lines import standing_groups
from quizapp.leaderboards.standings import PlacesOfUnits, group_places
from tests.load.installation import Installation
from tests.postgres_server import PostgresServer

QUESTIONS = 25
TOPS, MIDDLES = 32, 24  # units of the first level, and below each of them
MINIMUM = 5
TOGETHER = 500  # people who answer at the same time
EACH = 100  # how often each question is asked
REGIONS = ("110000", "310000", "440000", "510000")

UNITS = """INSERT INTO organization (id, parent_id, path, name, code, join_code, region, is_central, headcount, created_at)"""
PEOPLE = """INSERT INTO account (id, login, name, session_round, created_at)
    SELECT n, 'season-' || n, '参赛者' || n, 0, now() FROM generate_series(:first, :last) n"""
ATTEMPTS = """INSERT INTO attempt (competition_id, account_id, ordinal, organization_id, seed, started_ms, extra_ms, shift_ms,
        submitted_ms, used_ms, ended_by, score, right_count, points, receipted)
    SELECT :competition, n, 1, :leaf + n % :leaves, md5(n::text), :now - used, 0, 0, :now + n % 1000000000, used, 'person',
        400 * rights, rights, (SELECT json_agg(400 * (p <= rights)::int) FROM generate_series(1, 25) p), true
    FROM (SELECT n, (60000 + 1140000 * random())::int used, (25 * (1 - random() ^ 3))::int rights
        FROM generate_series(:first, :last) n ORDER BY hashint8(n)) people"""
# A result each 0.1 s: a pass of the refresher reads the last ten seconds again, and rows of one moment would be all of them.
RESULTS = """INSERT INTO result (competition_id, account_id, ordinal, organization_id, score, right_count, used_ms,
        submitted_ms, full_marks, passed, change)
    SELECT competition_id, account_id, ordinal, organization_id, score, right_count, used_ms, submitted_ms,
        (score = 10000)::int, (score >= 6000)::int, 100 * account_id FROM attempt WHERE competition_id = :competition"""
# Without attempts: all that live boards are made of, in a fifth of the time.
RESULTS_ALONE = """INSERT INTO result (competition_id, account_id, ordinal, organization_id, score, right_count, used_ms,
        submitted_ms, full_marks, passed, change)
    SELECT :competition, n, 1, :leaf + n % :leaves, 400 * rights, rights, used, :now + n % 1000000000, (rights = 25)::int,
        (rights >= 15)::int, 100::bigint * n
    FROM (SELECT n, (60000 + 1140000 * random())::int used, (25 * (1 - random() ^ 3))::int rights
        FROM generate_series(:first, :last) n) people"""
TALLIES = """INSERT INTO tally (competition_id, organization_id, started, participants, score_sum, used_ms_sum, full_marks,
        passed, change)
    SELECT competition_id, organization_id, count(*), count(*), sum(score), sum(used_ms), sum(full_marks), sum(passed), max(change)
    FROM result WHERE competition_id = :competition GROUP BY 1, 2"""
RESPONSES = """INSERT INTO response (competition_id, account_id, ordinal, position, chosen, epoch, sequence, answered_ms)
    SELECT :competition, n, 1, p, 1 << (n + p)::int % 4, 1, p, :now + n % 1000000000 FROM
        (SELECT n FROM generate_series(:first, :last) n ORDER BY hashint8(n)) people, generate_series(1, 25) p"""
STANDINGS = """INSERT INTO standing (competition_id, board, place, rank, subject, organization_id, figures, name)
    SELECT competition_id, 'people', row_number() OVER placed, rank() OVER ranked, account_id, organization_id,
        json_build_object('score', score, 'used_ms', used_ms, 'submitted_ms', submitted_ms), '参赛者' || account_id
    FROM result WHERE competition_id = :competition
    WINDOW ranked AS (ORDER BY score DESC, used_ms, submitted_ms),
        placed AS (ORDER BY score DESC, used_ms, submitted_ms, account_id)"""


def say(line: str) -> None:
    print(line, flush=True)


@dataclass
class Season:
    """What is filled: people have the ids 1 to `people`, leaves of the tree those from `leaf` on."""

    site: Installation
    server: PostgresServer
    store: Redis
    people: int
    units: int
    competition: int = 0
    leaf: int = 0

    @property
    def leaves(self) -> int:
        return self.units - TOPS - TOPS * MIDDLES

    # Filling

    def prepare(self) -> None:
        """Units, people, and a competition that the recorder has looked at."""
        self.site.prepare(1, questions=QUESTIONS)
        self.competition = self.site.competition
        top, middle = 1000, 1000 + TOPS
        self.leaf = middle + TOPS * MIDDLES
        levels = (
            (
                top,
                TOPS,
                "NULL::bigint",
                "'/' || n || '/'",
                f"(ARRAY{list(REGIONS)})[1 + n % {len(REGIONS)}]",
                "NULL::int",
            ),
            (middle, TOPS * MIDDLES, "above", "'/' || above || '/' || n || '/'", "NULL", "NULL"),
            (self.leaf, self.leaves, "above", "'/' || root || '/' || above || '/' || n || '/'", "NULL", "1000"),
        )
        for first, count, parent, path, region, headcount in levels:
            above, wide = (top, TOPS) if first == middle else (middle, TOPS * MIDDLES)
            self.run(
                f"{UNITS} SELECT n, {parent}, {path}, '单位' || n, 'S' || n, 'SJ' || n, {region}, false, {headcount}, now() "
                f"FROM (SELECT n, {above} + n % {wide} above, {top} + ({above} + n % {wide}) % {TOPS} root "
                f"FROM generate_series({first}, {first + count - 1}) n) units"
            )
        self.run("DELETE FROM account WHERE login = 'load-0'")
        self.run("SELECT setval(pg_get_serial_sequence('account', 'id'), 1000000000)")

    def fill(self, answered: int | None) -> None:
        """Attempts and results of all, the responses of the first `answered`; None: results alone."""
        now = to_ms(utc_now())
        people, tallies = ("people", PEOPLE, self.people), ("tallies", TALLIES, self.people)
        attempts, results = ("attempts", ATTEMPTS, self.people), ("results", RESULTS, self.people)
        if answered is None:
            steps = [people, ("results", RESULTS_ALONE, self.people), tallies]
        else:
            steps = [people, attempts, results, tallies, ("responses", RESPONSES, answered)]
        for name, statement, last in steps:
            begun = time.monotonic()
            step = 1_000_000 if ":first" in statement else last
            for first in range(1, last + 1, step):
                self.run(
                    statement,
                    competition=self.competition,
                    first=first,
                    last=min(first + step - 1, last),
                    leaf=self.leaf,
                    leaves=self.leaves,
                    now=now,
                )
            say(f"  {name}: {time.monotonic() - begun:.0f} s")
        self.server.run("CHECKPOINT")
        with self.site.app.app_context():
            db.engine.dispose()
        with self.site.app.app_context(), db.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))

    def run(self, statement: str, **values: int) -> None:
        """Run it without foreign keys: the rows are of our own making, and a season of checks is not what is measured."""
        with self.site.app.app_context(), db.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for name, value in values.items():
                statement = re.sub(rf":{name}\b", str(value), statement)
            connection.execute(text(statement))

    def freeze(self) -> None:
        """Frozen standings beside the live boards, which stay: both are asked the same."""
        self.run(STANDINGS, competition=self.competition)
        with self.site.app.app_context(), sources.reading() as connection:
            tree = sources.read_tree(connection, self.competition)
            figures = figures_of_groups(tree, sources.read_tallies(connection, self.competition)[0])
            lines = {unit: tree.line(int(unit)) for unit in figures["units"]}
            paths = {unit: "/".join(map(str, line)) for unit, line in lines.items()}
            rows = [
                {
                    "competition_id": self.competition,
                    "board": row.board,
                    "place": row.place,
                    "rank": row.rank,
                    "subject": row.subject,
                    "organization_id": row.organization_id,
                    "figures": row.figures,
                    "name": f"单位{row.subject}" if row.board == "units" else None,
                }
                for row in standing_groups(figures, MINIMUM, paths)
            ]
            scores = "SELECT score, count(*) FROM result WHERE competition_id = :of GROUP BY score"
            counts = {str(score): count for score, count in connection.execute(text(scores), {"of": self.competition})}
            of = {"competition_id": self.competition}
            db.session.execute(insert(Standing), rows)
            db.session.execute(insert(GroupPlace), [{**of, **row} for row in group_places(figures, lines, MINIMUM)])
            stand = "SELECT place, organization_id FROM standing WHERE board = 'people' ORDER BY place"
            places = PlacesOfUnits()
            for place, unit in connection.execute(text(stand), execution_options={"yield_per": sources.CHUNK}):
                for portion in places.add(place, tree.line(unit)):
                    db.session.execute(insert(UnitPlaces), {**of, **portion})
            db.session.execute(insert(UnitPlaces), [{**of, **portion} for portion in places.end()])
            total = sum((figures["units"][unit] for unit, line in lines.items() if len(line) == 1), Figures())
            summary = {
                "tie_keys": "score,time,earlier",
                "minimum": MINIMUM,
                "participants": self.people,
                "scores": counts,
            }
            db.session.add(
                Freeze(
                    competition_id=self.competition,
                    frozen_at=utc_now(),
                    digest="0" * 64,
                    summary={**summary, "total": total.to_json()},
                )
            )
            db.session.commit()
        with self.site.app.app_context(), db.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(
                text("VACUUM ANALYZE standing, group_place, unit_places")
            )

    # Measuring

    def cpu(self) -> tuple[float, float, float]:
        """CPU seconds of this process, of PostgreSQL and of the store."""
        used = cast(dict[str, Any], self.store.info("cpu"))
        return time.process_time(), self.server.cpu_s(), used["used_cpu_sys"] + used["used_cpu_user"]

    def store_bytes(self) -> int:
        return int(cast(dict[str, Any], self.store.info("memory"))["used_memory"])

    @contextmanager
    def costing(self, name: str, each: int, unit: str) -> Iterator[dict[str, float]]:
        """Say what is used inside, in CPU microseconds, shared among `each`."""
        begun, before = time.monotonic(), self.cpu()
        found: dict[str, float] = {}
        yield found
        elapsed, after = time.monotonic() - begun, self.cpu()
        own, sql, store = ((new - old) / each * 1e6 for old, new in zip(before, after, strict=True))
        found |= {"own": own, "sql": sql, "store": store, "elapsed": elapsed / each * 1e6}
        say(
            f"{name}: CPU µs a {unit}: program {own:,.1f}, PostgreSQL {sql:,.1f}, store {store:,.1f}; {elapsed:.1f} s in all"
        )

    def sizes(self) -> None:
        """What tables and indexes take, a row."""
        rows = """SELECT relid::regclass::text, reltuples::bigint, pg_relation_size(relid), pg_indexes_size(relid)
            FROM pg_stat_user_tables JOIN pg_class ON pg_class.oid = relid WHERE reltuples > 10000 ORDER BY 3 DESC"""
        with self.site.app.app_context():
            for name, count, heap, index in db.session.execute(text(rows)):
                say(
                    f"{name}: {count:,} rows, {heap / count:.0f} B a row and {index / count:.0f} B of indexes, "
                    f"{(heap + index) / 1e9:.2f} GB"
                )

    def wal(self) -> int:
        with self.site.app.app_context():
            return int(db.session.scalar(text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")) or 0)

    def record(self, people: int, answers_an_entry: int) -> None:
        """Let the recorder bring whole attempts in, of people who answer at the same time."""
        first = self.recorded
        self.recorded += people
        self.run(PEOPLE, first=first, last=first + people - 1)
        ids = list(range(first, first + people))
        random.Random(first).shuffle(ids)
        stream = ShardKeys(self.competition, 0).stream
        kinds = {"start": people, "answer": people * QUESTIONS, "submit": people}
        used = {kind: [0.0] * 4 for kind in kinds}
        wal, memory = self.wal(), memory_of_this()
        with closing(Recorder(self.site.app, "season")) as recorder:
            recorder.look_around()
            for start in range(0, people, TOGETHER):
                crowd = entries_of(ids[start : start + TOGETHER], self.leaf, answers_an_entry, min(1000, self.leaves))
                for kind, entries in crowd.items():
                    publish(self.store, stream, entries)
                    before = (*self.cpu(), time.monotonic())
                    while recorder.take():
                        pass
                    after = (*self.cpu(), time.monotonic())
                    used[kind] = [held + new - old for held, old, new in zip(used[kind], before, after, strict=True)]
        with self.site.app.app_context():
            rows = "SELECT count(*) FROM response WHERE competition_id = :of AND account_id >= :first"
            held = db.session.scalar(text(rows), {"of": self.competition, "first": first})
        assert held == kinds["answer"], f"{kinds['answer']} answered, {held} recorded"
        for kind, count in kinds.items():
            own, sql, store, elapsed = (value / count * 1e6 for value in used[kind])
            say(
                f"recorder, {answers_an_entry} answers an entry, CPU µs {kind}: recorder {own:.1f}, PostgreSQL {sql:.1f}, "
                f"store {store:.1f}; {elapsed:.1f} µs by the clock"
            )
        say(
            f"    WAL {(self.wal() - wal) / kinds['answer']:.0f} B an answer with its share of the rest; memory of the "
            f"recorder {memory / 1e6:.0f} → {memory_of_this() / 1e6:.0f} MB"
        )

    recorded: int = 100_000_000

    def ask(self, name: str, board_now: Callable[[], Board]) -> None:
        """What pages ask a board, each `EACH` times with another person, place or unit, the board's own reads included."""
        chance = random.Random(5)
        people, leaves, all_units = self.people, self.leaves, self.units - 100
        questions: dict[str, Callable[[Board], object]] = {
            "for comparison, one round trip to the store": lambda board: grader.store.ping(),
            "top 100": lambda board: named_rows(board, board.people(0, 100), MINIMUM),
            "a page of 50 anywhere": lambda board: page(board, chance.randrange(people - 50), 50),
            "my place, in my unit too": lambda board: place_of(board, chance.randint(1, people)),
            "my neighbours": lambda board: neighbours(board, chance.randint(1, people)),
            "a page of units anywhere": lambda board: units(board, chance.randrange(all_units)),
            "a unit's place": lambda board: board.group_place(
                "units", "all", Order.MEAN, str(self.leaf + chance.randrange(leaves))
            ),
            "a large unit's people, a page anywhere": lambda board: people_of_unit(board, chance),
            "my place in a large unit": lambda board: place_in_top(board, chance.randint(1, people)),
            "summary": lambda board: (board.scores(), board.total()),
        }
        for title, question in questions.items():
            begun = time.perf_counter()
            question(board_now())  # what a process reads once
            first = time.perf_counter() - begun
            times = []
            with self.costing(f"{name}, {title}", EACH, "question"):
                for _ in range(EACH):
                    db.session.expunge_all()
                    begun = time.perf_counter()
                    question(board_now())
                    times.append(time.perf_counter() - begun)
            median, slowest = statistics.median(times) * 1000, max(times) * 1000
            say(f"    by the clock: median {median:.1f} ms, slowest {slowest:.1f} ms, the first {first * 1000:.0f} ms")


@dataclass(frozen=True)
class Somebody:
    """All that a board asks of an account."""

    id: int


def page(board: Board, offset: int, rows: int) -> object:
    return named_rows(board, board.people(offset, rows), MINIMUM)


def place_of(board: Board, account: int) -> object:
    return my_place(board, Somebody(account), MINIMUM)  # type: ignore[arg-type]


def place_in_top(board: Board, account: int) -> object:
    found = board.person(account)
    assert found is not None
    return board.person(account, found[0].line[0])


def neighbours(board: Board, account: int) -> object:
    found = board.person(account)
    assert found is not None
    return named_rows(board, board.people(max(0, found[1].place - 6), 11), MINIMUM)


def units(board: Board, offset: int) -> object:
    rows = board.groups("units", "all", Order.MEAN, offset, 50)
    return unit_names(board, [int(row.subject) for row in rows])


def people_of_unit(board: Board, chance: random.Random) -> object:
    unit = 1000 + chance.randrange(TOPS)
    return board.people(chance.randrange(max(1, board.count_people(unit) - 50)), 50, unit)


def entries_of(accounts: list[int], unit: int, together: int, units: int) -> dict[str, list[list[Record]]]:
    """The entries of people of `units` neighbouring units who start, answer question after question and submit, side by side."""
    now = to_ms(utc_now())
    starts: list[list[Record]] = [
        [Started(account, 1, unit + account % units, f"{account:032x}", now, 0, 0)] for account in accounts
    ]
    answers: list[list[Record]] = [
        [
            Answered(account, 1, position, 1 << (account + position) % 4, 1, position, now)
            for account in accounts[first : first + together]
        ]
        for position in range(1, QUESTIONS + 1)
        for first in range(0, len(accounts), together)
    ]
    submits: list[list[Record]] = []
    for account in accounts:
        rights = account % (QUESTIONS + 1)
        points = tuple(400 * (position < rights) for position in range(QUESTIONS))
        submits.append([Finished(account, 1, now + 600_000, 600_000, "person", 400 * rights, rights, points)])
    return {"start": starts, "answer": answers, "submit": submits}


def publish(store: Redis, stream: str, entries: list[list[Record]]) -> None:
    """Write the entries into the stream, as the door would."""
    pipeline = store.pipeline(transaction=False)
    for records in entries:
        pipeline.xadd(stream, encode(records))  # type: ignore[arg-type]  # redis-py's type wants bytes and numbers to fit in too
    pipeline.execute()


def memory_of_this() -> int:
    """The memory of this process in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50_000, help="with an attempt and a result each")
    parser.add_argument("--answered", type=int, default=20_000, help=f"of them with {QUESTIONS} responses each")
    parser.add_argument("--units", type=int, default=20_000)
    parser.add_argument("--recorded", type=int, default=2_000, help="people whom the recorder brings in, each way")
    parser.add_argument("--live", action="store_true", help="the live boards alone, of results without attempts")
    options = parser.parse_args()
    with stores() as (site, server, store):
        run(Season(site, server, store, options.people, options.units), options)


@contextmanager
def stores() -> Iterator[tuple[Installation, PostgresServer, Redis]]:
    """An installation that is not started, on a durable PostgreSQL and a store of its own."""
    server = PostgresServer(durable=True, shared_buffers="512MB", max_wal_size="4GB", maintenance_work_mem="256MB")
    try:
        server.run("CREATE DATABASE season")
        with tempfile.TemporaryDirectory(prefix="quizseason") as name:
            folder = Path(name)
            with (folder / "store.log").open("wb") as log:
                child = start_store(folder / "store", output=log, durable=False)
            try:
                wait_until_ready(folder / "store", child)
                url = f"unix://{folder / 'store' / SOCKET}"
                site = Installation(folder, redis_url=url, database_url=server.url("season"))
                yield site, server, Redis.from_url(url)
            finally:
                stop_store(child)
    finally:
        server.stop()


def run(season: Season, options: argparse.Namespace) -> None:
    app = season.site.app
    season.prepare()
    with closing(Recorder(app, "season")) as recorder:
        recorder.look_around()
    if options.live:
        say(f"{options.people:,} people in {options.units:,} units")
        season.fill(None)
    else:
        say(f"{options.people:,} people in {options.units:,} units, {options.answered * QUESTIONS:,} responses")
        season.fill(options.answered)
    season.sizes()
    for answers in () if options.live else (1, 8):
        season.record(options.recorded, answers)

    with app.app_context():
        rules = sources.board_rules(db.session.get_one(Competition, season.competition))
    held = season.store_bytes()
    refresher = Refresher(grader.store)
    with season.costing("boards rebuilt after the store's loss", options.people, "person"), app.app_context():
        refresher.rebuild(rules, to_ms(utc_now()))
    a_person = (season.store_bytes() - held) / options.people
    say(f"    {a_person:.0f} B a person in the store; this process {memory_of_this() / 1e6:.0f} MB")
    change = to_ms(utc_now())
    for people in (0, 100, 1000):
        sample = f"SELECT account_id FROM result WHERE competition_id = {season.competition} LIMIT {people}"
        season.run(f"UPDATE result SET score = 400, change = {change} WHERE account_id IN ({sample})")
        season.run(
            f"UPDATE tally SET score_sum = score_sum + 1, change = {change} WHERE organization_id IN (SELECT "
            f"organization_id FROM result WHERE competition_id = {season.competition} AND account_id IN ({sample}))"
        )
        with season.costing(f"a pass of the refresher, {people} people changed", 1, "pass"), app.app_context():
            refresher.refresh(change + 1000)
        change += 1000
    if options.live:
        with app.app_context():
            season.ask("live", lambda: LiveBoard(grader.store, season.competition, rules.tie_keys))
        return
    begun = time.monotonic()
    season.freeze()
    say(f"  standings: {time.monotonic() - begun:.0f} s")
    with app.app_context():
        season.ask("live", lambda: LiveBoard(grader.store, season.competition, rules.tie_keys))
        season.ask("frozen", lambda: FrozenBoard(db.session.get_one(Freeze, season.competition)))
    season.sizes()


if __name__ == "__main__":
    main()
