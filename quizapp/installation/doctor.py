"""`quizapp doctor`: says what is wrong with an installation, in sentences. It changes nothing."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from quizapp.config import Settings, SettingsError, read_settings
from quizapp.grader.cluster import ClusterClient, connect
from quizapp.installation.checks import (
    LOOPBACK,
    CannotStart,
    check_database,
    check_store,
    database_revisions,
    split_bind,
)
from quizapp.installation.store import StoreError, find_server

PACKAGE = Path(__file__).resolve().parent.parent
LOW_DISK_BYTES = 1024**3
CLOCK_DIFFERENCE_MS = 1000
MARKS = {"good": "✓", "warning": "!", "bad": "✗"}


@dataclass(frozen=True)
class Finding:
    """What one check found: good, warning (it works, but), or bad (it will not work)."""

    state: str
    text: str


def examine() -> int:
    """Print every finding. Returns 1 if one of them is bad, otherwise 0."""
    bad = False
    for finding in findings():
        print(MARKS[finding.state], finding.text, flush=True)
        bad |= finding.state == "bad"
    return int(bad)


def findings(environ: dict[str, str] | None = None) -> Iterator[Finding]:
    """What the checks find, in their order."""
    try:
        settings = read_settings(environ)
        split_bind(settings.bind)
    except (SettingsError, CannotStart) as error:
        yield Finding("bad", str(error))
        return
    yield Finding("good", "设置可以使用。 The settings can be used.")
    yield from _data_folder(settings)
    yield from _database(settings)
    yield from _store(settings)
    yield from _keys(settings)
    yield from _addresses(settings)
    yield from _files()


def _data_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    yield Finding("good", f"数据目录 {folder} 可以写入。 The data folder can be written.")
    if folder.stat().st_mode & 0o077:
        yield Finding(
            "warning",
            f"数据目录 {folder} 对其他用户开放，里面有密钥和成绩；请运行 chmod 700。"
            " The data folder is open to other users of this machine and holds secrets: chmod 700 it.",
        )
    if (folder / "rehearsal").exists():
        yield Finding(
            "warning",
            "数据目录里有预演的数据：预演正在进行，或上次中断了。下一次预演会清除它，也可以运行 quizapp rehearse --clean。"
            " There is data of a rehearsal: one is running, or was killed. The next clears it away, or quizapp rehearse"
            " --clean.",
        )
    free = shutil.disk_usage(folder).free
    if free < LOW_DISK_BYTES:
        yield Finding(
            "warning",
            f"数据目录所在磁盘只剩 {free // 1024**2} MB；磁盘写满时作答会被拒绝。"
            " The disk of the data folder is nearly full; when it is, answers are refused.",
        )


def _database(settings: Settings) -> Iterator[Finding]:
    if settings.embedded_database and not (settings.data_dir / "quiz.sqlite3").exists():
        yield Finding(
            "bad",
            "数据库还没有建立：请运行 flask --app wsgi db upgrade（make run 会自动完成）。"
            " There is no database yet: run flask --app wsgi db upgrade (make run does).",
        )
        return
    try:
        check_database(settings)
    except CannotStart as error:
        yield Finding("bad", str(error))
        return
    try:
        current, head = database_revisions(settings)
    except SQLAlchemyError as error:
        yield Finding("bad", f"数据库无法读取：{type(error).__name__}。 The database can't be read.")
        return
    if current != head:
        yield Finding(
            "bad",
            f"数据库结构的版本是 {current or '空'}，程序需要 {head}：请运行 flask --app wsgi db upgrade。"
            f" The database is at version {current or 'none'} and the program needs {head}: run flask --app wsgi db upgrade.",
        )
    else:
        yield Finding("good", f"数据库可以访问，结构是最新的（{head}）。 The database answers and is up to date.")
    if settings.sql_url.startswith("postgresql"):
        yield from _commits(settings)
    if settings.embedded_database:
        yield Finding(
            "good",
            "数据库是内置的 SQLite，适合一台机器；全省规模请用 DATABASE_URL 接 PostgreSQL。"
            " SQL is the embedded SQLite, for one machine; use PostgreSQL (DATABASE_URL) for a province.",
        )


def _commits(settings: Settings) -> Iterator[Finding]:
    """Whether a commit that has returned is on the disk: the store forgets an answer after it."""
    engine = create_engine(settings.sql_url)
    try:
        with engine.connect() as connection:
            if connection.scalar(text("SHOW synchronous_commit")) == "off":
                yield Finding(
                    "bad",
                    "PostgreSQL 设置了 synchronous_commit = off：它崩溃时会丢失刚落库的作答，而存储已不再保留。请设为 on。"
                    " PostgreSQL has synchronous_commit = off: a crash would lose answers that the store has let go after their"
                    " commit. Set it on.",
                )
    finally:
        engine.dispose()


def _store(settings: Settings) -> Iterator[Finding]:
    if settings.embedded_redis:
        try:
            find_server()
        except StoreError as error:
            yield Finding("bad", str(error))
            return
        if not settings.store_socket.exists():
            yield Finding(
                "warning",
                "内置存储现在没有运行（quizapp up 会启动它）。 The embedded store is not running (quizapp up starts it).",
            )
            return
    try:
        check_store(settings.store_url)
    except CannotStart as error:
        yield Finding("bad", str(error))
        return
    client = connect(settings.store_url, socket_timeout=5, decode_responses=True)
    try:
        if isinstance(client, ClusterClient):
            yield from _cluster(client, settings)
        else:
            yield from _store_settings(client)
    except RedisError as error:
        yield Finding(
            "warning",
            f"无法查询存储服务器的设置（{type(error).__name__}），请自行确认 appendonly yes 与 maxmemory-policy noeviction。"
            " The store does not tell its settings: see yourself to appendonly yes and maxmemory-policy noeviction.",
        )
    finally:
        client.close()


def _cluster(cluster: ClusterClient, settings: Settings) -> Iterator[Finding]:
    """Each node as a store of its own (any of them may become a master), then what concerns all."""
    for (host, port), node in cluster.nodes().items():
        for finding in _store_settings(node):
            yield Finding(finding.state, f"{host}:{port} {finding.text}")
    masters: list[Any] = list(cluster.masters())
    replicas = min(master.info("replication")["connected_slaves"] for master in masters)
    if replicas < max(1, settings.store_replicas):
        yield Finding(
            "bad" if settings.store_replicas else "warning",
            f"集群中有主节点只有 {replicas} 个从节点（QUIZ_STORE_REPLICAS={settings.store_replicas}）："
            "从节点不足时不确认作答，主节点故障时其作答全部停止。请增加从节点。"
            f" A master of the cluster has {replicas} replicas: with fewer than QUIZ_STORE_REPLICAS nothing is acknowledged, and"
            " with none nobody takes its place. Add replicas.",
        )
    if not settings.store_replicas:
        yield Finding(
            "warning",
            "QUIZ_STORE_REPLICAS 为 0：主节点故障、从节点接替时，尚未复制的作答会丢失，虽然已显示“已保存”。请设为 1。"
            " QUIZ_STORE_REPLICAS is 0: when a replica takes its master's place, acknowledged answers that it had not got are"
            " lost. Set it to 1.",
        )
    if any(m.config_get("cluster-require-full-coverage")["cluster-require-full-coverage"] == "yes" for m in masters):
        yield Finding(
            "warning",
            "集群设置了 cluster-require-full-coverage yes：一个主节点故障，所有人都不能作答。请设为 no。"
            " The cluster has cluster-require-full-coverage yes: one master away stops everybody. Set it to no.",
        )


def _store_settings(client: Any) -> Iterator[Finding]:
    server = client.info("server")
    version = str(server.get("valkey_version") or server["redis_version"])
    if int(version.split(".")[0]) < 7:
        yield Finding(
            "bad",
            f"存储服务器版本 {version} 太旧，需要 7.0 以上。 The store is version {version}: 7.0 at least is needed.",
        )
    else:
        yield Finding("good", f"存储服务器可以访问，版本 {version}。 The store answers, version {version}.")
    before = time.time_ns() // 1_000_000
    seconds, micros = client.time()
    middle = (before + time.time_ns() // 1_000_000) // 2
    difference = int(seconds) * 1000 + int(micros) // 1000 - middle
    if abs(difference) > CLOCK_DIFFERENCE_MS:
        yield Finding(
            "warning",
            f"存储服务器的时钟与本机相差 {difference} 毫秒；截止时间以存储服务器为准，请校准两台机器的时间。"
            f" The store's clock differs from this machine's by {difference} ms; deadlines follow the store's: set both right.",
        )
    if client.config_get("appendonly").get("appendonly") != "yes":
        yield Finding(
            "bad",
            "存储服务器没有开启 appendonly：它一重启，未落库的作答就会丢失。请设置 appendonly yes。"
            " The store keeps no append-only file: a restart would lose answers. Set appendonly yes.",
        )
    if client.config_get("maxmemory-policy").get("maxmemory-policy") != "noeviction":
        yield Finding(
            "bad",
            "存储服务器内存不足时会丢弃数据。请设置 maxmemory-policy noeviction。"
            " The store would forget data when memory runs out. Set maxmemory-policy noeviction.",
        )
    account = client.execute_command("ACL", "WHOAMI")
    if client.execute_command("ACL", "DRYRUN", account, "FLUSHALL") == "OK":
        yield Finding(
            "warning",
            f"存储账号 {account} 可以执行 FLUSHALL：误操作会丢失已保存而未落库的作答。请用 ACL 禁用 flushall、swapdb、debug。"
            f" The store's account {account} may FLUSHALL, which loses answers that are saved and not recorded yet: forbid it"
            " flushall, swapdb and debug by ACL.",
        )


def _keys(settings: Settings) -> Iterator[Finding]:
    """Whether other hosts can know what this one signs: stores of their own are there for several."""
    if settings.embedded_database or settings.embedded_redis:
        return
    own = settings.data_dir / "secret_key"
    made = ["SECRET_KEY"] if own.exists() and own.read_text() == settings.secret_key else []
    made += [] if settings.signing_key else ["QUIZ_SIGNING_KEY"]
    if made:
        yield Finding(
            "warning",
            f"没有设置 {'、'.join(made)}，本机自行生成。若有多台网站主机：登录、凭证和收据在其他主机上无效，请每台设置相同的值。"
            f" {' and '.join(made)} not set: this host has made its own. With several web hosts, sign-ins, tickets and receipts of"
            " one hold at no other: set the same on each.",
        )


def _addresses(settings: Settings) -> Iterator[Finding]:
    host, _ = split_bind(settings.bind)
    beyond = host not in LOOPBACK
    secure = settings.public_url.startswith("https://")
    if beyond and not settings.public_url:
        yield Finding(
            "bad",
            f"网站对外监听（{settings.bind}），但没有设置 QUIZ_PUBLIC_URL：海报和二维码里的链接手机打不开。"
            " The site listens beyond this machine without QUIZ_PUBLIC_URL: no phone can follow its links and QR codes.",
        )
    if settings.public_url and not settings.public_url.startswith(("http://", "https://")):
        yield Finding("bad", "QUIZ_PUBLIC_URL 应以 https:// 开头。 QUIZ_PUBLIC_URL begins with https://.")
    elif (beyond or settings.public_url) and not secure:
        yield Finding(
            "warning",
            "没有使用 HTTPS：登录 Cookie 没有 Secure 标记，同一网络中的人可以截获它并冒用账号。请放在 HTTPS 反向代理之后。"
            " Plain HTTP: the sign-in cookie is sent unprotected, and whoever shares the network can take it over."
            " Put the site behind a proxy with HTTPS.",
        )
    if secure and not settings.trusted_proxies:
        yield Finding(
            "warning",
            "使用 HTTPS 却没有设置 QUIZ_TRUSTED_PROXIES：所有人会显得来自代理一个地址，登录限制会误伤。一层代理请设为 1。"
            " HTTPS without QUIZ_TRUSTED_PROXIES: everybody seems to come from the proxy's address, and sign-in limits hit"
            " them together. Behind one proxy set it to 1.",
        )
    if settings.trusted_proxies and beyond:
        yield Finding(
            "warning",
            "设置了 QUIZ_TRUSTED_PROXIES 又对外监听：绕过代理的人可以伪造来源地址。请只监听代理能到达的地址。"
            " QUIZ_TRUSTED_PROXIES while listening beyond this machine: whoever goes round the proxy can forge an address."
            " Listen only where the proxy reaches.",
        )


def _files() -> Iterator[Finding]:
    stale = [
        source
        for source in PACKAGE.glob("*/translations/*/LC_MESSAGES/*.po")
        if not source.with_suffix(".mo").exists() or source.with_suffix(".mo").stat().st_mtime < source.stat().st_mtime
    ]
    if stale:
        yield Finding(
            "warning",
            f"有 {len(stale)} 份英文翻译没有编译，请运行 make prepare。"
            f" {len(stale)} English translations are not compiled: run make prepare.",
        )
    else:
        yield Finding("good", "翻译都已编译。 All translations are compiled.")
    if find_spec("pylopdf_fonts_zh_cn") is None:
        yield Finding(
            "bad", "缺少中文字体包，请重新运行 make prepare。 The Chinese font is missing: run make prepare again."
        )
