"""Uploading a bank's file as the page and as a program does, and waiting for its check as the page does."""

import io
import time

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PATIENCE_S = 60


def send(client: FlaskClient, name: str, data: bytes, **fields: str) -> TestResponse:
    """Upload a file as the form does; when the answer leads to a report, that has been made."""
    answer = _post(client, name, data, fields, {})
    if answer.status_code == 303:
        wait_for_check(client, answer.location)
    return answer


def send_as_program(client: FlaskClient, name: str, data: bytes, **fields: str) -> TestResponse:
    """Upload a file and get the report as JSON."""
    return _post(client, name, data, fields, {"Accept": "application/json"})


def _post(client: FlaskClient, name: str, data: bytes, fields: dict[str, str], headers: dict[str, str]) -> TestResponse:
    form = {"file": (io.BytesIO(data), name), "bank": "", **fields}
    return client.post("/admin/banks/upload", data=form, headers=headers, content_type="multipart/form-data")


def wait_for_check(client: FlaskClient, location: str) -> str:
    """The state in which a check ends."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        state = str(client.get(f"{location}/state.json").get_json()["state"])
        if state not in ("waiting", "checking"):
            return state
        time.sleep(0.05)
    raise AssertionError(f"{location} is still being checked after {PATIENCE_S} s")
