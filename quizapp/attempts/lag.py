"""How far SQL is behind the store: what freezing and `quizapp doctor` ask."""

from dataclasses import dataclass

from sqlalchemy import func, select

from quizapp.attempts.models import Unrecordable
from quizapp.competitions.models import Competition
from quizapp.extensions import db, grader
from quizapp.grader.consumer import StreamConsumer
from quizapp.grader.keys import ShardKeys


@dataclass(frozen=True, slots=True)
class Lag:
    """Entries not recorded yet, those of them in a recorder's hands, the oldest one's age, and what was unrecordable."""

    entries: int
    pending: int
    oldest_ms: int
    unrecordable: int

    @property
    def is_clear(self) -> bool:
        """Whether SQL has everything that was ever acknowledged."""
        return self.entries == 0 and self.unrecordable == 0


def recorder_lag(competition: Competition | None = None) -> Lag:
    """The lag of one competition, or of all that are published and not frozen. Raises redis-py's errors."""
    if competition is not None:
        among = [competition]
    else:
        rows = select(Competition).where(Competition.published_at.is_not(None), Competition.frozen_at.is_(None))
        among = list(db.session.scalars(rows))
    with StreamConsumer(grader.url) as consumer:
        backlogs = [
            consumer.backlog(ShardKeys(each.id, shard).stream) for each in among for shard in range(each.shards)
        ]
    return Lag(
        entries=sum(backlog.entries for backlog in backlogs),
        pending=sum(backlog.pending for backlog in backlogs),
        oldest_ms=max((backlog.oldest_ms for backlog in backlogs), default=0),
        unrecordable=unrecordable_count(competition),
    )


def unrecordable_count(competition: Competition | None = None) -> int:
    """How many entries of the competition, or of all, could not be recorded and are not settled."""
    rows = select(func.count()).where(Unrecordable.settled_at.is_(None))
    if competition is not None:
        rows = rows.where(Unrecordable.competition_id == competition.id)
    return db.session.scalar(rows) or 0
