"""Gunicorn's configuration: `gunicorn -c python:quizapp.installation.web_server wsgi:asgi`, which is what `quizapp web` runs.

Every name below is a setting of gunicorn's. A plain `gunicorn wsgi:app` works without them.
"""

import gc
import signal
from typing import Any

from gunicorn import version_info
from gunicorn.glogging import Logger

from quizapp.config import read_settings
from quizapp.installation.children import end_with_parent
from quizapp.installation.logs import logging_settings

_settings = read_settings()


class _Log(Logger):
    """gunicorn's log without its access log, which it would prepare, at a tenth of an answer's cost, only to drop it."""

    access_log_enabled = False


bind = _settings.bind
# It rests on names of gunicorn's own: with another version plain ASGI serves, at half the speed.
worker_class = "quizapp.installation.web_worker.Worker" if version_info[:2] == (27, 0) else "asgi"
http_parser = "python"  # what the worker goes by; "auto" would take another where one is installed by chance
asgi_loop = "uvloop"
workers = _settings.web_workers
preload_app = True  # imported once, not once a worker: seconds of each start. Nothing is connected at import
keepalive = 15
graceful_timeout = 8  # an idle kept-alive connection holds a stop for this long at most
timeout = 60
control_socket_disable = True
logger_class = _Log
logconfig_dict = logging_settings()
proc_name = "quizapp-web"


def post_fork(_arbiter: Any, worker: Any) -> None:
    """A worker never outlives its master, which it would notice only after a second by itself."""
    end_with_parent(worker.ppid, signal.SIGTERM)
    gc.freeze()  # what was imported lives as long as the worker: no collection looks through half a million objects again
