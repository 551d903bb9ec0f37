"""Logs: one JSON object a line, on standard error, from our code and from gunicorn alike."""

import logging
import logging.config
from typing import Any

import structlog

from quizapp.log_lines import add_request, redact


def logging_settings() -> dict[str, Any]:
    """What `logging.config.dictConfig` takes; gunicorn takes the same."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [
                    structlog.stdlib.add_log_level,
                    structlog.stdlib.add_logger_name,
                    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
                    structlog.processors.format_exc_info,
                    add_request,
                    redact,
                ],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.EventRenamer("message"),
                    structlog.processors.JSONRenderer(ensure_ascii=False),
                ],
            }
        },
        "handlers": {"error": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": "INFO", "handlers": ["error"]},
        "loggers": {
            "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
            "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": True},
            "alembic": {"level": "WARNING"},
        },
    }


def configure_logging() -> None:
    """Log like that from now on."""
    logging.config.dictConfig(logging_settings())
