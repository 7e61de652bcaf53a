"""``firedrill estimate``: the cost of a month, line by line, from the declared resources and a day's traffic.

Quantities come from three sources: the resources that the program registers (tests, their locations, instances, people
on call, sampling rates), the telemetry contract (series by the possible values of tags), and the measured telemetry of
a chat. Prices, with their pages and dates, are in prices.yaml.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from firedrill.errors import KnownFailure
from firedrill.prove.collect import registered

Json = Mapping[str, Any]
PRICES = Path(__file__).with_name("prices.yaml")
DAYS = 30.4
HOURS, SECONDS = DAYS * 24, DAYS * 86400
GB = 1e9
LIVENESS_SECONDS = 10
DRAIN_SECONDS = 60
SERIES_BY_TYPE = {"distribution": 5, "count": 1, "gauge": 1, "rate": 1}
"""Custom metrics for each combination of tag values: https://docs.datadoghq.com/account_management/billing/custom_metrics"""
PERCENTILES = 5
"""Further custom metrics of a combination where percentiles are computed."""
TAG_VALUES = {"env": 1, "service": 1, "version": 1, "caller": 64, "endpoint": 20, "view": 2}
"""Number of values of the tags that the contract does not bound, for one environment and one revision."""
CONTRACT = """
import datetime, json
from service import telemetry as read
from service.llm.models import MODELS
billed = (*read.EMITTED, *read.FROM_SPANS, *read.FROM_LOGS, *read.FROM_RUM)
metrics = [{"name": metric.name, "type": metric.type, "percentiles": metric.percentiles,
            "tags": {key: len(tag.values) for key, tag in metric.all_tags.items()}} for metric in billed]
today = datetime.date.today()
prices = {name: [model.price(today).input, model.price(today).output] for name, model in MODELS.items()}
print(json.dumps({"metrics": metrics, "prices": prices}))
"""
"""A program that prints the checkout's telemetry contract: the tool itself imports nothing of the stack."""


@dataclass(frozen=True)
class Traffic:
    """The chats and browser sessions of a day, and the tokens of an ordinary chat."""

    chats: int
    sessions: int
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True)
class CostLine:
    """One line of a month's bill. because: the reason for the quantity; price: the row of prices.yaml."""

    product: str
    quantity: float
    unit: str
    because: str
    dollars: float
    price: str


def estimate(root: Path, stack: str, traffic: Traffic, settings: Json) -> list[CostLine]:
    """Return the cost of a stack's month. settings: by full key, in place of the stack's own.

    Raises:
        KnownFailure: the program or its contract cannot be read.
    """
    resources = registered(root, stack, {**_placeholders(root, stack), **settings})
    contract = _contract(root)
    table = yaml.safe_load(PRICES.read_text())
    bill = _Bill(resources, contract, table["prices"], table["volumes"], traffic)
    return [line for line in bill.lines() if line.quantity > 0]


def _placeholders(root: Path, stack: str) -> Json:
    """Return values for the CHANGE-ME settings of a new stack and for missing secrets, none of which costs."""
    file = root / f"Pulumi.{stack}.yaml"
    stored = yaml.safe_load(file.read_text()).get("config") or {} if file.exists() else {}
    filled_in = yaml.safe_load(file.read_text().replace("CHANGE-ME", "example")).get("config") or {} if stored else {}
    valid = {key: value for key, value in filled_in.items() if value != stored[key]}
    required = ("llm-api:conversationKeys", "llm-api:datadogApiKey", "llm-api:operatorToken", "llm-api:readerToken")
    secrets = {key: "stand-in" for key in required if key not in stored}
    return {**valid, **secrets}


