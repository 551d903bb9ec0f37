"""What uploads, drafts and the editor have in common: a bank is held by one at a time, and pictures are kept."""

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from quizapp.banks.models import Bank, BankVersion, Picture
from quizapp.banks.pictures import Picture as PictureContent
from quizapp.banks.queries import draft_of
from quizapp.extensions import db


def lock_bank(bank_id: int) -> None:
    """Until the commit nobody else changes the bank's draft or versions. Read what may have changed after this."""
    db.session.scalar(select(Bank).where(Bank.id == bank_id).with_for_update())


def held_draft(bank: Bank) -> BankVersion | None:
    """The bank's draft, if any, as it is now; until the commit nobody else changes it."""
    lock_bank(bank.id)
    draft = draft_of(bank)
    if draft is not None:
        db.session.refresh(draft, ["contributors"])  # a page may have read it before the lock
    return draft


def keep_pictures(digests: Collection[str]) -> None:
    """Let pictures that a draft shows stay when old uploads are cleared away."""
    db.session.execute(
        update(Picture).where(Picture.digest.in_(digests), Picture.in_use.is_(False)).values(in_use=True),
        execution_options={"synchronize_session": False},
    )


def store_pictures(pictures: Iterable[PictureContent], *, now: datetime) -> None:
    """Keep pictures; those that are there already stay as they are, and as long as new ones would."""
    brought = {picture.digest: {**asdict(picture), "uploaded_at": now, "in_use": False} for picture in pictures}
    if not brought:
        return
    # The same file may be uploaded twice at once: so in one statement with what may be there, and in one order, in which
    # neither waits for what the other holds.
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    new = dialect.insert(Picture.__table__)
    known = {"uploaded_at": new.excluded.uploaded_at}
    db.session.execute(
        new.on_conflict_do_update(index_elements=["digest"], set_=known), [brought[each] for each in sorted(brought)]
    )
