"""Figures kept for some seconds, so that many eyes on a page cost what one does.

Each process keeps its own. While one thread works a figure out, the others get the last one.
"""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from flask import current_app

T = TypeVar("T")


@dataclass
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    made_at: datetime | None = None
    value: Any = None


def kept(key: Hashable, *, seconds: float, now: datetime, make: Callable[[], T]) -> T:
    """What `make` gave at most `seconds` before `now`; it is called again when that is older."""
    shelf: dict[Hashable, _Kept] = current_app.extensions.setdefault("quiz_reports", {})
    box = shelf.setdefault(key, _Kept())
    if _fresh(box, seconds, now):
        return box.value  # type: ignore[no-any-return]
    # The first ever must be waited for; later ones are old by a little, which is better than a queue.
    if not box.lock.acquire(blocking=box.made_at is None):
        return box.value  # type: ignore[no-any-return]
    try:
        if not _fresh(box, seconds, now):
            box.value = make()
            box.made_at = now
        return box.value  # type: ignore[no-any-return]
    finally:
        box.lock.release()


def _fresh(box: _Kept, seconds: float, now: datetime) -> bool:
    return box.made_at is not None and 0 <= (now - box.made_at).total_seconds() < seconds
