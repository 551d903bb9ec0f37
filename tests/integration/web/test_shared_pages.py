"""The frame of every page: static files, language, errors, compression, and nothing that needs SQL where SQL is away."""

import gzip
import re
import socket
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from quizapp.extensions import db
from quizapp.web import icons
from quizapp.web.access import PUBLIC, access
from tests.cast import Cast
from tests.conftest import NewSite

STATIC = re.compile(r'(?:href|src)="(/static/[^"]+)"')


@pytest.mark.once
def test_every_static_file_of_a_page_is_compressed_and_kept_for_a_year(client: FlaskClient) -> None:
    addresses = STATIC.findall(client.get("/privacy").text)
    assert any("bootstrap.min" in address for address in addresses)
    for address in addresses:
        reply = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert reply.status_code == 200
        assert reply.headers["Content-Encoding"] == "gzip"
        assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        plain = client.get(address)
        assert "Content-Encoding" not in plain.headers
        assert gzip.decompress(reply.data) == plain.data
        again = client.get(address, headers={"Accept-Encoding": "gzip", "If-None-Match": reply.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.once
def test_a_digest_of_another_release_gets_the_file_as_it_is_but_is_not_kept(client: FlaskClient) -> None:
    reply = client.get("/static/web/app.000000000000.css")
    assert reply.status_code == 200
    assert reply.headers["Cache-Control"] == "no-cache"


@pytest.mark.once
@pytest.mark.parametrize("path", ["web/nothing.css", "../config.py", "web/../../config.py", "web", ""])
def test_nothing_but_the_collected_files_is_served(client: FlaskClient, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404


@pytest.mark.once
def test_the_language_is_remembered_and_leads_back_to_the_page(client: FlaskClient) -> None:
    reply = client.get("/language/en?next=/privacy")
    assert (reply.status_code, reply.location) == (302, "/privacy")
    page = client.get("/privacy").text
    assert '<html lang="en">' in page
    assert "What we collect" in page
    client.get("/language/zh_Hans_CN")
    assert "收集什么" in client.get("/privacy", headers={"Accept-Language": "en"}).text


@pytest.mark.once
@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example", "/\\evil.example", "\t//evil.example", "x"]
)
def test_the_language_link_never_leads_to_another_site(client: FlaskClient, address: str) -> None:
    assert client.get("/language/en", query_string={"next": address}).location == "/"


@pytest.mark.once
def test_an_unknown_language_is_not_found(client: FlaskClient) -> None:
    assert client.get("/language/xx").status_code == 404


@pytest.mark.once
def test_pages_are_compressed_for_who_accepts_it(client: FlaskClient) -> None:
    reply = client.get("/privacy", headers={"Accept-Encoding": "gzip"})
    assert reply.headers["Content-Encoding"] == "gzip"
    assert "收集什么" in gzip.decompress(reply.data).decode()
    assert "Content-Encoding" not in client.get("/privacy", headers={"Accept-Encoding": "gzip;q=0"}).headers


def test_no_page_brings_inline_styles_or_handlers(client: FlaskClient) -> None:
    page = client.get("/privacy").text
    assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", page)
    assert "'unsafe-inline'" not in client.get("/privacy").headers["Content-Security-Policy"]


def test_an_error_page_stands_while_sql_is_away(app: Flask, cast: Cast, sign_in: Any, monkeypatch: Any) -> None:
    client = sign_in(app.test_client(), cast.lin)

    @app.get("/away")
    @access(PUBLIC)
    def away() -> str:
        raise OperationalError("select 1", {}, Exception("no SQL"))

    assert "林晓" in client.get("/privacy").text

    def no_sql(*_arguments: Any, **_names: Any) -> None:
        raise OperationalError("select 1", {}, Exception("no SQL"))

    with app.app_context():
        monkeypatch.setattr(db.session, "get", no_sql)
        monkeypatch.setattr(db.session, "scalar", no_sql)
        monkeypatch.setattr(db.session, "scalars", no_sql)
        monkeypatch.setattr(db.session, "execute", no_sql)
        reply = client.get("/away")
        missing = client.get("/nothing-here")
    assert reply.status_code == 503
    assert reply.headers["Retry-After"]
    assert "暂时无法访问" in reply.text
    assert "登录" not in reply.text  # nobody knows whether somebody is signed in
    assert missing.status_code == 404


def test_errors_are_json_for_programs(client: FlaskClient) -> None:
    reply = client.get("/nothing-here", headers={"Accept": "application/json"})
    assert reply.status_code == 404
    assert reply.json is not None
    assert reply.json["error"]["code"] == "not_found"


def test_staff_see_their_places_and_participants_none(app: Flask, cast: Cast, sign_in: Any) -> None:
    assert "主要栏目" in sign_in(app.test_client(), cast.qin).get("/privacy").text
    assert "主要栏目" not in sign_in(app.test_client(), cast.lin).get("/privacy").text


@pytest.mark.once
def test_an_unknown_icon_is_a_mistake() -> None:
    assert "<path" in icons.icon("trophy")
    with pytest.raises(KeyError):
        icons.icon("no-such-icon")


@pytest.mark.slow
@pytest.mark.once
def test_a_postgresql_that_takes_connections_and_says_nothing_is_not_waited_for_for_ever(new_site: NewSite) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        site = new_site(database_url=f"postgresql://quiz@127.0.0.1:{port}/quiz?connect_timeout=2")
        answer = site.test_client().get("/competitions/1")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
