"""A COMMIT that the database refuses leaves nothing behind that would stop the site."""

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from quizapp.extensions import db
from quizapp.organizations.models import Membership
from tests.cast import Cast


@pytest.mark.once  # SQLite alone: elsewhere a refused COMMIT ends its transaction
def test_the_connection_can_be_used_again_and_holds_no_lock(app: Flask, cast: Cast) -> None:
    with app.app_context():
        db.session.connection().exec_driver_sql("PRAGMA defer_foreign_keys=ON")  # so that the COMMIT itself fails
        db.session.execute(update(Membership).values(organization_id=99_999))
        with pytest.raises(IntegrityError):
            db.session.commit()
    with app.app_context():
        lost = select(func.count()).where(Membership.organization_id == 99_999)
        assert db.session.scalar(lost) == 0
        db.session.commit()
