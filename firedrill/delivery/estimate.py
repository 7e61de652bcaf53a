"""``firedrill estimate``: what a month costs, line by line, from what the program declares and a day's traffic.

Quantities come from three places: the resources that the program registers (tests, their places, instances, people on
call, shares that are kept), the telemetry contract (series by the values that tags can have), and what a chat was
measured to send. Prices, their pages and days are in prices.yaml.
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
TABLE = Path(__file__).with_name("prices.yaml")
DAYS = 30.4
HOURS, SECONDS = DAYS * 24, DAYS * 86400
GB = 1e9
LIVENESS_SECONDS = 10
DRAIN_SECONDS = 60
BY_TYPE = {"distribution": 5, "count": 1, "gauge": 1, "rate": 1}
"""Custom metrics of a combination of tag values: https://docs.datadoghq.com/account_management/billing/custom_metrics"""
PERCENTILES = 5
"""More of them where percentiles are computed."""
BOUNDS = {"env": 1, "service": 1, "version": 1, "caller": 64, "endpoint": 20, "view": 2}
"""Values of the tags whose contract names none: of one environment and one revision at a time."""
CONTRACT = """
import datetime, json
from service import telemetry as read
from service.models import MODELS
billed = (*read.EMITTED, *read.FROM_SPANS, *read.FROM_LOGS, *read.FROM_RUM)
metrics = [{"name": one.name, "type": one.type, "percentiles": one.percentiles,
            "tags": {key: len(tag.values) for key, tag in one.all_tags.items()}} for one in billed]
today = datetime.date.today()
prices = {name: [one.price(today).input, one.price(today).output] for name, one in MODELS.items()}
print(json.dumps({"metrics": metrics, "prices": prices}))
"""
"""Reads the checkout's own contract in a process of its own: the tool imports nothing of the stack."""


@dataclass(frozen=True)
class Traffic:
    """A day's chats and browser sessions, and an ordinary chat's tokens."""

    chats: int
    sessions: int
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True)
class Line:
    """One line of the bill, for a month: how much of what, why so much, and dollars. ``price`` names its row."""

    product: str
    quantity: float
    unit: str
    because: str
    dollars: float
    price: str


def estimate(root: Path, stack: str, traffic: Traffic, other: Json) -> list[Line]:
    """The lines of a stack's month, with ``other`` settings in place of its own.

    Raises:
        KnownFailure: the program or its contract cannot be read.
    """
    resources = registered(root, stack, {**_filled(root, stack), **other})
    contract = _contract(root)
    table = yaml.safe_load(TABLE.read_text())
    account = _Account(resources, contract, table["prices"], table["volumes"], traffic)
    return [one for one in account.lines() if one.quantity > 0]


def _filled(root: Path, stack: str) -> Json:
    """A new stack's file says CHANGE-ME in places, none of which has a price: names that the program takes."""
    file = root / f"Pulumi.{stack}.yaml"
    stored = yaml.safe_load(file.read_text()).get("config") or {} if file.exists() else {}
    new = {key: str(value).lower() for key, value in stored.items() if str(value).startswith("CHANGE-ME")}
    needed = ("llm-api:datadogApiKey", "llm-api:operatorToken", "llm-api:readerToken")
    secrets = {key: "stand-in" for key in needed if key not in stored}
    return {**new, **secrets}


def preset(file: Path) -> Json:
    """Settings by full key.

    Raises:
        KnownFailure: there is no such file, or it is no mapping.
    """
    try:
        found = yaml.safe_load(file.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise KnownFailure(f"{file} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise KnownFailure(f"{file} is no mapping of settings, such as presets/cheapest.yaml")
    return found


def commands(settings: Json, stack: str) -> list[str]:
    """How a preset is set for a stack."""
    found = []
    for key, value in settings.items():
        if isinstance(value, list):
            found.append(f"pulumi config rm -s {stack} {key}")
            found += [f"pulumi config set -s {stack} --path '{key}[{n}]' {one}" for n, one in enumerate(value)]
        elif value is None:
            found.append(f"pulumi config rm -s {stack} {key}")
        else:
            found.append(f"pulumi config set -s {stack} {key} {value}")
    return found


def _contract(root: Path) -> Json:
    ran = subprocess.run(
        [sys.executable, "-c", CONTRACT], capture_output=True, text=True, check=False, cwd=root,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))},
    )  # fmt: skip
    if ran.returncode:
        raise KnownFailure(f"the telemetry contract of {root} cannot be read: {ran.stderr.strip()[-500:]}")
    found: Json = json.loads(ran.stdout)
    return found


def series(metric: Json, models: int, an_hour: float) -> float:
    """Custom metrics of a metric in an hour: a combination of tag values counts in the hours in which it occurs."""
    counts = (count or {**BOUNDS, "model": models}.get(key, 1) for key, count in metric["tags"].items())
    each = BY_TYPE[metric["type"]] + (PERCENTILES if metric["percentiles"] else 0)
    return min(float(prod(counts)), max(an_hour, 1.0)) * each


