"""The settings: read once, refused with a sentence when they make no sense."""

from pathlib import Path

import pytest

from quizapp.config import Settings, SettingsError, read_settings

SECRET = "sixteen characters or more"
PATIENCE = "connect_timeout=5&tcp_user_timeout=20000&keepalives_idle=10&keepalives_interval=5&keepalives_count=2"
OWN = "connect_timeout=9"


def test_a_secret_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first = read_settings({"QUIZ_DATA_DIR": str(tmp_path)})
    again = read_settings({"QUIZ_DATA_DIR": str(tmp_path)})
    other = read_settings({"QUIZ_DATA_DIR": str(tmp_path / "other")})
    assert first.secret_key == again.secret_key
    assert first.secret_key != other.secret_key
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert (tmp_path / "other").stat().st_mode & 0o077 == 0


def test_the_secret_is_not_shown(tmp_path: Path) -> None:
    settings = read_settings({"QUIZ_DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET})
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"QUIZ_COLOUR": "red"}, "QUIZ_COLOUR"),
        ({"QUIZ_WEB_WORKERS": "0"}, "QUIZ_WEB_WORKERS"),
        ({"QUIZ_TRUSTED_PROXIES": "-1"}, "QUIZ_TRUSTED_PROXIES"),
        ({"QUIZ_DEMO": "perhaps"}, "QUIZ_DEMO"),
        ({"QUIZ_STORE_FSYNC": "no"}, "QUIZ_STORE_FSYNC"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
    ],
)
def test_what_makes_no_sense_is_named(tmp_path: Path, environ: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_settings({"QUIZ_DATA_DIR": str(tmp_path), **environ})


def test_an_empty_value_means_the_default(tmp_path: Path) -> None:
    settings = read_settings({"QUIZ_DATA_DIR": str(tmp_path), "REDIS_URL": "", "QUIZ_BIND": ""})
    assert settings.embedded_redis
    assert settings.bind == "127.0.0.1:8000"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("postgresql://u@h/d", f"postgresql+psycopg://u@h/d?{PATIENCE}"),
        ("postgres://u@h/d", f"postgresql+psycopg://u@h/d?{PATIENCE}"),
        ("postgresql+psycopg://u@h/d", f"postgresql+psycopg://u@h/d?{PATIENCE}"),
        ("postgresql://h/d?sslmode=require", f"postgresql+psycopg://h/d?sslmode=require&{PATIENCE}"),
        (f"postgresql://h/d?{OWN}", f"postgresql+psycopg://h/d?{OWN}&{PATIENCE.partition('&')[2]}"),
        ("sqlite:////srv/quiz.sqlite3", "sqlite:////srv/quiz.sqlite3"),
    ],
)
def test_a_database_url_as_people_write_it(given: str, meant: str) -> None:
    assert Settings(database_url=given).sql_url == meant


@pytest.mark.parametrize(
    ("store", "limits"),
    [("redis://h:6379/0", "redis://h:6379/0"), ("unix:///s/store.sock", "redis+unix:///s/store.sock")],
)
def test_the_limits_library_gets_its_own_spelling(store: str, limits: str) -> None:
    assert Settings(redis_url=store).limits_url == limits


def test_the_data_folder_is_absolute_wherever_a_process_stands() -> None:
    assert Settings().data_dir.is_absolute()
    assert Settings(data_dir=Path("elsewhere")).data_dir.is_absolute()


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, True),
        ({"QUIZ_PUBLIC_URL": "https://quiz.example.cn"}, False),
        ({"REDIS_URL": "redis://h:6379/0"}, False),
        ({"QUIZ_DEMO": "0"}, False),
        ({"QUIZ_DEMO": "1", "QUIZ_PUBLIC_URL": "https://quiz.example.cn"}, True),
    ],
)
def test_made_up_people_come_only_to_who_tries_the_program_out(
    tmp_path: Path, environ: dict[str, str], wanted: bool
) -> None:
    assert read_settings({"QUIZ_DATA_DIR": str(tmp_path), **environ}).wants_demo is wanted