def read_preset(file: Path) -> Json:
    """Return the settings of a preset by full key.

    Raises:
        KnownFailure: there is no such file, or it is no mapping.
    """
    try:
        settings = yaml.safe_load(file.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise KnownFailure(f"{file} cannot be read: {error}") from error
    if not isinstance(settings, dict):
        raise KnownFailure(f"{file} has no mapping of settings: see presets/cheapest.yaml for an example")
    return settings


def config_commands(settings: Json, stack: str) -> list[str]:
    """Return the commands that set a preset's settings for a stack."""
    commands = []
    for key, value in settings.items():
        if isinstance(value, list):
            commands.append(f"pulumi config rm -s {stack} {key}")
            commands += [f"pulumi config set -s {stack} --path '{key}[{n}]' {item}" for n, item in enumerate(value)]
        elif value is None:
            commands.append(f"pulumi config rm -s {stack} {key}")
        else:
            commands.append(f"pulumi config set -s {stack} {key} {value}")
    return commands


def _contract(root: Path) -> Json:
    ran = subprocess.run(
        [sys.executable, "-c", CONTRACT], capture_output=True, text=True, check=False, cwd=root,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))},
    )  # fmt: skip
    if ran.returncode:
        raise KnownFailure(f"the telemetry contract of {root} cannot be read: {ran.stderr.strip()[-500:]}")
    contract: Json = json.loads(ran.stdout)
    return contract


def series(metric: Json, models: int, chats_per_hour: float) -> float:
    """Return the number of custom metrics of a metric.

    A combination of tag values counts in the hours in which it occurs: at most once for each chat of an hour.
    """
    counts = (count or {**TAG_VALUES, "model": models}.get(key, 1) for key, count in metric["tags"].items())
    each = SERIES_BY_TYPE[metric["type"]] + (PERCENTILES if metric["percentiles"] else 0)
    return min(float(prod(counts)), max(chats_per_hour, 1.0)) * each


