"""What the public pages and the organizers' share: the state of a notice, and a snapshot's file."""

import tempfile
from datetime import datetime
from typing import Any

from flask import Response, send_file

from quizapp.competitions.models import Competition
from quizapp.leaderboards.snapshots import file_name, parts_of, snapshot_in_force, snapshot_or_404
from quizapp.notices.actions import NOTICE_WORKING_DAYS, local_day
from quizapp.notices.calendars import CALENDAR
from quizapp.notices.queries import notice_of, notice_state
from quizapp.notices.working_days import working_days_left

GZIP = "application/gzip"


def state_of(competition: Competition, now: datetime) -> dict[str, Any]:
    """What the pages say of a notice: its state, whether it runs, and how many working days remain."""
    notice = notice_of(competition)
    return {
        "state": notice_state(competition),
        "notice": notice,
        "runs": notice is not None and notice.final_at is None and now < notice.ends_at,
        "days_left": working_days_left(local_day(competition, now), notice.last_day, CALENDAR) if notice else None,
        "working_days": NOTICE_WORKING_DAYS,
        "snapshot": snapshot_in_force(competition),
    }


def send_snapshot(competition: Competition, number: int, file: str) -> Response:
    """A snapshot's file, put together on the disk first, so that a slow reader holds no connection. Raises NotFound."""
    snapshot = snapshot_or_404(competition, number)
    # The open file has no name any more, and the server closes it when it has been sent.
    content = tempfile.TemporaryFile()  # noqa: SIM115
    content.writelines(parts_of(snapshot, file))
    content.seek(0)
    return send_file(content, mimetype=GZIP, as_attachment=True, download_name=file_name(snapshot, file))
