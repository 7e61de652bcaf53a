"""JSON lines on stdout, where Datadog's agent in the container reads them. ddtrace adds the trace's ids by itself."""

import logging
import traceback
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from service.redactor import redactor

NO_TRACE = {"dd.trace_id", "dd.span_id"}
PLACE: dict[str, str] = {}
"""Where the process runs (service/infrastructure.py): on each of its lines."""
QUIET = ("httpx", "google_genai", "google.auth", "urllib3")
"""Libraries that say at INFO what spans say better."""


class JsonLines(JsonFormatter):
    """One JSON object a line; text of exceptions' messages stays out, since it may quote a prompt."""

    def __init__(self) -> None:
        super().__init__(
            ("levelname", "name", "message"),
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp=True,
        )

    def formatException(self, ei: Any) -> str:
        """The exception's type and the place where it was raised."""
        kind, _, frames = ei
        return "".join([*traceback.format_tb(frames), kind.__name__ if kind else ""])

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Leave out ids where there is no trace, and whatever is private."""
        shown = PLACE | {key: value for key, value in log_data.items() if key not in NO_TRACE or value not in {"0", 0}}
        cleaned: dict[str, Any] = redactor.value(shown)
        return cleaned


CONFIGURATION: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "service.logs.JsonLines"}},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"}},
    "root": {"level": "INFO", "handlers": ["stdout"]},
    "loggers": {
        # gunicorn's own would write past the root logger, and its access lines repeat the application's.
        "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
        "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": True},
        **{name: {"level": "WARNING"} for name in QUIET},
    },
}
"""For :func:`logging.config.dictConfig`."""

log = logging.getLogger("service")
