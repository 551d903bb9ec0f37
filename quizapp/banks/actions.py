"""What uploads, drafts and the editor have in common: the pictures that questions show."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite

from quizapp.banks.models import Picture
from quizapp.banks.pictures import Picture as PictureContent
from quizapp.extensions import db


def store_pictures(pictures: Iterable[PictureContent], *, now: datetime) -> None:
    """Keep pictures; those that are there already stay as they are, and as long as new ones would."""
    rows = [
        {**asdict(picture), "uploaded_at": now, "in_use": False}
        for picture in {picture.digest: picture for picture in pictures}.values()
    ]
    if not rows:
        return
    # In one statement with what may be there: the same file may be uploaded twice at once.
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    new = dialect.insert(Picture.__table__)
    known = {"uploaded_at": new.excluded.uploaded_at}
    db.session.execute(new.on_conflict_do_update(index_elements=["digest"], set_=known), rows)
