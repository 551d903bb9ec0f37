"""A competition in the store alone, for stories about the grader: no SQL, no Flask."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from redis import Redis

from quizapp.grader.engine import AnswerCall, AnswerOutcome, AnswerReply, AttemptState, Grader, StartReply, SubmitReply
from quizapp.grader.keys import keys_for
from quizapp.grader.rules import CompetitionRules, PaperPlace
from quizapp.grader.stream import Record, parse

COMPETITION, SHARDS, LIN, BO = 7, 3, 100, 101
HOUR_MS = 3_600_000
# Position 1: A is right. Position 2: as written A and C, shown as A and D. Position 3: 正确 (A).
PAPER = (
    PaperPlace(10, "single", 400, (0, 1, 2, 3)),
    PaperPlace(11, "multiple", 500, (2, 1, 3, 0)),
    PaperPlace(12, "judge", 100, (0, 1)),
)
KEY = {10: ("single", 1), 11: ("multiple", 5), 12: ("judge", 1)}
RIGHT = {1: 1, 2: 9, 3: 1}


class Timed(Protocol):
    """A reply that tells the store's time."""

    @property
    def now_ms(self) -> int: ...


Reply = TypeVar("Reply", bound=Timed)


class Room:
    """A primed, open competition and short ways to take part."""

    def __init__(self, url: str, **rules: Any) -> None:
        self.url = url
        self.grader = Grader()
        self.grader.bind(url)
        self.redis: Redis = Redis.from_url(url, decode_responses=True)
        now = self.grader.now_ms()
        self.rules = CompetitionRules(
            competition=COMPETITION,
            shards=SHARDS,
            opens_ms=now - HOUR_MS,
            closes_ms=now + 10 * HOUR_MS,
            minutes=30,
            grace_ms=2000,
            paused_ms=0,
            shift_ms=0,
            attempts_total=1,
            attempts_per_day=None,
            multiple_scoring="exact",
            at_once=False,
        )
        self.prime(**rules)

    def close(self) -> None:
        self.redis.close()
        self.grader.store.close()

    def prime(self, **rules: Any) -> None:
        """Change rules."""
        self.rules = replace(self.rules, **rules)
        assert self.grader.prime(self.rules, KEY)

    def start(self, account: int = LIN, **values: Any) -> StartReply:
        """Ask for an attempt."""
        now = self.grader.now_ms()
        known: dict[str, Any] = {
            "organization": 5,
            "seed": "seed",
            "places": PAPER,
            "extra_ms": 0,
            "known_attempts": 0,
            "day_ms": (now - HOUR_MS, now + HOUR_MS),
        }
        return self.grader.start(COMPETITION, SHARDS, account, **{**known, **values})

    def open(self, account: int = LIN, ordinal: int = 1) -> AttemptState:
        """Open the attempt on a device."""
        attempt = self.grader.open(COMPETITION, SHARDS, account, ordinal).attempt
        assert attempt is not None
        return attempt

    def begin(self, account: int = LIN, **values: Any) -> AttemptState:
        """Start and open."""
        return self.open(account, self.start(account, **values).ordinal)

    def call(self, *answers: tuple[int, int, int], account: int = LIN, epoch: int = 1, ordinal: int = 1) -> AnswerReply:
        """Send answers: (position, chosen, sequence) each."""
        return self.grader.answer(COMPETITION, account % SHARDS, [AnswerCall(account, ordinal, epoch, answers)])[0]

    def answer(
        self, position: int, chosen: int, sequence: int, *, account: int = LIN, epoch: int = 1, ordinal: int = 1
    ) -> AnswerOutcome:
        """Send one answer."""
        return self.call((position, chosen, sequence), account=account, epoch=epoch, ordinal=ordinal).outcomes[0]

    def submit(self, account: int = LIN, *, epoch: int = 1, ordinal: int = 1) -> SubmitReply:
        """Hand in."""
        return self.grader.submit(COMPETITION, account % SHARDS, account, ordinal, epoch)

    def held(self, account: int = LIN, ordinal: int = 0) -> AttemptState:
        """The attempt as the store has it."""
        attempt = self.grader.read(COMPETITION, SHARDS, account, ordinal).attempt
        assert attempt is not None
        return attempt

    def chosen(self, account: int = LIN) -> dict[int, int]:
        """What is held at each answered position."""
        return {position: answer.chosen for position, answer in self.held(account).answers.items()}

    def told(self, account: int = LIN) -> list[Record]:
        """What the account's shard told the recorder."""
        entries: Any = self.redis.xrange(keys_for(COMPETITION, SHARDS, account).stream)
        return [record for _, fields in entries for record in parse(fields)]

    def around(self, put: Callable[[int], None], ask: Callable[[], Reply]) -> dict[int, list[Reply]]:
        """Ask again and again while the store's time passes a border that `put` puts some milliseconds ahead.

        Returns the replies by their distance from the border in ms; −1, 0 and 1 are among them.
        """
        replies: dict[int, list[Reply]] = {}
        for _ in range(1000):  # a busy machine seldom answers in each of three milliseconds on end
            border_ms = self.grader.now_ms() + 15
            put(border_ms)
            distance = -1
            while distance < 2:
                reply = ask()
                distance = reply.now_ms - border_ms
                replies.setdefault(distance, []).append(reply)
            if {-1, 0, 1} <= replies.keys():
                return replies
        raise AssertionError("the store never answered in each of the three milliseconds")

    def everything(self) -> dict[str, Any]:
        """All that the store holds, to show that nothing has changed."""
        found: dict[str, Any] = {}
        for name in sorted(str(key) for key in self.redis.scan_iter()):
            found[name] = self._value(name)
        return found

    def _value(self, name: str) -> Any:
        match self.redis.type(name):
            case "hash":
                return self.redis.hgetall(name)
            case "zset":
                return self.redis.zrange(name, 0, -1, withscores=True)
            case "stream":
                return self.redis.xrange(name)
        raise AssertionError(name)