@dataclass(frozen=True)
class _Account:
    resources: Sequence[Json]
    contract: Json
    prices: Mapping[str, Json]
    volumes: Mapping[str, Json]
    traffic: Traffic

    def lines(self) -> Iterator[Line]:
        """In the order of the products' table."""
        tests = list(self._tests())
        asked = sum(runs * steps for kind, _, runs, steps in tests if kind in {"chat", "page"})
        chats = self.traffic.chats * DAYS + asked
        checks = self._instances() * SECONDS / LIVENESS_SECONDS
        checks += sum(runs for kind, _, runs, _ in tests if kind == "health")
        # A call of the operations API sends what a drain does: its spans and a line.
        drains = SECONDS / DRAIN_SECONDS + sum(runs * steps for kind, _, runs, steps in tests if kind == "operations")
        yield from self._metrics(chats)
        yield from self._logs(chats, drains)
        yield from self._spans(chats, checks, drains)
        yield from self._synthetics(tests)
        yield from self._rum()
        yield from self._models(chats)
        yield from self._people()
        yield from self._google()

    def _line(self, product: str, row: str, quantity: float, because: str) -> Line:
        price = self.prices[row]
        billed = max(0.0, quantity - float(price.get("free", 0)))
        dollars = billed / float(price["per"]) * float(price["dollars"])
        return Line(product, quantity, str(price["unit"]), because, dollars, row)

    def _of(self, kind: str) -> Iterator[Json]:
        return (one["inputs"] for one in self.resources if one["type"].rpartition(":")[2] == kind)

    def _service(self) -> Json:
        found = next((one["inputs"] for one in self.resources if one["type"] == "gcp:cloudrunv2/service:Service"), None)
        if found is None:
            raise KnownFailure("the program declares no Cloud Run service")
        return dict(found["template"])

    def _instances(self) -> float:
        """Those that run all the time: with none, calls from outside each minute keep one awake."""
        return max(1.0, float(self._service()["scaling"].get("minInstanceCount") or 0))

    def _environment(self, name: str) -> str:
        [container] = self._service()["containers"]
        return next((str(one.get("value")) for one in container.get("envs") or () if one["name"] == name), "")

    def _metrics(self, chats: float) -> Iterator[Line]:
        models = 3  # the two that the stack names, and `none`
        an_hour = chats / HOURS
        total = sum(series(one, models, an_hour) for one in self.contract["metrics"])
        most = sum(series(one, models, float("inf")) for one in self.contract["metrics"])
        because = f"{len(self.contract['metrics'])} metrics; at {an_hour:.0f} chats an hour, of {most:.0f} that can be"
        yield self._line("Metrics", "custom-metrics", total, because)

    def _logs(self, chats: float, drains: float) -> Iterator[Line]:
        size = (chats * self.volumes["chat"]["log_bytes"] + drains * self.volumes["drain"]["log_bytes"]) / GB
        events = chats * self.volumes["chat"]["log_lines"] + drains * self.volumes["drain"]["log_lines"]
        yield self._line("Logs", "log-ingest", size, "a line for each chat and each drain of the outbox")
        days = int(next((one.get("retentionDays") or 15 for one in self._of("LogsIndex")), 15))
        yield self._line("Logs", f"log-index-{days}", events, f"searchable for {days} days")
        if next(self._of("SensitiveDataScannerGroup"), None) is not None:
            yield self._line("Sensitive Data Scanner", "sensitive-data", size, "all log lines")

    def _spans(self, chats: float, checks: float, drains: float) -> Iterator[Line]:
        amounts = {"chat": chats, "health": checks, "drain": drains}
        size = sum(amount * self.volumes[kind]["span_bytes"] for kind, amount in amounts.items()) / GB
        yield self._line("APM", "serverless-instance", self._instances(), "instances that run all the time")
        yield self._line("APM", "span-ingest", size, "spans of chats, health checks and drains")
        kept = chats * self.volumes["chat"]["spans"] * 0.1
        yield self._line("APM", "span-index", kept, "one chat in ten: slow ones, errors, new versions, a sample")
        yield self._line("LLM Observability", "llm-spans", chats if self._judges() else 0, "one for each chat")

    def _judges(self) -> list[Json]:
        return [dict(one) for one in self._of("Evaluator")]

    def _tests(self) -> Iterator[tuple[str, str, float, int]]:
        """(page, chat, operations or health; price; runs a month; billed runs of each): from each place, a step of
        several each."""
        for one in self._of("SyntheticsTest"):
            if one.get("status") != "live":
                continue
            runs = SECONDS / float(one["optionsList"]["tickEvery"]) * len(one["locations"])
            if one["type"] == "browser":
                yield "page", "browser-runs", runs, 1
            else:
                steps = [step["requestDefinition"]["url"] for step in one.get("apiSteps") or ()]
                kind = "chat" if any(url.endswith("/v1/chat") for url in steps) else "operations" if steps else "health"
                yield kind, "api-runs", runs, len(steps) or 1

    def _synthetics(self, tests: Iterable[tuple[str, str, float, int]]) -> Iterator[Line]:
        for kind, row, runs, steps in tests:
            of = f"{kind}: from all places" + (f", {steps} steps each" if steps > 1 else "")
            yield self._line("Synthetics", row, runs * steps, of)

    def _rum(self) -> Iterator[Line]:
        sessions = self.traffic.sessions * DAYS
        if next(self._of("RumApplication"), None) is None:
            return
        rates = [float(one["sampleRate"]) for one in self._of("RumRetentionFilter") if one["eventType"] == "session"]
        kept = sessions * min(rates, default=100.0) / 100
        replays = sessions * float(self._environment("RUM_REPLAY_PERCENT") or 0) / 100
        yield self._line("RUM", "rum-measure", sessions, "sessions on the chat page")
        yield self._line("RUM", "rum-investigate", kept, "kept to be looked at")
        yield self._line("RUM", "rum-replay", replays, "recorded")
        yield self._line("Product Analytics", "product-analytics", sessions, "sessions on the chat page")

    def _models(self, chats: float) -> Iterator[Line]:
        tokens_in, tokens_out = self.traffic.tokens_in, self.traffic.tokens_out
        yield self._tokens("Gemini: chats", self._environment("MODEL_PRIMARY"), chats, tokens_in, tokens_out)
        for one in self._judges():
            share = float(one["target"]["sampling_percentage"]) / 100 if one["target"]["enabled"] else 0.0
            out = float(one["llm_judge_config"]["inference_params"]["max_tokens"]) / 2
            model = str(one["llm_provider"]["model_name"])
            judge = f"judge {one['eval_name']}: {share:.0%} of the chats"
            yield self._tokens("Gemini: judges", model, chats * share, tokens_in + tokens_out + 60, out, judge)

    def _tokens(  # noqa: PLR0917 - a row's own columns
        self, product: str, model: str, calls: float, given: float, told: float, because: str = ""
    ) -> Line:
        price = self.contract["prices"][model]
        dollars = calls * (given * price[0] + told * price[1]) / 1e6
        said = because or f"{model}: {given:.0f} tokens in and {told:.0f} out a chat, the tests' chats too"
        return Line(product, calls * (given + told) / 1e6, "million tokens", said, dollars, "service/models.py")

    def _people(self) -> Iterator[Line]:
        members = {
            str(user) for one in self._of("OnCallSchedule") for layer in one.get("layers") or ()
            for user in layer.get("users") or ()
        }  # fmt: skip
        yield self._line("On-Call", "on-call", len(members), "people of the rotations")
        if next(self._of("IncidentType"), None) is not None:
            people = len({str(one["userId"]) for one in self._of("TeamMembership")})
            yield self._line("Incident Management", "incidents", people, "members of the team")

    def _google(self) -> Iterator[Line]:
        [container] = self._service()["containers"]
        limits = container["resources"]["limits"]
        instances = self._instances()
        cpu = float(limits["cpu"]) * instances * SECONDS
        memory = float(str(limits["memory"]).removesuffix("Gi")) * instances * SECONDS
        yield self._line("Cloud Run", "cloud-run-cpu", cpu, f"{instances:.0f} instances, CPU always on")
        yield self._line("Cloud Run", "cloud-run-memory", memory, f"{instances:.0f} instances")
        yield self._line(
            "Secret Manager", "secret-versions", len(list(self._of("SecretVersion"))), "one of each secret"
        )
        jobs = sum(one["type"] == "gcp:cloudscheduler/job:Job" for one in self.resources)
        yield self._line("Cloud Scheduler", "scheduler-jobs", jobs, "the drain and the nightly evaluation")


def show(lines: list[Line], console: Console) -> None:
    """The screen."""
    table = Table("product", "quantity a month", "because", "dollars")
    for one in lines:
        amount = f"{one.quantity:,.0f}" if one.quantity >= 10 else f"{one.quantity:.2f}"
        table.add_row(one.product, f"{amount} {one.unit}", escape(one.because), f"{one.dollars:,.2f}")
    table.add_section()
    table.add_row("total", "", "", f"{total(lines):,.2f}")
    console.print(table)
    console.print("List prices with their pages and days: firedrill/delivery/prices.yaml. No minimum, discount or tax.")


def total(lines: Iterable[Line]) -> float:
    """Dollars."""
    return sum(one.dollars for one in lines)


def as_json(lines: list[Line], stack: str, traffic: Traffic) -> str:
    """Everything, with the price of each line and where it stands."""
    prices = yaml.safe_load(TABLE.read_text())["prices"]
    rows = [{**asdict(one), "price": {"row": one.price, **prices.get(one.price, {})}} for one in lines]
    body = {"stack": stack, "traffic": asdict(traffic), "lines": rows, "total_dollars_a_month": total(lines)}
    return json.dumps(body, indent=2, default=str)
