"""Notebooks to start an investigation from, instead of an empty page: root cause, cost, anomaly."""

from dataclasses import dataclass
from typing import Any

import pulumi

from infra.contract import checked_log_search, checked_metric_query
from infra.dynamic_datadog import Notebook
from infra.identity import Identity

Cell = dict[str, Any]


@dataclass(frozen=True)
class NotebookArgs:
    """``runbooks`` is the URL of the folder with the runbooks."""

    identity: Identity
    runbooks: str


class Notebooks(pulumi.ComponentResource):
    """``anomaly_id`` is the template that the workflow anomaly-notebook copies."""

    root_cause_id: pulumi.Output[str]
    cost_id: pulumi.Output[str]
    anomaly_id: pulumi.Output[str]

    def __init__(self, name: str, args: NotebookArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Notebooks", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        def template(key: str, title: str, kind: str, span: str, cells: list[Cell]) -> pulumi.Output[str]:
            attributes = {
                "name": args.identity.named(title),
                "time": {"live_span": span},
                "metadata": {"is_template": True, "type": kind},
                "cells": cells,
            }
            return Notebook(f"{name}-{key}", attributes, child).id

        self.root_cause_id = template("root-cause", "root cause", "investigation", "4h", root_cause(args))
        self.cost_id = template("cost", "where the money goes", "report", "1w", cost(args))
        self.anomaly_id = template("anomaly", "anomaly", "investigation", "1d", anomaly(args))
        self.register_outputs({"anomaly_id": self.anomaly_id})


def root_cause(args: NotebookArgs) -> list[Cell]:
    """From the symptom to the cause, in the order in which causes are likely: deploy, Gemini, traffic, ourselves."""
    scope, service = args.identity.scope, f"service:{args.identity.service} env:{args.identity.env}"
    return [
        text(
            f"# Root cause\nWhat was seen, since when, whom it hits. Runbooks: {args.runbooks}\n\n"
            "Go down the page; write under each graph what it rules out."
        ),
        graph("1. How do chats end?", f"sum:llm.chat.requests{{{scope}}} by {{outcome}}.as_count()", "bars"),
        graph("2. Since a deploy?", f"sum:llm.chat.requests{{{scope}}} by {{version,outcome}}.as_count()", "bars"),
        graph("3. One model only?", f"p95:llm.chat.latency{{{scope}}} by {{model}}"),
        graph("4. Gemini or us?", f"p95:trace.flask.request{{{scope}}}"),
        graph("5. More traffic than usual?", f"sum:trace.flask.request.hits{{{scope}}}.as_count()", "bars"),
        log_lines("6. What do failures say?", f"{service} @event:chat -@outcome:ok"),
        text("## Cause\n\n## What would have shown it earlier\nThe drill scenario that is missing:\n"),
    ]


def cost(args: NotebookArgs) -> list[Cell]:
    """More chats, longer chats or a dearer model: the three ways in which cost grows."""
    scope = args.identity.scope
    return [
        text(
            "# Where the money goes\nCost is chats, times tokens of a chat, times the price of the model: which grew?"
        ),
        graph("Cost of an hour, by model (dollars)", _hourly(f"sum:llm.chat.cost{{{scope}}} by {{model}}"), "bars"),
        graph("More chats?", _hourly(f"sum:llm.chat.requests{{{scope}}} by {{model}}"), "bars"),
        graph("Longer ones?", f"avg:llm.chat.tokens{{{scope}}} by {{direction}}"),
        graph("Fewer answers from the cache?", _hourly(f"sum:llm.chat.requests{{{scope}}} by {{cached}}"), "bars"),
        log_lines(
            "Who asks the dearest chats?",
            f"service:{args.identity.service} env:{args.identity.env} @event:chat @cost_usd:>0.05",
        ),
        text("## Decision\nCache, cheaper model, shorter answers, a budget for a caller; and what it will save:\n"),
    ]


def anomaly(args: NotebookArgs) -> list[Cell]:
    """Is it real, is it ours, does it matter: an anomaly is a question, not a finding."""
    scope = args.identity.scope
    return [
        text(
            "# Anomaly\nAbove: what the monitor saw. Is it real (the same hour last week), is it ours (a deploy, a "
            "switch of the model), does it matter (objectives)?"
        ),
        graph("Chats, and the same hour last week", f"sum:llm.chat.requests{{{scope}}}.as_count()", "bars"),
        graph("Last week", f"week_before(sum:llm.chat.requests{{{scope}}}.as_count())", "bars"),
        graph("Tokens of a chat", f"avg:llm.chat.tokens{{{scope}}} by {{direction,model}}"),
        graph("By version", f"sum:llm.chat.requests{{{scope}}} by {{version}}.as_count()", "bars"),
        graph("Do users notice?", f"p95:llm.chat.latency{{{scope}}}"),
        text("## Verdict\nReal / not real; if it comes again and is not real, the monitor's bounds are wrong.\n"),
    ]


def _hourly(query: str) -> str:
    return f"{query}.as_count().rollup(sum, 3600)"


def text(markdown: str) -> Cell:
    """A cell of text."""
    return _cell({"type": "markdown", "text": markdown})


def graph(title: str, query: str, display: str = "line") -> Cell:
    """A time series of one query, checked against what the service emits."""
    request = {"q": checked_metric_query(query, f"notebook cell {title!r}"), "display_type": display}
    return _cell({"type": "timeseries", "title": title, "show_legend": True, "requests": [request]})


def log_lines(title: str, search: str) -> Cell:
    """The latest log lines of a search, checked likewise."""
    query = checked_log_search(search, f"notebook cell {title!r}")
    return _cell({"type": "log_stream", "title": title, "indexes": ["*"], "query": query})


def _cell(definition: dict[str, Any]) -> Cell:
    return {"type": "notebook_cells", "attributes": {"definition": definition}}
