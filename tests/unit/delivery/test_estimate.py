"""A month's bill follows from the program, the contract and the traffic; every price has a page and a date."""

import json
from datetime import date

import pytest
import yaml
from typer.testing import CliRunner

from firedrill.cli.delivery import app
from firedrill.delivery.estimate import PRICES, Traffic, config_commands, estimate, read_preset, series, total
from firedrill.errors import KnownFailure
from tests.conftest import ROOT

TRAFFIC = Traffic(chats=1000, sessions=200, tokens_in=400, tokens_out=250)


def test_every_price_has_its_page_and_its_day() -> None:
    for name, row in yaml.safe_load(PRICES.read_text())["prices"].items():
        assert row["page"].startswith("https://"), name
        assert date(2026, 1, 1) <= row["read"] <= date.today(), name
        assert row["dollars"] > 0 and row["per"] > 0 and row["unit"], name


def test_series_are_counted_by_the_values_of_tags_and_at_most_by_what_happens_in_an_hour() -> None:
    metric = {"type": "distribution", "percentiles": True, "tags": {"env": 0, "model": 0, "outcome": 8, "stream": 2}}
    assert series(metric, 3, float("inf")) == 1 * 3 * 8 * 2 * (5 + 5)
    assert series(metric, 3, 10) == 10 * 10
    assert series({**metric, "type": "count", "percentiles": False}, 3, float("inf")) == 48


@pytest.fixture(scope="module")
def dev() -> dict[str, float]:
    """Return the dollars by product of the stack dev, whose placeholders have no price."""
    dollars: dict[str, float] = {}
    for line in estimate(ROOT, "dev", TRAFFIC, {}):
        dollars[line.product] = dollars.get(line.product, 0) + line.dollars
    return dollars


def test_a_month_of_dev_line_by_line(dev: dict[str, float]) -> None:
    # /health each minute from three places; a chat of two steps, keys in three and a page each quarter of an hour.
    api = (30.4 * 1440 + 30.4 * 96 * (2 + 3)) * 3 / 10_000 * 5
    assert dev["Synthetics"] == pytest.approx(api + 30.4 * 96 * 3 / 1000 * 12)
    chats = 1000 * 30.4 + 30.4 * 96 * 3 * (2 + 1)  # those of the tests too: keys are shown without one
    assert dev["LLM Observability"] == pytest.approx(chats / 10_000 * 8)
    seconds = 30.4 * 86400
    assert dev["Cloud Run"] == pytest.approx((seconds - 240_000) * 1.8e-5 + (seconds - 450_000) * 2e-6)
    assert dev["On-Call"] == 20
    products = {"Metrics", "Logs", "APM", "LLM Observability", "RUM", "Gemini: chats", "Sensitive Data Scanner"}
    assert products <= dev.keys()
    assert "Gemini: judges" not in dev, "dev names no judgeAccount: its judges are off"


def test_twice_the_traffic_costs_more_and_the_tests_the_same(dev: dict[str, float]) -> None:
    lines = estimate(ROOT, "dev", Traffic(2000, 400, 400, 250), {})
    assert total(lines) > sum(dev.values())
    assert sum(line.dollars for line in lines if line.product == "Synthetics") == pytest.approx(dev["Synthetics"])


def test_the_cheapest_preset_is_cheaper_and_says_how_it_is_set(dev: dict[str, float]) -> None:
    settings = read_preset(ROOT / "presets" / "cheapest.yaml")
    cheap = estimate(ROOT, "dev", TRAFFIC, settings)
    assert total(cheap) < 0.7 * sum(dev.values())
    assert not {"On-Call", "LLM Observability", "Gemini: judges"} & {line.product for line in cheap}
    assert "pulumi config set -s dev --path 'llm-api:productsOff[1]' llm-observability" in config_commands(
        settings, "dev"
    )


def test_judges_cost_their_share_where_there_is_an_account() -> None:
    lines = [line for line in estimate(ROOT, "local", TRAFFIC, {}) if line.product == "Gemini: judges"]
    assert len(lines) == 3 and all("10%" in line.because for line in lines)


def test_json_has_every_lines_price_and_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIREDRILL_ROOT", str(ROOT))
    result = CliRunner().invoke(app, ["estimate", "-s", "dev", "--json"])
    assert result.exit_code == 0, result.output
    dollars = json.loads(result.output)
    assert dollars["total_dollars_a_month"] == pytest.approx(sum(line["dollars"] for line in dollars["lines"]))
    assert all("page" in line["price"] or line["price"]["row"] == "service/llm/models.py" for line in dollars["lines"])


def test_a_missing_preset_is_an_error_of_one_line() -> None:
    with pytest.raises(KnownFailure, match="cannot be read"):
        read_preset(ROOT / "presets" / "nothing.yaml")