@dataclass(frozen=True)
class _Bill:
    """The bill of a month, from declared resources, telemetry contract, prices and measured volumes."""

    resources: Sequence[Json]
    contract: Json
    prices: Mapping[str, Json]
    volumes: Mapping[str, Json]
    traffic: Traffic

    def lines(self) -> Iterator[CostLine]:
        """Yield the lines in the order of docs/products.md."""
        tests = list(self._tests())
        test_chats = sum(runs * steps for kind, _, runs, steps in tests if kind in {"chat", "page"})
        chats = self.traffic.chats * DAYS + test_chats
        checks = self._instances() * SECONDS / LIVENESS_SECONDS
        checks += sum(runs for kind, _, runs, _ in tests if kind == "health")
        # A call of the operations API sends as much as a drain of the outbox: its spans and one log line.
        drains = SECONDS / DRAIN_SECONDS + sum(runs * steps for kind, _, runs, steps in tests if kind == "operations")
        yield from self._metrics(chats)
        yield from self._logs(chats, drains)
        yield from self._spans(chats, checks, drains)
        yield from self._synthetics(tests)
        yield from self._rum()
        yield from self._models(chats)
        yield from self._people()
        yield from self._google()

    def _line(self, product: str, row: str, quantity: float, because: str) -> CostLine:
        price = self.prices[row]
        billed = max(0.0, quantity - float(price.get("free", 0)))
        dollars = billed / float(price["per"]) * float(price["dollars"])
        return CostLine(product, quantity, str(price["unit"]), because, dollars, row)

    def _inputs(self, kind: str) -> Iterator[Json]:
        """Yield the inputs of the resources of a kind, such as ``LogsIndex``."""
        return (resource["inputs"] for resource in self.resources if resource["type"].rpartition(":")[2] == kind)

    def _service(self) -> Json:
        """Return the template of the Cloud Run service."""
        for resource in self.resources:
            if resource["type"] == "gcp:cloudrunv2/service:Service":
                return dict(resource["inputs"]["template"])
        raise KnownFailure("the program declares no Cloud Run service: there is nothing to estimate")

    def _instances(self) -> float:
        """Return the number of instances that run all the time: at least one, which the synthetic tests keep awake."""
        return max(1.0, float(self._service()["scaling"].get("minInstanceCount") or 0))

    def _environment(self, name: str) -> str:
        [container] = self._service()["containers"]
        return next((str(env.get("value")) for env in container.get("envs") or () if env["name"] == name), "")

    def _metrics(self, chats: float) -> Iterator[CostLine]:
        models = 3  # the two that the stack names, and `none`
        chats_per_hour = chats / HOURS
        total = sum(series(metric, models, chats_per_hour) for metric in self.contract["metrics"])
        possible = sum(series(metric, models, float("inf")) for metric in self.contract["metrics"])
        count = len(self.contract["metrics"])
        because = f"{count} metrics at {chats_per_hour:.0f} chats an hour, of {possible:.0f} possible series"
        yield self._line("Metrics", "custom-metrics", total, because)

    def _logs(self, chats: float, drains: float) -> Iterator[CostLine]:
        size = (chats * self.volumes["chat"]["log_bytes"] + drains * self.volumes["drain"]["log_bytes"]) / GB
        events = chats * self.volumes["chat"]["log_lines"] + drains * self.volumes["drain"]["log_lines"]
        yield self._line("Logs", "log-ingest", size, "one line for each chat and each drain of the outbox")
        days = int(next((index.get("retentionDays") or 15 for index in self._inputs("LogsIndex")), 15))
        yield self._line("Logs", f"log-index-{days}", events, f"searchable for {days} days")
        if next(self._inputs("SensitiveDataScannerGroup"), None) is not None:
            yield self._line("Sensitive Data Scanner", "sensitive-data", size, "all log lines")

    def _spans(self, chats: float, checks: float, drains: float) -> Iterator[CostLine]:
        amounts = {"chat": chats, "health": checks, "drain": drains}
        size = sum(amount * self.volumes[kind]["span_bytes"] for kind, amount in amounts.items()) / GB
        yield self._line("APM", "serverless-instance", self._instances(), "instances that run all the time")
        yield self._line("APM", "span-ingest", size, "spans of chats, health checks and drains")
        kept = chats * self.volumes["chat"]["spans"] * 0.1
        yield self._line("APM", "span-index", kept, "one chat in ten: slow ones, errors, new versions, a sample")
        yield self._line("LLM Observability", "llm-spans", chats if self._judges() else 0, "one for each chat")

    def _judges(self) -> list[Json]:
        return [dict(evaluator) for evaluator in self._inputs("Evaluator")]

    def _tests(self) -> Iterator[tuple[str, str, float, int]]:
        """Yield (page, chat, operations or health; price row; runs a month from all locations; billed steps a run)."""
        for test in self._inputs("SyntheticsTest"):
            if test.get("status") != "live":
                continue
            runs = SECONDS / float(test["optionsList"]["tickEvery"]) * len(test["locations"])
            if test["type"] == "browser":
                yield "page", "browser-runs", runs, 1
            else:
                steps = [step["requestDefinition"]["url"] for step in test.get("apiSteps") or ()]
                kind = "chat" if any(url.endswith("/v1/chat") for url in steps) else "operations" if steps else "health"
                yield kind, "api-runs", runs, len(steps) or 1

    def _synthetics(self, tests: Iterable[tuple[str, str, float, int]]) -> Iterator[CostLine]:
        for kind, row, runs, steps in tests:
            because = f"{kind}: from all locations" + (f", {steps} steps each" if steps > 1 else "")
            yield self._line("Synthetics", row, runs * steps, because)

    def _rum(self) -> Iterator[CostLine]:
        sessions = self.traffic.sessions * DAYS
        if next(self._inputs("RumApplication"), None) is None:
            return
        rates = [
            float(rule["sampleRate"]) for rule in self._inputs("RumRetentionFilter") if rule["eventType"] == "session"
        ]
        kept = sessions * min(rates, default=100.0) / 100
        replays = sessions * float(self._environment("RUM_REPLAY_PERCENT") or 0) / 100
        yield self._line("RUM", "rum-measure", sessions, "sessions on the chat page")
        yield self._line("RUM", "rum-investigate", kept, "retained")
        yield self._line("RUM", "rum-replay", replays, "recorded")
        yield self._line("Product Analytics", "product-analytics", sessions, "sessions on the chat page")

    def _models(self, chats: float) -> Iterator[CostLine]:
        tokens_in, tokens_out = self.traffic.tokens_in, self.traffic.tokens_out
        yield self._tokens("Gemini: chats", self._environment("MODEL_PRIMARY"), chats, tokens_in, tokens_out)
        for judge in self._judges():
            share = float(judge["target"]["sampling_percentage"]) / 100 if judge["target"]["enabled"] else 0.0
            out = float(judge["llm_judge_config"]["inference_params"]["max_tokens"]) / 2
            model = str(judge["llm_provider"]["model_name"])
            because = f"judge {judge['eval_name']}: {share:.0%} of the chats"
            yield self._tokens("Gemini: judges", model, chats * share, tokens_in + tokens_out + 60, out, because)

    def _tokens(  # noqa: PLR0917 - a line's own columns
        self, product: str, model: str, calls: float, tokens_in: float, tokens_out: float, because: str = ""
    ) -> CostLine:
        price = self.contract["prices"][model]
        dollars = calls * (tokens_in * price[0] + tokens_out * price[1]) / 1e6
        reason = because or f"{model}: {tokens_in:.0f} tokens in and {tokens_out:.0f} out a chat, with the tests' chats"
        return CostLine(
            product, calls * (tokens_in + tokens_out) / 1e6, "million tokens", reason, dollars, "service/llm/models.py"
        )

    def _people(self) -> Iterator[CostLine]:
        members = {
            str(user) for schedule in self._inputs("OnCallSchedule") for layer in schedule.get("layers") or ()
            for user in layer.get("users") or ()
        }  # fmt: skip
        yield self._line("On-Call", "on-call", len(members), "people in the rotations")
        if next(self._inputs("IncidentType"), None) is not None:
            people = len({str(membership["userId"]) for membership in self._inputs("TeamMembership")})
            yield self._line("Incident Management", "incidents", people, "members of the team")

    def _google(self) -> Iterator[CostLine]:
        [container] = self._service()["containers"]
        limits = container["resources"]["limits"]
        instances = self._instances()
        cpu = float(limits["cpu"]) * instances * SECONDS
        memory = float(str(limits["memory"]).removesuffix("Gi")) * instances * SECONDS
        yield self._line("Cloud Run", "cloud-run-cpu", cpu, f"{instances:.0f} instances, CPU always allocated")
        yield self._line("Cloud Run", "cloud-run-memory", memory, f"{instances:.0f} instances")
        yield self._line(
            "Secret Manager", "secret-versions", len(list(self._inputs("SecretVersion"))), "one version of each secret"
        )
        jobs = sum(resource["type"] == "gcp:cloudscheduler/job:Job" for resource in self.resources)
        yield self._line("Cloud Scheduler", "scheduler-jobs", jobs, "the drain and the nightly evaluation")


