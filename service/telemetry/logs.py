"""JSON lines on stdout, where Datadog's agent in the container reads them. ddtrace adds the trace's ids by itself."""

import logging
import traceback
from collections.abc import Mapping
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from service.telemetry import last_seen
from service.telemetry.redactor import Redactor

TRACE_IDS = {"dd.trace_id", "dd.span_id"}
QUIET = ("httpx", "google_genai", "google.auth", "urllib3")
"""Libraries whose INFO lines repeat what spans show."""


class JsonLines(JsonFormatter):
    """One redacted JSON object for each line. ``place`` is where the process runs; it stands on every line."""

    def __init__(self, redactor: Redactor | None = None, place: Mapping[str, str] | None = None) -> None:
        super().__init__(
            ("levelname", "name", "message"),
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp=True,
        )
        self._redactor = redactor or Redactor()
        self._place = dict(place or {})

    def formatException(self, ei: Any) -> str:
        """Return the exception's type and frames. Its message may quote a prompt, so it is left out."""
        kind, _, frames = ei
        return "".join([*traceback.format_tb(frames), kind.__name__ if kind else ""])

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Return the line with the place, without ids where there is no trace, redacted."""
        last_seen.note("Logs")
        fields = {key: value for key, value in log_data.items() if key not in TRACE_IDS or value not in {"0", 0}}
        redacted: dict[str, Any] = self._redactor.redact_json(self._place | fields)
        return redacted


def use_formatter(formatter: JsonLines) -> None:
    """Let the handlers that write JSON lines use this formatter from now on."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, JsonLines):
            handler.setFormatter(formatter)


CONFIGURATION: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "service.telemetry.logs.JsonLines"}},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"}},
    "root": {"level": "INFO", "handlers": ["stdout"]},
    "loggers": {
        # gunicorn's own would write past the root logger, and its access lines repeat the application's.
        "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
        "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": True},
        **{name: {"level": "WARNING"} for name in QUIET},
    },
}
"""For :func:`logging.config.dictConfig`, before there is an application: :func:`use_formatter` adds what it knows."""
