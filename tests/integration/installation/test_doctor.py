"""`quizapp doctor` says what is wrong, and only that."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import create_engine, text

from quizapp.installation import doctor
from quizapp.installation.doctor import Finding
from tests.conftest import SECRET, Databases


@pytest.fixture
def environ(tmp_path: Path, databases: Databases, store: Redis, store_url: str) -> Iterator[dict[str, str]]:
    """An installation in order: a migrated database, and a store with the settings that it needs."""
    tmp_path.chmod(0o700)
    url = databases.new()
    if url.startswith("postgresql"):  # the tests' server is quick and forgetful otherwise
        engine = create_engine(url.replace("postgresql", "postgresql+psycopg", 1), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {engine.url.database} SET synchronous_commit = on"))
        engine.dispose()
    store.config_set("appendonly", "yes")
    yield {"QUIZ_DATA_DIR": str(tmp_path), "DATABASE_URL": url, "REDIS_URL": store_url, "SECRET_KEY": SECRET}
    store.config_set("appendonly", "no")
    store.config_set("maxmemory-policy", "noeviction")
    databases.drop(url)


def of_state(environ: dict[str, str], state: str) -> str:
    return "\n".join(finding.text for finding in doctor.findings(environ) if finding.state == state)


def test_an_installation_in_order_has_nothing_bad(environ: dict[str, str]) -> None:
    assert of_state(environ, "bad") == ""


def test_every_finding_is_said_in_both_languages(environ: dict[str, str]) -> None:
    for finding in doctor.findings({**environ, "QUIZ_BIND": "0.0.0.0:8000", "QUIZ_TRUSTED_PROXIES": "1"}):
        assert "。 " in finding.text, finding
        assert finding.text.endswith("."), finding


def test_a_database_without_tables_is_named_with_its_remedy(environ: dict[str, str], databases: Databases) -> None:
    url = databases.new_empty()
    assert "flask --app wsgi db upgrade" in of_state({**environ, "DATABASE_URL": url}, "bad")
    databases.drop(url)


def test_a_postgresql_that_forgets_is_bad(environ: dict[str, str]) -> None:
    asked = environ["DATABASE_URL"].startswith("postgresql")  # SQLite's settings are our own
    forgetful = environ["DATABASE_URL"] + ("&options=-c%20synchronous_commit%3Doff" if asked else "")
    assert ("synchronous_commit" in of_state({**environ, "DATABASE_URL": forgetful}, "bad")) == asked


def test_a_store_that_forgets_is_bad(environ: dict[str, str], store: Redis) -> None:
    store.config_set("appendonly", "no")
    store.config_set("maxmemory-policy", "allkeys-lru")
    said = of_state(environ, "bad")
    assert "appendonly yes" in said
    assert "maxmemory-policy noeviction" in said


@pytest.mark.parametrize(
    ("changes", "state", "words"),
    [
        ({"QUIZ_BIND": "0.0.0.0:8000"}, "bad", "QUIZ_PUBLIC_URL"),
        ({"QUIZ_BIND": "0.0.0.0:8000"}, "warning", "Plain HTTP: the sign-in cookie"),
        ({"QUIZ_PUBLIC_URL": "http://quiz.example"}, "warning", "Plain HTTP: the sign-in cookie"),
        ({"QUIZ_PUBLIC_URL": "https://quiz.example"}, "warning", "QUIZ_TRUSTED_PROXIES"),
        ({"QUIZ_PUBLIC_URL": "quiz.example"}, "bad", "begins with https://"),
        ({"QUIZ_BIND": "0.0.0.0:8000", "QUIZ_TRUSTED_PROXIES": "1"}, "warning", "forge an address"),
        ({"REDIS_URL": "redis://127.0.0.1:1"}, "bad", "REDIS_URL"),
        ({"REDIS_URL": "redis+cluster://127.0.0.1:1"}, "bad", "can't be reached"),
        ({"REDIS_URL": "redis+cluster://"}, "bad", "redis+cluster://host:port"),
        ({"QUIZ_STORE_REPLICAS": "1"}, "bad", "redis+cluster://host:port"),
        ({"SECRET_KEY": ""}, "warning", "SECRET_KEY and QUIZ_SIGNING_KEY not set"),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/quiz"}, "bad", "DATABASE_URL"),
        ({"QUIZ_NONSENSE": "1"}, "bad", "QUIZ_NONSENSE"),
        ({"QUIZ_BIND": "everywhere"}, "bad", "QUIZ_BIND"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_what_is_wrong_is_said(environ: dict[str, str], changes: dict[str, str], state: str, words: str) -> None:
    assert words in of_state({**environ, **changes}, state)


def test_a_store_that_anybody_may_flush_is_a_warning(environ: dict[str, str], store: Redis) -> None:
    assert "FLUSHALL" in of_state(environ, "warning")
    store.execute_command("ACL", "SETUSER", "default", "-flushall")  # type: ignore[no-untyped-call]
    try:
        assert "FLUSHALL" not in of_state(environ, "warning")
    finally:
        store.execute_command("ACL", "SETUSER", "default", "+flushall")  # type: ignore[no-untyped-call]


def test_an_open_data_folder_is_a_warning(environ: dict[str, str], tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert "chmod 700" in of_state(environ, "warning")


def test_a_proxy_with_https_in_front_is_in_order(environ: dict[str, str]) -> None:
    behind = {"QUIZ_PUBLIC_URL": "https://quiz.example", "QUIZ_TRUSTED_PROXIES": "1"}
    said = [finding for finding in doctor.findings({**environ, **behind}) if finding.state != "good"]
    assert [finding for finding in said if "HTTP" in finding.text or "PROXIES" in finding.text] == []


def test_the_exit_status_tells_good_from_bad(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "findings", lambda: iter([Finding("good", "a。 a."), Finding("warning", "b。 b.")]))
    assert doctor.examine() == 0
    monkeypatch.setattr(doctor, "findings", lambda: iter([Finding("bad", "c。 c.")]))
    assert doctor.examine() == 1
    assert capsys.readouterr().out.splitlines() == ["✓ a。 a.", "! b。 b.", "✗ c。 c."]
