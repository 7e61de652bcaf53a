"""Widgets in the form of POST /api/v1/dashboard.

Metric queries say ``{$scope}`` where the controls go, and searches leave the service out:
:func:`infra.observability.dashboards.board.board` adds both. Only what differs from Datadog's defaults is declared:
what the server adds by itself would be a diff at every preview.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from infra.objectives import Threshold, format_number

Widget = dict[str, Any]


def group(title: str, *widgets: Widget) -> Widget:
    """Return a group of widgets with a heading."""
    return _widget("group", title, layout_type="ordered", widgets=list(widgets))


def note(text: str) -> Widget:
    """Return a note."""
    return {"definition": {"type": "note", "content": text}}


# --- metrics ----------------------------------------------------------------------------------------------------------


def lines(
    title: str, queries: Mapping[str, str], *expressions: str, limit: Threshold | None = None, display: str = "line"
) -> Widget:
    """Return a time series of some expressions (by default each query), with an alert's threshold as a marker."""
    return _widget(
        "timeseries",
        title,
        show_legend=True,
        requests=[
            {
                "response_format": "timeseries",
                "display_type": display,
                "formulas": [{"formula": expression} for expression in (expressions or tuple(queries))],
                "queries": [_metric(name, text) for name, text in queries.items()],
            }
        ],
        **({"markers": [_marker(limit)]} if limit else {}),
    )


def value(
    kind: str, title: str, expression: str, queries: Mapping[str, str], aggregator: str = "avg", **options: Any
) -> Widget:
    """Return one value (``query_value``), or one for each group (``toplist``, ``treemap``)."""
    return _widget(
        kind,
        title,
        requests=[
            {
                "response_format": "scalar",
                "formulas": [{"formula": expression}],
                "queries": [_metric(name, text) | {"aggregator": aggregator} for name, text in queries.items()],
            }
        ],
        **options,
    )


def table(title: str, columns: Mapping[str, tuple[str, str]]) -> Widget:
    """Return a table with a row for each group. ``columns`` maps a heading to a query and its aggregator."""
    cells = {f"query{number}": column for number, column in enumerate(columns.values(), 1)}
    return _widget(
        "query_table",
        title,
        requests=[
            {
                "response_format": "scalar",
                "formulas": [{"formula": name, "alias": heading} for name, heading in zip(cells, columns, strict=True)],
                "queries": [
                    _metric(name, text) | {"aggregator": aggregator} for name, (text, aggregator) in cells.items()
                ],
            }
        ],
    )


def heatmap(title: str, query: str) -> Widget:
    """Return the distribution of a metric over time."""
    return _widget("heatmap", title, requests=[{"request_type": "histogram", "query": _metric("spread", query)}])


def change(title: str, query: str) -> Widget:
    """Return the change of each group since a week ago: the same weekday, the same hours."""
    return _widget(
        "change",
        title,
        requests=[
            {
                "response_format": "scalar",
                "formulas": [{"formula": "week_before(now)"}, {"formula": "now"}],
                "queries": [_metric("now", query) | {"aggregator": "sum"}],
                "compare_to": "week_before",
                "change_type": "relative",
                "order_by": "change",
                "order_dir": "desc",
                "increase_good": False,
            }
        ],
    )


# --- events -----------------------------------------------------------------------------------------------------------


def event_count(
    title: str,
    source: str,
    search: str,
    by: str = "",
    *,
    kind: str = "timeseries",
    measure: str = "",
    aggregation: str = "count",
) -> Widget:
    """Return the count of a source's matching events, or an aggregation of their ``measure``, by a facet."""
    time_series = kind == "timeseries"
    query = {
        "name": "matching",
        "data_source": source,
        "search": {"query": search},
        "indexes": ["*"],
        "compute": {"aggregation": aggregation} | ({"metric": measure} if measure else {}),
        "group_by": [{"facet": by, "limit": 10, "sort": {"aggregation": aggregation, "order": "desc"}
                      | ({"metric": measure} if measure else {})}] if by else [],
    }  # fmt: skip
    return _widget(
        kind,
        title,
        requests=[
            {
                "response_format": "timeseries" if time_series else "scalar",
                "formulas": [{"formula": "matching"}],
                "queries": [query],
            }
            | ({"display_type": "bars" if aggregation == "count" else "line"} if time_series else {})
        ],
        **({"show_legend": True} if time_series and by else {}),
    )


