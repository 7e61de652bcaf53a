"""Only what is declared can be sent, and only in the form that Cloud Run's agent takes."""

import pytest

from service.telemetry import CHAT_COST, CHAT_REQUESTS, EMITTED, METRICS, REQUEST_HITS, SENT_AS
from service.telemetry.emission import Emitter, Undeclared
from tests.unit.service.fakes import RecordedMetrics

GOOD = {
    "model": "gemini-3.8-flash", "outcome": "ok", "stream": "true", "cached": "false", "route": "/v1/chat",
    "feature": "api",
}  # fmt: skip


def test_a_count_is_sent_as_a_distribution() -> None:
    sent = RecordedMetrics()
    Emitter(sent).emit(CHAT_REQUESTS, 1, **GOOD)
    assert sent.values == [("llm.chat.requests", 1, [f"{key}:{value}" for key, value in GOOD.items()])]


@pytest.mark.parametrize(
    "tags",
    [{}, GOOD | {"caller": "me"}, {key: GOOD[key] for key in GOOD if key != "model"}, GOOD | {"outcome": "fine"}],
)
def test_tags_are_exactly_the_declared_ones(tags: dict[str, str]) -> None:
    with pytest.raises(Undeclared, match=r"llm\.chat\.requests"):
        Emitter(RecordedMetrics()).emit(CHAT_REQUESTS, 1, **tags)


def test_a_derived_metric_is_never_sent() -> None:
    with pytest.raises(Undeclared, match="not declared as emitted"):
        Emitter(RecordedMetrics()).emit(REQUEST_HITS, 1, resource_name="GET /", **{"http.status_code": "200"})


def test_the_contract_has_no_name_twice_and_says_where_the_rest_comes_from() -> None:
    assert len({metric.name for metric in EMITTED}) == len(EMITTED)
    assert {metric.type for metric in EMITTED} == set(SENT_AS.values())
    for metric in METRICS.values():
        assert (metric.source == "emitted") == (not metric.origin)
        assert not metric.percentiles or metric.type == "distribution"
        assert {"env", "service", "version"} <= metric.all_tags.keys()
        assert all(bool(tag.values) != bool(tag.bounded_by) for tag in metric.all_tags.values())
    assert METRICS["llm.chat.cost"] is CHAT_COST
