"""The grader: one atomic script a step, run by EVALSHA; a server that lacks a script gets it and is asked again.

Redis decides: whatever a method returns has happened, and an `Unavailable` means that the caller can't know. redis-py
repeats a command when its reply is lost, and so may every caller: each step done twice is done once.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from quizapp.errors import Unavailable
from quizapp.grader.cluster import ClusterClient, connect
from quizapp.grader.keys import ShardKeys, keys_for, mark_beside
from quizapp.grader.outcomes import BY_CODE, Outcome
from quizapp.grader.rules import CompetitionRules, PaperPlace
from quizapp.grader.scripts import script

log = logging.getLogger("quizapp.grader")
CONNECT_TIMEOUT_S = 1.0
REPLY_TIMEOUT_S = 3.0
TYPE_LETTERS = {"single": "s", "multiple": "m", "judge": "j"}
_RESTORED_EPOCHS = 1000
"""How far a restored attempt's epoch lies above the last recorded one: more devices than anybody opens in between."""


@dataclass(frozen=True, slots=True)
class StartReply:
    """`code` started or already_open with the attempt; otherwise why not, and `ordinal` 0."""

    code: Outcome
    ordinal: int
    started_ms: int
    now_ms: int


@dataclass(frozen=True, slots=True)
class HeldAnswer:
    """What the store holds at a position. `right`: the right mask in the letters shown, if it has been shown; else None."""

    chosen: int
    epoch: int
    sequence: int
    answered_ms: int
    right: int | None


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended and what it was worth; points and score in hundredths."""

    submitted_ms: int
    used_ms: int
    ended_by: str
    score: int
    right_count: int
    points: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AttemptState:
    """An attempt as the store holds it. `paused_ms` is 0 while no pause lasts; `shift_ms` the shift at the start."""

    account: int
    ordinal: int
    organization: int | None
    seed: str
    started_ms: int
    extra_ms: int
    shift_ms: int
    epoch: int
    now_ms: int
    deadline_ms: int
    paused_ms: int
    answers: Mapping[int, HeldAnswer]
    ending: Ending | None


@dataclass(frozen=True, slots=True)
class OpenReply:
    """`code` ok with the attempt; otherwise no_attempt or already_submitted, and None."""

    code: Outcome
    attempt: AttemptState | None


@dataclass(frozen=True, slots=True)
class PersonState:
    """What the store knows of a person: attempts started, the open one's ordinal (0: none), and the attempt asked for."""

    count: int
    open_ordinal: int
    attempt: AttemptState | None


class AnswerCall(NamedTuple):
    """Answers of one attempt, from a page of `epoch`: (position, chosen mask as shown, sequence) each."""

    account: int
    ordinal: int
    epoch: int
    answers: Sequence[tuple[int, int, int]]


class AnswerOutcome(NamedTuple):
    """What became of one answer. `chosen` is what is held now; `right` the right mask where it is shown at once."""

    outcome: Outcome
    chosen: int
    right: int | None


class AnswerReply(NamedTuple):
    """`code` ok and one outcome an answer; no_attempt and none."""

    code: Outcome
    now_ms: int
    deadline_ms: int
    outcomes: Sequence[AnswerOutcome]


@dataclass(frozen=True, slots=True)
class SubmitReply:
    """`code` submitted with the ending; otherwise why not, and None."""

    code: Outcome
    now_ms: int
    ending: Ending | None


@dataclass(frozen=True, slots=True)
class ExpireReply:
    """How many attempts a batch ended, how many it found lost, and how many are still open in the shard.

    `ahead_ms` is how far the shard's clock is ahead of the store's, which was set back while attempts were running.
    """

    code: Outcome
    now_ms: int
    ended: int
    lost: int
    still_open: int
    ahead_ms: int


@dataclass(frozen=True, slots=True)
class RecordedAttempt:
    """An open attempt as SQL has it, for `restore`; `answers`: position → what is recorded there."""

    ordinal: int
    organization: int | None
    seed: str
    started_ms: int
    extra_ms: int
    shift_ms: int
    places: Sequence[PaperPlace]
    answers: Mapping[int, HeldAnswer]


