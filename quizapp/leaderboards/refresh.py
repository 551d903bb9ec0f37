"""Keeps the live boards in the store like SQL: the one writer of their keys.

Each pass reads the results and tallies that changed since the last one (and ten seconds more, because a transaction may
commit later than it stamped its rows) and writes absolute values: to read a row twice, or in two processes, changes nothing.
What was written is remembered only to save writes; a process that starts anew, or finds that another has rebuilt the
boards, begins from what the store says. So a store that came back older is simply further behind.
"""

import json
import logging
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from quizapp.clock import to_ms, utc_now
from quizapp.errors import Refused
from quizapp.extensions import grader
from quizapp.leaderboards import board_keys, sources
from quizapp.leaderboards.board_keys import PEOPLE_A_BUCKET, BoardKeys
from quizapp.leaderboards.figures import Figures, Order, Tree, order_member, order_value
from quizapp.leaderboards.ranking import Counted, member, pack
from quizapp.leaderboards.sources import BoardRules

log = logging.getLogger("quizapp")

LAYOUT = 1  # raise it when the keys change their meaning: boards of another layout are rebuilt
PASS_S = 1.0
TREE_MS = 20_000  # how old the tree may get; a unit that it lacks is looked for at once
CHECK_MS = 60_000
LATE_COMMIT_MS = 10_000
PEOPLE_A_CALL = 50  # one call stays below a few milliseconds: answers wait behind it in the store
PEOPLE_A_TRIP = 1000
SUBJECTS_A_TRIP = 200
REBUILD_LEASE_S = 60
SCRIPT = (Path(__file__).parent / "lua" / "place_people.lua").read_text()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Placed:
    """What the store holds of a unit, region or industry: its figures, and its value on each board that it stands on."""

    figures: Figures
    orders: dict[tuple[str, str, str], int]  # (board, scope, order) → value, the larger the better


@dataclass
class Memory:
    """What this process knows of a competition's boards in the store."""

    generation: int
    version: int
    rules: BoardRules
    tree: Tree
    tree_read_ms: int
    tallies: dict[int, Figures] = field(default_factory=dict)
    placed: dict[str, Placed] = field(default_factory=dict)
    figures_stale: bool = True
    checked_ms: int = 0
    astray: bool = False


Boards = dict[str, Placed | None]
"""Subjects, as "units:<id>" and so on, with what the store should hold of them; None: nothing."""


class MustRebuild(Exception):
    """The boards can't be mended step by step: a unit stands elsewhere in the tree, other tie keys hold, some are lost."""


