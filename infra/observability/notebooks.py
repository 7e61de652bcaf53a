"""Notebook templates for investigations: root cause, cost, anomaly."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.identity import Identity
from infra.observability.dynamic.notebook import Notebook
from infra.observability.products_read import kept
from infra.products import Product

Cell = dict[str, Any]


@dataclass(frozen=True)
class NotebookArgs:
    """``runbooks`` is the URL of the folder with the runbooks."""

    identity: Identity
    runbooks: str
    off: Set[Product] = frozenset()
    """Products that the organisation lacks: cells that show their data are left out."""


class Notebooks(pulumi.ComponentResource):
    """The templates. The workflow anomaly-notebook copies the one of ``anomaly_id``."""

    anomaly_id: pulumi.Output[str]

    def __init__(self, name: str, args: NotebookArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Notebooks", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        def template(key: str, title: str, kind: str, span: str, cells: list[Cell]) -> pulumi.Output[str]:
            attributes = {
                "name": args.identity.named(title),
                "time": {"live_span": span},
                "metadata": {"is_template": True, "type": kind},
                "cells": kept(cells, args.off),
            }
            return Notebook(f"{name}-{key}", attributes, child).id

        template("root-cause", "Root cause", "investigation", "4h", root_cause(args))
        template("cost", "Cost analysis", "report", "1w", cost(args))
        self.anomaly_id = template("anomaly", "Anomaly", "investigation", "1d", anomaly(args))
        self.register_outputs({"anomaly_id": self.anomaly_id})


def root_cause(args: NotebookArgs) -> list[Cell]:
    """Return the cells of a root cause analysis, the likely causes first: deployment, Gemini, traffic, our code."""
    scope, service = args.identity.scope, f"service:{args.identity.service} env:{args.identity.env}"
    return [
        text(
            f"# Root cause\nSymptom, since when, who is affected. Runbooks: {args.runbooks}\n\n"
            "Go through the graphs in order, and note under each what it rules out."
        ),
        graph("1. What are the outcomes?", f"sum:llm.chat.requests{{{scope}}} by {{outcome}}.as_count()", "bars"),
        graph("2. Since a deployment?", f"sum:llm.chat.requests{{{scope}}} by {{version,outcome}}.as_count()", "bars"),
        graph("3. One model only?", f"p95:llm.chat.latency{{{scope}}} by {{model}}"),
        graph("4. How long do requests take?", f"p95:trace.flask.request{{{scope}}}"),
        graph("5. More traffic than usual?", f"sum:trace.flask.request.hits{{{scope}}}.as_count()", "bars"),
        log_lines("6. What do the log lines of failed chats say?", f"{service} @event:chat -@outcome:ok"),
        text("## Cause\n\n## Earlier detection\nThe drill scenario that is missing:\n"),
    ]


def cost(args: NotebookArgs) -> list[Cell]:
    """Return the cells of a cost analysis: more chats, longer chats, or a more expensive model."""
    scope = args.identity.scope
    return [
        text("# Cost analysis\nCost is chats, times tokens per chat, times the model's price. Which of them grew?"),
        graph("Hourly cost by model (dollars)", _hourly(f"sum:llm.chat.cost{{{scope}}} by {{model}}"), "bars"),
        graph("More chats?", _hourly(f"sum:llm.chat.requests{{{scope}}} by {{model}}"), "bars"),
        graph("Longer ones?", f"avg:llm.chat.tokens{{{scope}}} by {{direction}}"),
        graph("Fewer answers from the cache?", _hourly(f"sum:llm.chat.requests{{{scope}}} by {{cached}}"), "bars"),
        log_lines(
            "Which chats cost the most?",
            f"service:{args.identity.service} env:{args.identity.env} @event:chat @cost_usd:>0.05",
        ),
        text("## Decision\nCache, cheaper model, shorter answers or a caller budget, and what it will save:\n"),
    ]


def anomaly(args: NotebookArgs) -> list[Cell]:
    """Return the cells that show whether an anomaly is real, caused by us, and relevant."""
    scope = args.identity.scope
    return [
        text(
            "# Anomaly\nAbove: what the monitor saw. Is it real (compare with last week), did we cause it (a "
            "deployment, a switch of the model), does it matter (SLOs)?"
        ),
        graph("Chats", f"sum:llm.chat.requests{{{scope}}}.as_count()", "bars"),
        graph("Chats, a week ago", f"week_before(sum:llm.chat.requests{{{scope}}}.as_count())", "bars"),
        graph("Tokens per chat", f"avg:llm.chat.tokens{{{scope}}} by {{direction,model}}"),
        graph("Chats by version", f"sum:llm.chat.requests{{{scope}}} by {{version}}.as_count()", "bars"),
        graph("Chat latency p95: do users notice?", f"p95:llm.chat.latency{{{scope}}}"),
        text("## Verdict\nReal or not. If it recurs and is not real, correct the monitor's bounds.\n"),
    ]


def _hourly(query: str) -> str:
    return f"{query}.as_count().rollup(sum, 3600)"


def text(markdown: str) -> Cell:
    """Return a cell of text."""
    return _cell({"type": "markdown", "text": markdown})


def graph(title: str, query: str, display: str = "line") -> Cell:
    """Return a time series of one query."""
    request = {"q": query, "display_type": display}
    return _cell({"type": "timeseries", "title": title, "show_legend": True, "requests": [request]})


def log_lines(title: str, search: str) -> Cell:
    """Return the latest log lines of a search."""
    return _cell({"type": "log_stream", "title": title, "indexes": ["*"], "query": search})


def _cell(definition: dict[str, Any]) -> Cell:
    return {"type": "notebook_cells", "attributes": {"definition": definition}}