def stream(title: str, source: str, search: str, fields: Sequence[str]) -> Widget:
    """Return the latest events of a source (``logs_stream``, ``llm_observability_stream``, ``issue_stream``)."""
    return _widget(
        "list_stream",
        title,
        requests=[
            {
                "response_format": "event_list",
                "query": {"data_source": source, "query_string": search, "indexes": []},
                "columns": [{"field": field, "width": "auto"} for field in fields],
            }
        ],
    )


def funnel(title: str, search: str, steps: Sequence[tuple[str, str]]) -> Widget:
    """Return how many sessions reach each step. ``steps`` are facets of RUM and their values."""
    query = {
        "data_source": "rum",
        "query_string": search,
        "steps": [{"facet": facet, "value": value} for facet, value in steps],
    }
    return _widget("funnel", title, requests=[{"request_type": "funnel", "query": query}])


# --- SLOs, alerts, workflows ------------------------------------------------------------------------------------------


def slo(title: str, slo_id: pulumi.Input[str], window: str) -> Widget:
    """Return an SLO with its error budget."""
    return _widget(
        "slo",
        title,
        slo_id=slo_id,
        view_type="detail",
        view_mode="overall",
        time_windows=list(dict.fromkeys(("7d", window))),
        show_error_budget=True,
        global_time_target="0",
    )


def slo_list(title: str, search: str) -> Widget:
    """Return the SLOs that a search finds."""
    return _widget(
        "slo_list", title, requests=[{"request_type": "slo_list", "query": {"query_string": search, "limit": 20}}]
    )


def burn_rate(title: str, slo_id: pulumi.Input[str], rates: Sequence[float]) -> Widget:
    """Return an SLO's burn rate, with the rates that alert and 1, which spends the budget by the window's end."""
    return _slo_lines(title, slo_id, "burn_rate", [*rates, 1])


def budget_left(title: str, slo_id: pulumi.Input[str]) -> Widget:
    """Return an SLO's remaining error budget over time, in percent of it."""
    return _slo_lines(title, slo_id, "error_budget_burndown", [0])


def monitors(title: str, search: str) -> Widget:
    """Return the monitors that a search finds, by their state."""
    return _widget(
        "manage_status",
        title,
        query=search,
        summary_type="monitors",
        display_format="countsAndList",
        sort="status,asc",
        hide_zero_counts=True,
        show_last_triggered=True,
    )


def alert_graph(title: str, monitor_id: pulumi.Input[str]) -> Widget:
    """Return a monitor's own graph, as its notification shows it."""
    return _widget("alert_graph", title, alert_id=monitor_id, viz_type="timeseries")


def run_workflow(title: str, workflow_id: pulumi.Input[str]) -> Widget:
    """Return a button that runs a workflow, whose inputs all have defaults."""
    return _widget("run_workflow", title, workflow_id=workflow_id)


def topology(title: str, service: str) -> Widget:
    """Return the service map: what the service depends on, from its traces."""
    return _widget(
        "topology_map",
        title,
        requests=[
            {
                "request_type": "topology",
                "query": {"data_source": "service_map", "service": service, "filters": ["$env"]},
            }
        ],
    )


def _widget(kind: str, title: str, **options: Any) -> Widget:
    return {"definition": {"type": kind, "title": title} | options}


def _metric(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "data_source": "metrics", "query": text}


def _slo_lines(title: str, slo_id: pulumi.Input[str], measure: str, levels: Sequence[float]) -> Widget:
    return _widget(
        "timeseries",
        title,
        requests=[
            {
                "response_format": "timeseries",
                "display_type": "line",
                "formulas": [{"formula": "asked"}],
                "queries": [{"name": "asked", "data_source": "slo", "slo_id": slo_id, "measure": measure}],
            }
        ],
        markers=[{"value": f"y = {format_number(level)}", "display_type": "error dashed"} for level in levels],
    )


def _marker(limit: Threshold) -> dict[str, str]:
    return {
        "value": f"y = {format_number(limit.critical)}",
        "display_type": "error dashed",
        "label": f"alert above {limit}",
    }