class Refresher:
    """Refreshes all live boards, again and again. One process needs one; several do no harm."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self._place_people = store.register_script(SCRIPT)
        self._memories: dict[int, Memory] = {}

    def refresh(self, now_ms: int) -> None:
        """Bring every live board up to `now_ms` (milliseconds since 1970). Raises the stores' own errors."""
        with sources.reading() as connection:
            running = sources.running_boards(connection)
            connection.rollback()
            for gone in self._memories.keys() - {rules.competition for rules in running}:
                drop_boards(self._store, gone)  # a pass may have been writing while others dropped them
                del self._memories[gone]
            for rules in running:
                self._refresh_one(connection, rules, now_ms)
                connection.rollback()  # what was read is not held on to while the next is written

    def rebuild(self, rules: BoardRules, now_ms: int) -> int:
        """Make a competition's boards anew from SQL and put them in force; returns how many people they hold.

        Raises Refused while another process is at it.
        """
        with sources.reading() as connection, _lease(self._store, rules.competition) as renew:
            return self._rebuild(connection, rules, now_ms, renew)

    def _refresh_one(self, connection: Connection, rules: BoardRules, now_ms: int) -> None:
        live = self._store.hgetall(board_keys.live_key(rules.competition))
        memory = self._memories.get(rules.competition)
        try:
            # Without a layout they were lost in the middle of the last pass, which wrote the rest.
            if live.get("layout") != _layout(rules):
                raise MustRebuild
            written = int(live["generation"]), int(live["version"])
            if memory is None or (memory.generation, memory.version) != written:  # by another process
                memory = self._remember(connection, rules, live, now_ms)
            self._update(connection, memory, rules, int(live["seen_ms"]), now_ms)
            self._check(memory, now_ms)
        except MustRebuild:
            self._memories.pop(rules.competition, None)
            try:
                with _lease(self._store, rules.competition) as renew:
                    self._rebuild(connection, rules, now_ms, renew)
            except Refused:
                log.info("boards_being_rebuilt competition=%s", rules.competition)

    def _remember(self, connection: Connection, rules: BoardRules, live: dict[str, str], now_ms: int) -> Memory:
        """Begin from what the store holds. Raises MustRebuild."""
        written_by = replace(rules, minimum=int(live["minimum"]))
        generation, version = int(live["generation"]), int(live["version"])
        memory = Memory(
            generation, version, written_by, sources.read_tree(connection, rules.competition), now_ms, checked_ms=now_ms
        )
        for subject, text in self._store.hgetall(BoardKeys(rules.competition, generation).figures).items():
            held = json.loads(text)
            scopes: tuple[str, ...] = ("all",)
            if subject.startswith("units:"):
                unit_id = int(subject.removeprefix("units:"))
                if held.pop("path") != _path(memory.tree, unit_id):
                    raise MustRebuild
                scopes = memory.tree.scopes(unit_id)
            memory.placed[subject] = _placed(Figures(**held), subject, scopes, written_by.minimum)
        memory.tallies, _ = sources.read_tallies(connection, rules.competition)
        self._memories[rules.competition] = memory
        return memory

    def _update(self, connection: Connection, memory: Memory, rules: BoardRules, seen_ms: int, now_ms: int) -> None:
        since = seen_ms - LATE_COMMIT_MS
        tallies, latest = sources.read_tallies(connection, rules.competition, since)
        gains = {unit: (memory.tallies.get(unit, Figures()), own) for unit, own in tallies.items()}
        gains = {unit: (before, after) for unit, (before, after) in gains.items() if before != after}
        anew = memory.figures_stale or rules != memory.rules
        memory.figures_stale |= anew or bool(gains)  # until they are written: a pass that fails has half done it
        memory.rules = rules
        memory.tallies.update(tallies)
        if now_ms - memory.tree_read_ms >= TREE_MS or tallies.keys() - memory.tree.units.keys():
            anew |= self._read_tree(connection, memory, now_ms)

        moved = 0
        for chunk in _chunks(sources.read_results(connection, rules.competition, since), PEOPLE_A_TRIP):
            if any(result.organization not in memory.tree.units for result, _ in chunk if result.organization):
                anew |= self._read_tree(connection, memory, now_ms)
            moved += self._place(memory.tree, rules, memory.generation, [result for result, _ in chunk])
            latest = max(latest, *(change for _, change in chunk))
        # Of twenty thousand units a second's answers change a few hundred.
        moved += self._write_figures(memory, all_boards(memory) if anew else moved_boards(memory, gains))

        live = board_keys.live_key(rules.competition)
        pipeline = self._store.pipeline(transaction=True)
        values = {"as_of_ms": now_ms, "seen_ms": max(seen_ms, latest), "minimum": rules.minimum}
        pipeline.hset(live, mapping=values)
        pipeline.hincrby(live, "version", int(moved > 0))
        version = pipeline.execute()[-1]
        # 0, which no boards have, if another process wrote at the same time: begin again from what the store holds.
        memory.version = version if version == memory.version + (moved > 0) else 0

    def _read_tree(self, connection: Connection, memory: Memory, now_ms: int) -> bool:
        """Read the tree again; whether it has changed. Raises MustRebuild."""
        before, memory.tree_read_ms = memory.tree, now_ms
        memory.tree = sources.read_tree(connection, memory.rules.competition)
        for unit_id, unit in before.units.items():
            after = memory.tree.units.get(unit_id)
            if after is not None and after.path != unit.path:
                raise MustRebuild
        return before.units != memory.tree.units

    def _place(self, tree: Tree, rules: BoardRules, generation: int, results: list[Counted]) -> int:
        """Put people where they belong; how many of them stood elsewhere before."""
        keys = BoardKeys(rules.competition, generation)
        pipeline = self._store.pipeline(transaction=False)
        for call in _chunks(results, PEOPLE_A_CALL):
            arguments: list[str | int] = [keys.prefix]
            for result in call:
                arguments += [result.account, result.account // PEOPLE_A_BUCKET, _place_text(result, rules, tree)]
            self._place_people(keys=[keys.people, keys.histogram], args=arguments, client=pipeline)
        return sum(pipeline.execute())

    def _write_figures(self, memory: Memory, wanted: Boards) -> int:
        """Bring figures and orders of the subjects in the store to what is wanted; how many of them changed."""
        keys = BoardKeys(memory.rules.competition, memory.generation)
        changed = [subject for subject, placed in wanted.items() if placed != memory.placed.get(subject)]
        for chunk in _chunks(changed, SUBJECTS_A_TRIP):
            pipeline = self._store.pipeline(transaction=True)
            for subject in chunk:
                self._write_subject(pipeline, keys, memory.tree, subject, memory.placed.get(subject), wanted[subject])
            pipeline.execute()
        memory.placed |= {subject: placed for subject in changed if (placed := wanted[subject])}
        for subject in changed:
            if wanted[subject] is None:
                del memory.placed[subject]
        memory.figures_stale = False
        return len(changed)

    def _write_subject(
        self, pipeline: Any, keys: BoardKeys, tree: Tree, subject: str, old: Placed | None, new: Placed | None
    ) -> None:
        code = subject.partition(":")[2]
        before, after = old.orders if old else {}, new.orders if new else {}
        for place in before.keys() - after.keys():
            pipeline.zrem(keys.order(*place), order_member(code))
        for place, value in after.items():
            if before.get(place) != value:
                pipeline.zadd(keys.order(*place), {order_member(code): -value})
        if new is None:
            pipeline.hdel(keys.figures, subject)
        elif old is None or old.figures != new.figures:
            pipeline.hset(keys.figures, subject, _figures_text(tree, subject, new.figures))

    def _rebuild(self, connection: Connection, rules: BoardRules, now_ms: int, renew: "Renew") -> int:
        live = board_keys.live_key(rules.competition)
        # Counted apart from `live`, which a rebuild that dies never touches.
        generation = self._store.incr(board_keys.generation_key(rules.competition))
        tree = sources.read_tree(connection, rules.competition)
        memory = Memory(generation, 0, rules, tree, now_ms, checked_ms=now_ms)
        memory.tallies, latest = sources.read_tallies(connection, rules.competition)
        people = 0
        for chunk in _chunks(sources.read_results(connection, rules.competition), PEOPLE_A_TRIP):
            self._place(tree, rules, generation, [result for result, _ in chunk])
            latest = max(latest, *(change for _, change in chunk))
            people += len(chunk)
            renew()
        self._write_figures(memory, all_boards(memory))
        pipeline = self._store.pipeline(transaction=True)
        pipeline.hset(
            live,
            mapping={
                "generation": generation,
                "layout": _layout(rules),
                "minimum": rules.minimum,
                "as_of_ms": now_ms,
                "seen_ms": latest,
            },
        )
        pipeline.hincrby(live, "version", 1)
        memory.version = pipeline.execute()[-1]
        self._memories[rules.competition] = memory
        _delete_generations(self._store, rules.competition, keep=generation)
        log.info("boards_rebuilt competition=%s people=%s", rules.competition, people)
        return people

    def _check(self, memory: Memory, now_ms: int) -> None:
        """Now and then compare the people on every top unit's board with the tallies: a sweep for whatever was missed.

        People and tallies are read one after the other, so one difference proves nothing; two in a row do.
        """
        if now_ms - memory.checked_ms < CHECK_MS:
            return
        memory.checked_ms = now_ms
        keys = BoardKeys(memory.rules.competition, memory.generation)
        tops = [unit for unit in memory.tree.units if memory.tree.parent(unit) is None]
        pipeline = self._store.pipeline(transaction=False)
        for unit in tops:
            pipeline.zcard(keys.unit_people(unit))
        figures = memory.tree.unit_figures(memory.tallies)
        differ = pipeline.execute() != [figures[unit].participants for unit in tops]
        if differ and memory.astray:
            log.error("boards_astray competition=%s", memory.rules.competition)
            raise MustRebuild
        memory.astray = differ


def refresh_forever(app: Flask, stop: threading.Event) -> None:
    """Refresh once a second until `stop` is set. A store that is away is tried again; nothing is lost by waiting."""
    refresher = Refresher(grader.store)
    away = False
    while not stop.is_set():
        try:
            with app.app_context():
                refresher.refresh(to_ms(utc_now()))
            away = False
        except (RedisError, SQLAlchemyError) as error:
            if not away:  # said once, not each second
                log.error("boards_not_refreshed reason=%s", type(error).__name__)
            away = True
        except Exception:
            # One row that can't be placed must not end the boards of every other competition's people for good.
            log.exception("boards_not_refreshed")
        stop.wait(PASS_S)


def drop_boards(store: Any, competition: int) -> None:
    """Remove a competition's live boards: frozen standings have taken their place."""
    store.delete(board_keys.live_key(competition))
    _delete_generations(store, competition)


def all_boards(memory: Memory) -> Boards:
    """Everything that stands on the boards, worked out anew, and all that stood there and no longer does."""
    return dict.fromkeys(memory.placed) | wanted_boards(memory.tree, memory.tallies, memory.rules.minimum)


def moved_boards(memory: Memory, gains: Mapping[int, tuple[Figures, Figures]]) -> Boards:
    """What changes on them when units' own tallies do. `gains`: of each such unit the tally before and after."""
    tree, changes = memory.tree, dict[str, Figures]()
    for unit_id, (before, after) in gains.items():
        line, gain = tree.line(unit_id), tree.gain(unit_id, before, after)
        if not line:
            continue
        subjects = ["total:", *(f"units:{above}" for above in line)]
        subjects += [f"regions:{code}" for code in (tree.region(unit_id),) if code]
        subjects += [f"industries:{code}" for code in (tree.industry(unit_id),) if code]
        for subject in subjects:
            changes[subject] = changes.get(subject, Figures()) + gain
    moved: Boards = {}
    for subject, gain in changes.items():
        held = memory.placed.get(subject)
        figures = held.figures + gain if held else gain
        board, _, code = subject.partition(":")
        scopes = tree.scopes(int(code)) if board == "units" else ("all",)
        stays = board == "total" or figures != Figures()
        moved[subject] = _placed(figures, subject, scopes, memory.rules.minimum) if stays else None
    return moved


def wanted_boards(tree: Tree, tallies: dict[int, Figures], minimum: int) -> dict[str, Placed]:
    """Every subject that has people or a headcount, as "units:<id>" and so on, with the boards that it stands on."""
    wanted = {"total:": Placed(tree.total(tallies), {})}
    nothing = Figures()
    for unit_id, figures in tree.unit_figures(tallies).items():
        if figures != nothing:
            subject = f"units:{unit_id}"
            wanted[subject] = _placed(figures, subject, tree.scopes(unit_id), minimum)
    for code, figures in tree.region_figures(tallies).items():
        wanted[f"regions:{code}"] = _placed(figures, f"regions:{code}", ("all",), minimum)
    for code, figures in tree.industry_figures(tallies).items():
        wanted[f"industries:{code}"] = _placed(figures, f"industries:{code}", ("all",), minimum)
    return wanted


def _placed(figures: Figures, subject: str, scopes: tuple[str, ...], minimum: int) -> Placed:
    board = subject.partition(":")[0]
    if board == "total":
        return Placed(figures, {})
    values = {order: order_value(order, figures, minimum) for order in Order}
    orders = {
        (board, scope, order.value): value for scope in scopes for order, value in values.items() if value is not None
    }
    return Placed(figures, orders)


def _layout(rules: BoardRules) -> str:
    return f"{LAYOUT} {rules.tie_keys}"


def _path(tree: Tree, unit_id: int) -> str:
    return "/".join(str(above) for above in tree.line(unit_id))


def _place_text(result: Counted, rules: BoardRules, tree: Tree) -> str:
    packed = pack(result.score, result.used_ms, rules.tie_keys)
    path = _path(tree, result.organization) if result.organization is not None else ""
    return f"{packed} {member(result.submitted_ms, result.account)} {result.score} {result.used_ms} {path}"


def _figures_text(tree: Tree, subject: str, figures: Figures) -> str:
    board, _, code = subject.partition(":")
    path = {"path": _path(tree, int(code))} if board == "units" else {}
    return json.dumps({**figures.to_json(), **path}, separators=(",", ":"))


def _chunks(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    rows = iter(rows)
    while chunk := list(islice(rows, size)):
        yield chunk


class Renew:
    """Keeps a lease alive while its work goes on."""

    def __init__(self, store: Any, key: str) -> None:
        self._store, self._key = store, key

    def __call__(self) -> None:
        """Ask for another full term."""
        self._store.expire(self._key, REBUILD_LEASE_S)


@contextmanager
def _lease(store: Any, competition: int) -> Iterator[Renew]:
    """The right to rebuild a competition's boards. Raises Refused while another holds it; a dead holder's right ends."""
    key = board_keys.rebuilding_key(competition)
    token = secrets.token_hex(8)
    if not store.set(key, token, nx=True, ex=REBUILD_LEASE_S):
        raise Refused("boards_being_rebuilt")
    try:
        yield Renew(store, key)
    finally:
        if store.get(key) == token:
            store.delete(key)


def _delete_generations(store: Any, competition: int, keep: int | None = None) -> None:
    kept = BoardKeys(competition, keep).prefix if keep is not None else None
    for chunk in _chunks(store.scan_iter(match=board_keys.any_key(competition), count=1000), 500):
        doomed = [key for key in chunk if kept is None or not key.startswith(kept)]
        if doomed:
            store.unlink(*doomed)
