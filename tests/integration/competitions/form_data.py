"""What an organizer's browser sends for a competition with the tiny bank."""

from typing import Any


def draft_form(version_id: int, **changes: Any) -> dict[str, Any]:
    """A valid form of a draft; a change to None leaves the field out."""
    form: dict[str, Any] = {
        "title": "2026 年全面质量管理知识竞赛",
        "host": "质量协会",
        "introduction": "第一行\n第二行",
        "contact": "010-12345678",
        "timezone": "Asia/Shanghai",
        "opens_at": "2026-12-01T09:00:00",
        "closes_at": "2027-01-31T18:00:30",
        "bank_version_id": str(version_id),
        "sections-0-type": "single",
        "sections-0-difficulty": "",
        "sections-0-count": "3",
        "sections-0-points": "20",
        "sections-3-type": "multiple",
        "sections-3-topics": ["T01", "T02"],
        "sections-3-difficulty": "",
        "sections-3-count": "2",
        "sections-3-points": "12.5",
        "minutes": "30",
        "grace_seconds": "2",
        "attempts_total": "1",
        "attempts_per_day": "",
        "keep": "best",
        "shuffle_questions": "y",
        "shuffle_options": "y",
        "multiple_scoring": "exact",
        "show_answers": "closed",
        "pass_score": "60",
        "entry": "members",
        "unit_codes": "",
        "boards": "public",
        "board_minimum_people": "5",
        "tie_keys": "score,time,earlier",
        "shards": "1",
    }
    form.update(changes)
    return {name: value for name, value in form.items() if value is not None}
