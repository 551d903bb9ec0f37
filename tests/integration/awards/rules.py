"""A composite for small tests, as a form and as an award that was written down in time."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from quizapp.awards.composite import MOST_TIERS, Composite, Tier
from quizapp.awards.forms import award_data
from quizapp.awards.models import Award
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.extensions import db
from tests.cast import BORN


def composite(**changes: Any) -> Composite:
    usual: dict[str, Any] = {
        "weights": {"participants": 30, "coverage": 30, "mean": 20, "pass_rate": 10, "full_marks": 10},
        "minimum": 5,
        "reference": 20,
        "shrinkage": 4,
        "tiers": (Tier("一等奖", 1, 1), Tier("二等奖", 1, 1)),
    }
    return Composite(**{**usual, **changes})


def form_of(rules: Composite, title: str = "优秀组织奖") -> dict[str, Any]:
    """The editor's fields as a browser sends them."""
    data = award_data(title, rules)
    sent = {name: str(value) for name, value in data.items() if name != "tiers" and not isinstance(value, bool)}
    sent |= {name: "y" for name, value in data.items() if value is True}
    for number in range(MOST_TIERS):
        tier = data["tiers"][number] if number < len(data["tiers"]) else {}
        sent |= {f"tiers-{number}-{name}": str(tier.get(name, "")) for name in ("name", "quota", "central_quota")}
    return sent


def add_award(competition: Competition, title: str, rules: Composite) -> int:
    """Write an award down as if the competition had not opened yet: the trigger refuses it otherwise. Commits."""
    window = {"opens_at": competition.opens_at, "closes_at": competition.closes_at}
    own = Competition.id == competition.id
    later = {name: utc_now() + timedelta(hours=hours) for hours, name in enumerate(window, start=1)}
    db.session.execute(update(Competition).where(own).values(later))
    award = Award(competition_id=competition.id, title=title, rules=rules.to_json(), written_at=BORN)
    db.session.add(award)
    db.session.flush()
    db.session.execute(update(Competition).where(own).values(window))
    db.session.commit()
    return award.id
