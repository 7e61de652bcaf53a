"""Two applications in one process: the later one's redactor, place and counter replace the earlier one's."""

import logging
from collections.abc import Iterator

import pytest

from service.telemetry import REDACTION_DROPS
from service.telemetry.logs import JsonLines
from service.telemetry.redactor import MAX_CHARACTERS
from service.telemetry.telemetry_loss import LOSS_LINES, TelemetryLoss
from tests.unit.service.conftest import Create
from tests.unit.service.fakes import RecordedMetrics


@pytest.fixture
def handler() -> Iterator[logging.Handler]:
    """Provide a handler that writes JSON lines, as in the image."""
    handler = logging.NullHandler()
    handler.setFormatter(JsonLines())
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def drops(metrics: RecordedMetrics) -> int:
    return len(metrics.named(REDACTION_DROPS.name))


def test_each_application_redacts_and_counts_with_its_own_parts(
    create: Create, metrics: RecordedMetrics, handler: logging.Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = logging.LogRecord("service", logging.INFO, "", 0, "x" * (MAX_CHARACTERS + 1), None, None)
    create()
    assert handler.formatter and "[dropped]" in handler.formatter.format(record)
    assert drops(metrics) == 1
    monkeypatch.setenv("K_REVISION", "llm-api-00002-xyz")
    create()
    assert '"revision": "llm-api-00002-xyz"' in handler.formatter.format(record)
    assert drops(metrics) == 2


def test_one_counter_watches_for_lost_telemetry(create: Create) -> None:
    create()
    create()
    for name in LOSS_LINES:
        assert [type(other) for other in logging.getLogger(name).filters].count(TelemetryLoss) == 1
