"""What the database refuses to write leaves nothing behind that would stop the site, and the page says why."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from quizapp.extensions import db
from quizapp.organizations.models import Membership
from tests.cast import Cast
from tests.conftest import SignIn
from tests.uploads import send


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


@pytest.mark.once  # SQLite can be told how large it may become
def test_a_full_disk_under_the_database_refuses_an_upload_and_says_so(
    app: Flask, client: FlaskClient, cast: Cast, sign_in: SignIn
) -> None:
    with app.app_context(), db.engine.connect() as connection:  # the only one of its pool: the request gets it next
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # it is no larger than it is already
    reply = send(sign_in(client, cast.qin), "bank.csv", b"x" * 100_000)
    assert (reply.status_code, "Retry-After" in reply.headers, "磁盘已满" in reply.text) == (503, True, True)
    with app.app_context(), db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1073741823")
    assert send(client, "bank.csv", b"x" * 100_000).status_code == 303
