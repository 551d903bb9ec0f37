"""Settings: one frozen, typed object, read once from the environment.

What a competition decides (its window, its rules) is data in SQL and never a setting.
"""

import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

PREFIX = "QUIZ_"
SEED = re.compile(r"[0-9a-fA-F]{64}")
# How long a PostgreSQL that hangs or vanishes is waited for, in libpq's words (s, but tcp_user_timeout in ms).
SQL_PATIENCE = {
    "connect_timeout": 5,
    "tcp_user_timeout": 20_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}
SHARED_NAMES = {"database_url": "DATABASE_URL", "redis_url": "REDIS_URL", "secret_key": "SECRET_KEY"}


class SettingsError(Exception):
    """The environment holds a setting that stops the start; the message is a sentence for people."""


class Settings(BaseModel):
    """Every setting, its unit in its name. `read_settings` is the way to make one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: str = ""
    redis_url: str = ""
    secret_key: str = Field(default="", repr=False)
    signing_key: str = Field(default="", repr=False)
    data_dir: Path = Field(default=Path("var"), validate_default=True)
    bind: str = "127.0.0.1:8000"
    public_url: str = ""
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    web_workers: int = Field(default=2, ge=1, le=64)
    web_threads: int = Field(default=8, ge=1, le=256)
    max_upload_bytes: int = Field(default=8 * 1024 * 1024, ge=1024)
    store_fsync: Literal["everysec", "always"] = "everysec"
    store_replicas: int = Field(default=0, ge=0, le=5)
    demo: bool | None = None
    metrics_token: str = Field(default="", min_length=16, repr=False)

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("signing_key")
    @classmethod
    def _seed(cls, value: str) -> str:
        if value and not SEED.fullmatch(value):
            raise ValueError("64 hexadecimal digits are needed, as openssl rand -hex 32 makes them")
        return value

    @property
    def embedded_database(self) -> bool:
        """Whether SQL is the SQLite file in the data folder."""
        return not self.database_url

    @property
    def embedded_redis(self) -> bool:
        """Whether the Redis-compatible server is the one that `quizapp up` starts."""
        return not self.redis_url

    @property
    def wants_demo(self) -> bool:
        """Whether an empty database is filled with the demo: as `demo` says, else where people only try the program out."""
        if self.demo is not None:
            return self.demo
        return self.embedded_database and self.embedded_redis and not self.public_url

    @property
    def sql_url(self) -> str:
        """The SQLAlchemy URL in force; a plain `postgresql://` means psycopg 3, with SQL_PATIENCE where it says nothing else."""
        if self.embedded_database:
            return f"sqlite:///{self.data_dir / 'quiz.sqlite3'}"
        url = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", self.database_url)
        if not url.startswith("postgresql"):
            return url
        query = url.partition("?")[2]
        said = dict(parse_qsl(query, keep_blank_values=True))
        unsaid = urlencode({name: value for name, value in SQL_PATIENCE.items() if name not in said})
        return f"{url}{'&' if query else '?'}{unsaid}"

    @property
    def store_socket(self) -> Path:
        """The unix socket of the embedded Redis-compatible server."""
        return self.data_dir / "store" / "store.sock"

    @property
    def limits_url(self) -> str:
        """The store of the rate limits, as the limits library spells it (`extensions.ClusterLimits` for a cluster)."""
        if "+cluster://" in self.store_url:
            return f"limits+{self.store_url}"
        return f"redis+{self.store_url}" if self.store_url.startswith("unix://") else self.store_url

    @property
    def store_url(self) -> str:
        """The redis-py URL in force."""
        return f"unix://{self.store_socket}" if self.embedded_redis else self.redis_url


def read_settings(environ: dict[str, str] | None = None) -> Settings:
    """Read the settings from `environ` (the process environment by default).

    Raises SettingsError for an unknown `QUIZ_…` name or a value that makes no sense. Without `SECRET_KEY` a secret is
    read from, or made in, the data folder: there is no default secret that two installations could share.
    """
    env = dict(os.environ if environ is None else environ)
    known = {SHARED_NAMES.get(name, f"{PREFIX}{name.upper()}"): name for name in Settings.model_fields}
    unknown = sorted(name for name in env if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise SettingsError(
            f"不认识的设置 {', '.join(unknown)}；可用的设置见 README。"
            f" Unknown setting {', '.join(unknown)}: see the README for those there are."
        )
    values = {field: env[name] for name, field in known.items() if env.get(name)}
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        name = SHARED_NAMES.get(field, f"{PREFIX}{field.upper()}")
        raise SettingsError(
            f"设置 {name} 的值无法使用：{first['msg']}。 The value of {name} makes no sense: {first['msg']}."
        ) from error
    if settings.store_replicas and "+cluster://" not in settings.redis_url:
        raise SettingsError(
            "QUIZ_STORE_REPLICAS 只用于 Redis Cluster（REDIS_URL 写作 redis+cluster://主机:端口,主机:端口）。"
            " QUIZ_STORE_REPLICAS is for a Redis Cluster, whose REDIS_URL is written redis+cluster://host:port,host:port."
        )
    if settings.embedded_database or not settings.secret_key:
        _make_folder(settings.data_dir)
    if not settings.secret_key:
        settings = settings.model_copy(
            update={"secret_key": _own_secret(settings.data_dir / "secret_key", lambda: secrets.token_urlsafe(48))}
        )
    elif len(settings.secret_key) < 16:
        raise SettingsError("SECRET_KEY 太短，至少 16 个字符。 SECRET_KEY is too short: 16 characters at least.")
    return settings


def _make_folder(data_dir: Path) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        writable = os.access(data_dir, os.R_OK | os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if not writable:
        raise SettingsError(
            f"数据目录 {data_dir} 无法创建或写入；请检查权限，或用 QUIZ_DATA_DIR 指定另一个目录。"
            f" The data folder {data_dir} can't be made or written: see its permissions, or name another with"
            " QUIZ_DATA_DIR."
        )


def signing_seed(settings: Settings) -> bytes:
    """The secret of the key that signs receipts: as set, else from the data folder, where it is made at its first use.

    Raises SettingsError if it can't be made, or is no key.
    """
    if settings.signing_key:
        return bytes.fromhex(settings.signing_key)
    _make_folder(settings.data_dir)
    path = settings.data_dir / "signing_key"
    found = _own_secret(path, lambda: secrets.token_hex(32)).strip()
    if not SEED.fullmatch(found):
        raise SettingsError(
            f"签名密钥文件 {path} 已损坏：请从备份恢复，或移走后重新启动，系统会生成新的密钥。"
            f" The signing key in {path} is damaged: bring it back from a backup, or move it away to have a new one made."
        )
    return bytes.fromhex(found)


def _own_secret(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(make())
        try:  # a link appears whole or not at all, so two starts at once agree on one secret
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()