class Grader:
    """The competition's decisions, kept in a Redis-compatible server. Unbound until `bind`; connects at the first call."""

    def __init__(self) -> None:
        self._url = ""
        self._replicas = 0
        self._store: redis.Redis | None = None

    def bind(self, url: str, replicas: int = 0) -> None:
        """Name the store; nothing is connected yet. In a cluster a step is told as done once so many `replicas` have it."""
        self._url, self._replicas = url, replicas
        self._store = None

    @property
    def url(self) -> str:
        """The store's address, for those who keep connections of their own."""
        return self._url

    @property
    def store(self) -> redis.Redis:
        """The connection pool, replies as text. Its errors are redis-py's own."""
        if self._store is None:
            self._store = connect(
                self._url,
                decode_responses=True,
                socket_connect_timeout=CONNECT_TIMEOUT_S,
                socket_timeout=REPLY_TIMEOUT_S,
                retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 2),
                health_check_interval=30,
            )
        return self._store

    # competitions

    def now_ms(self) -> int:
        """The store's time. Raises Unavailable."""
        try:
            seconds, microseconds = cast(tuple[int, int], self.store.time())
        except RedisError as error:
            raise _unavailable(error, "time") from error
        return seconds * 1000 + microseconds // 1000

    def prime(self, rules: CompetitionRules, answer_key: Mapping[int, tuple[str, int]], *, as_of_ms: int = 0) -> bool:
        """Put rules and answer key (ordinal → type, right mask) into every shard; False if later ones are in force.

        `as_of_ms` is `now_ms()` asked before SQL was read: it keeps a slow process from putting old rules over new
        ones. A shift never shrinks, and a fence stays up unless the close is later. Raises Unavailable; prime again then.
        """
        if not answer_key:
            raise ValueError("an answer key without questions")
        fields: dict[str, object] = {
            "opens_ms": rules.opens_ms,
            "closes_ms": rules.closes_ms,
            "minutes": rules.minutes,
            "grace_ms": rules.grace_ms,
            "paused_ms": rules.paused_ms,
            "shift_ms": rules.shift_ms,
            "attempts_total": "" if rules.attempts_total is None else rules.attempts_total,
            "attempts_per_day": "" if rules.attempts_per_day is None else rules.attempts_per_day,
            "partial": int(rules.multiple_scoring == "partial"),
            "at_once": int(rules.at_once),
            "fenced": int(rules.fenced),
            "interruptions": ",".join(f"{begun_ms}-{over_ms}" for begun_ms, over_ms in rules.interruptions),
        }
        values: list[object] = [as_of_ms, len(fields)]
        values += [part for item in fields.items() for part in item]
        for ordinal, (kind, right) in answer_key.items():
            values += [ordinal, f"{right}|{kind}"]
        in_force = True
        for keys in _shards(rules.competition, rules.shards):
            in_force &= self._run("prime", [keys.rules, keys.key], values) == Outcome.OK
        return in_force

    def primed(self, competition: int, shards: int) -> bool:
        """Whether every shard holds the competition's rules and answer key. Raises Unavailable."""
        wanted = [name for keys in _shards(competition, shards) for name in (keys.rules, keys.key)]
        try:
            return all(self.store.exists(name) for name in wanted)
        except RedisError as error:
            raise _unavailable(error, "exists") from error

    def fence(self, competition: int, shards: int, *, fenced: bool = True) -> None:
        """Put the fence up (nothing is written in the competition any more) or take it down. Raises Unavailable."""
        for keys in _shards(competition, shards):
            _need_primed(Outcome(self._run("fence", [keys.rules], [int(fenced)])))

    def open_attempts(self, competition: int, shards: int) -> int:
        """How many attempts are open. Raises Unavailable."""
        try:
            return sum(cast(int, self.store.zcard(keys.open)) for keys in _shards(competition, shards))
        except RedisError as error:
            raise _unavailable(error, "zcard") from error

    # attempts

    def start(
        self,
        competition: int,
        shards: int,
        account: int,
        *,
        organization: int | None,
        seed: str,
        places: Sequence[PaperPlace],
        extra_ms: int,
        known_attempts: int,
        day_ms: tuple[int, int],
    ) -> StartReply:
        """Start an attempt with the paper given, or find the open one (whose own paper stays).

        `known_attempts` is how many SQL has of the person: `behind` means that the store has fewer and must be
        restored. `day_ms` are the first moments of today and of tomorrow in the competition's zone. Raises Unavailable.
        """
        keys = keys_for(competition, shards, account)
        code, ordinal, started_ms, now_ms = self._run(
            "start",
            [keys.rules, keys.key, keys.person(account), keys.open, keys.stream],
            [
                *(account, keys.attempts(account), organization or 0, seed, extra_ms, known_attempts, *day_ms),
                *(_packed(places), _shape(places)),
            ],
        )
        return StartReply(_need_primed(Outcome(code)), ordinal, started_ms, now_ms)

    def open(self, competition: int, shards: int, account: int, ordinal: int) -> OpenReply:
        """Raise the attempt's epoch, for the page that is opening it, and return all of it. Raises Unavailable."""
        keys = keys_for(competition, shards, account)
        reply = self._run("open", [keys.rules, keys.attempt(account, ordinal)], [])
        code = _need_primed(Outcome(reply[0]))
        return OpenReply(code, _attempt_state(account, ordinal, reply) if code is Outcome.OK else None)

    def read(self, competition: int, shards: int, account: int, ordinal: int = 0) -> PersonState:
        """What the store holds of a person and of one attempt (the latest by default). Raises Unavailable."""
        keys = keys_for(competition, shards, account)
        reply = self._run("read", [keys.rules, keys.person(account)], [keys.attempts(account), ordinal])
        if _need_primed(Outcome(reply[0])) is Outcome.NO_ATTEMPT:
            return PersonState(reply[7], reply[8], None)
        return PersonState(reply[7], reply[8], _attempt_state(account, reply[6], reply))

    def answer(self, competition: int, shard: int, calls: Sequence[AnswerCall]) -> list[AnswerReply]:
        """Save the answers of one or more attempts of a shard, in one step. Raises Unavailable."""
        script_keys, values = answer_arguments(ShardKeys(competition, shard), calls)
        return answer_replies(self._run("answer", script_keys, values))

    def submit(self, competition: int, shard: int, account: int, ordinal: int, epoch: int) -> SubmitReply:
        """End and grade the attempt; a repeat gets the same reply. Raises Unavailable."""
        script_keys, values = submit_arguments(ShardKeys(competition, shard), account, ordinal, epoch)
        return submit_reply(self._run("submit", script_keys, values))

    def expire(self, competition: int, shard: int, limit: int = 50) -> ExpireReply:
        """End and grade at most `limit` attempts whose deadline and grace are over. Raises Unavailable."""
        keys = ShardKeys(competition, shard)
        code, now_ms, ended, lost, still_open, ahead_ms = self._run(
            "expire", [keys.rules, keys.key, keys.open, keys.stream], [keys.tag, limit]
        )
        return ExpireReply(_need_primed(Outcome(code)), now_ms, ended, lost, still_open, ahead_ms)

    def set_extra(self, competition: int, shards: int, account: int, extra_ms: int) -> Outcome:
        """Set a person's extra time for the open attempt and those to come: ok or fenced. Raises Unavailable."""
        keys = keys_for(competition, shards, account)
        code, _ = self._run(
            "set_extra",
            [keys.rules, keys.person(account), keys.open, keys.stream],
            [account, keys.attempts(account), extra_ms],
        )
        return _need_primed(Outcome(code))

    def restore(
        self,
        competition: int,
        shards: int,
        account: int,
        *,
        starts_ms: Sequence[int],
        open_attempt: RecordedAttempt | None,
    ) -> None:
        """Give a person's attempts back to a store that has lost them (`starts_ms`: of all that SQL has).

        Nothing that the store still holds and that is newer is changed. Raises Unavailable.
        """
        keys = keys_for(competition, shards, account)
        ordinal = open_attempt.ordinal if open_attempt else 0
        values: list[object] = [account, len(starts_ms), ",".join(str(moment) for moment in starts_ms), ordinal]
        if open_attempt:
            held = open_attempt
            epoch = max((answer.epoch for answer in held.answers.values()), default=0) + _RESTORED_EPOCHS
            values += [held.organization or 0, held.seed, held.started_ms, held.extra_ms, held.shift_ms]
            values += [_packed(held.places), _shape(held.places), epoch]
            for position, answer in held.answers.items():
                right = -1 if answer.right is None else answer.right
                values += [position, answer.chosen, answer.epoch, answer.sequence, answer.answered_ms, right]
        script_keys = [keys.rules, keys.person(account), keys.open, keys.attempt(account, ordinal)]
        _need_primed(Outcome(self._run("restore", script_keys, values)))

    def open_ones(self, competition: int, shard: int) -> list[tuple[int, int]]:
        """The (account, ordinal) of every attempt of the shard that the store has as open. Raises Unavailable."""
        try:
            members = cast("list[str]", self.store.zrange(ShardKeys(competition, shard).open, 0, -1))
        except RedisError as error:
            raise _unavailable(error, "zrange") from error
        return [(int(account), int(ordinal)) for account, _, ordinal in (each.partition(":") for each in members)]

    def end_as_recorded(
        self,
        competition: int,
        shards: int,
        account: int,
        ordinal: int,
        ending: Ending,
        answers: Mapping[int, HeldAnswer],
    ) -> None:
        """End an attempt that an older store still has as open, with what SQL has recorded of it. Raises Unavailable."""
        keys = keys_for(competition, shards, account)
        values: list[object] = [account, ordinal, ending.submitted_ms, ending.used_ms, ending.ended_by]
        values += [ending.score, ending.right_count, ",".join(map(str, ending.points))]
        for position, answer in answers.items():
            right = -1 if answer.right is None else answer.right
            values += [position, f"{answer.chosen}|{answer.epoch}|{answer.sequence}|{answer.answered_ms}|{right}"]
        self._run("end_as_recorded", [keys.person(account), keys.open, keys.attempt(account, ordinal)], values)

    def missing(self, competition: int, shards: int, attempts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Those of the (account, ordinal) given that the store does not hold. Raises Unavailable."""
        try:
            pipeline = self.store.pipeline(transaction=False)
            for account, ordinal in attempts:
                pipeline.exists(keys_for(competition, shards, account).attempt(account, ordinal))
            return [each for each, found in zip(attempts, pipeline.execute(), strict=True) if not found]
        except RedisError as error:
            raise _unavailable(error, "exists") from error

    def _run(self, name: str, keys: Sequence[str], values: Iterable[object]) -> Any:
        step, store = script(name), self.store
        arguments = [*keys, *values]
        if isinstance(store, ClusterClient) and self._replicas:

            def run(*words: Any) -> Any:
                return store.execute_replicated(self._replicas, mark_beside(keys[0]), *words)
        else:
            run = cast(Any, store).execute_command
        try:
            try:
                return run("EVALSHA", step.digest, len(keys), *arguments)
            except NoScriptError:
                return run("EVAL", step.text, len(keys), *arguments)
        except RedisError as error:
            raise _unavailable(error, name) from error


# What the door, which speaks to the store over a connection of its own, shares with the methods above.


def answer_arguments(keys: ShardKeys, calls: Sequence[AnswerCall]) -> tuple[list[str], list[Any]]:
    """KEYS and ARGV of the answer script. No attempt may occur twice: the script reads all before it writes."""
    names = [keys.rules, keys.key, keys.stream]
    values: list[Any] = []
    for call in calls:
        names.append(keys.attempt(call.account, call.ordinal))
        values += (call.account, call.ordinal, call.epoch, len(call.answers))
        for answer in call.answers:
            values += answer
    if len(set(names)) < len(names):
        raise ValueError("an attempt twice in one call")
    return names, values


def answer_replies(reply: Any) -> list[AnswerReply]:
    """The answer script's reply, one an attempt. Raises Unavailable if the competition is not primed."""
    now_ms = reply[0]
    return [answer_reply(now_ms, each) for each in reply[1:]]


def answer_reply(now_ms: int, reply: Any) -> AnswerReply:
    """One attempt's part of the answer script's reply."""
    code = _need_primed(BY_CODE[reply[0]])
    outcomes = [
        AnswerOutcome(BY_CODE[reply[at]], reply[at + 1], None if reply[at + 2] < 0 else reply[at + 2])
        for at in range(2, len(reply), 3)
    ]
    return AnswerReply(code, now_ms, reply[1], outcomes)


def submit_arguments(keys: ShardKeys, account: int, ordinal: int, epoch: int) -> tuple[list[str], list[Any]]:
    """KEYS and ARGV of the submit script."""
    names = [keys.rules, keys.key, keys.attempt(account, ordinal), keys.person(account), keys.open, keys.stream]
    return names, [account, ordinal, epoch]


def submit_reply(reply: Any) -> SubmitReply:
    """The submit script's reply. Raises Unavailable if the competition is not primed."""
    code = _need_primed(Outcome(reply[0]))
    ending = _ending(_as_dict(reply[2])) if code is Outcome.SUBMITTED else None
    return SubmitReply(code, reply[1], ending)


def _shards(competition: int, shards: int) -> list[ShardKeys]:
    return [ShardKeys(competition, shard) for shard in range(shards)]


def _packed(places: Sequence[PaperPlace]) -> str:
    return ";".join(
        f"{place.ordinal}.{place.points}.{''.join(str(option) for option in place.options)}" for place in places
    )


def _shape(places: Sequence[PaperPlace]) -> str:
    return "".join(f"{TYPE_LETTERS[place.type]}{len(place.options)}" for place in places)


def _as_dict(flat: Sequence[Any]) -> dict[str, str]:
    return dict(zip(flat[::2], (str(value) for value in flat[1::2]), strict=True))


def _ending(fields: Mapping[str, str]) -> Ending:
    return Ending(
        submitted_ms=int(fields["submitted_ms"]),
        used_ms=int(fields["used_ms"]),
        ended_by=fields["ended_by"],
        score=int(fields["score"]),
        right_count=int(fields["right_count"]),
        points=tuple(int(value) for value in fields["points"].split(",")),
    )


def _attempt_state(account: int, ordinal: int, reply: Sequence[Any]) -> AttemptState:
    """From the replies of open and read: {code, now_ms, deadline_ms, paused_ms, shift_ms, flat hash, …}."""
    fields = _as_dict(reply[5])
    answers = {int(name[1:]): _held(value) for name, value in fields.items() if name[0] == "a" and name[1:].isdigit()}
    return AttemptState(
        account=account,
        ordinal=ordinal,
        organization=int(fields["organization"]) or None,
        seed=fields["seed"],
        started_ms=int(fields["started_ms"]),
        extra_ms=int(fields["extra_ms"]),
        shift_ms=int(fields["shift_ms"]),
        epoch=int(fields["epoch"]),
        now_ms=reply[1],
        deadline_ms=reply[2],
        paused_ms=reply[3],
        answers=answers,
        ending=_ending(fields) if "submitted_ms" in fields else None,
    )


def _held(value: str) -> HeldAnswer:
    chosen, epoch, sequence, answered_ms, right = (int(part) for part in value.split("|"))
    return HeldAnswer(chosen, epoch, sequence, answered_ms, None if right < 0 else right)


def _need_primed(code: Outcome) -> Outcome:
    if code is Outcome.NOT_PRIMED:
        log.error("not_primed")
        raise Unavailable("not_primed")
    return code


def _unavailable(error: RedisError, step: str) -> Unavailable:
    # A refusal to write (a full disk, no memory, a replica) and a fault in a script look alike from here, and mean the
    # same for the caller: nothing is promised. The log tells them apart.
    log.error("store_unavailable step=%s error=%s", step, str(error)[:200])
    return Unavailable()