def print_estimate(lines: list[CostLine], console: Console) -> None:
    """Print the bill for a person."""
    table = Table("product", "quantity a month", "because", "dollars")
    for line in lines:
        amount = f"{line.quantity:,.0f}" if line.quantity >= 10 else f"{line.quantity:.2f}"
        table.add_row(line.product, f"{amount} {line.unit}", escape(line.because), f"{line.dollars:,.2f}")
    table.add_section()
    table.add_row("total", "", "", f"{total(lines):,.2f}")
    console.print(table)
    console.print(
        "List prices, with pages and dates: firedrill/delivery/prices.yaml. Without minimums, discounts and taxes."
    )


def total(lines: Iterable[CostLine]) -> float:
    """Return the sum of the lines in dollars."""
    return sum(line.dollars for line in lines)


def as_json(lines: list[CostLine], stack: str, traffic: Traffic) -> str:
    """Return the bill as JSON, each line with its price, the price's page and date."""
    prices = yaml.safe_load(PRICES.read_text())["prices"]
    rows = [{**asdict(line), "price": {"row": line.price, **prices.get(line.price, {})}} for line in lines]
    body = {"stack": stack, "traffic": asdict(traffic), "lines": rows, "total_dollars_a_month": total(lines)}
    return json.dumps(body, indent=2, default=str)
