"""Widgets in the form of POST /api/v1/dashboard.

Metric queries say ``{$scope}`` where the controls go, and searches leave the service out:
:func:`infra.dashboards.board.board` puts both in. Only what differs from Datadog's defaults is said: what the server
adds by itself would be a diff at every preview.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from infra.objectives import Threshold, spelled

Widget = dict[str, Any]


def group(title: str, *widgets: Widget) -> Widget:
    """Widgets under one heading."""
    return _widget("group", title, layout_type="ordered", widgets=list(widgets))


def note(text: str) -> Widget:
    """Words."""
    return {"definition": {"type": "note", "content": text}}


# --- metrics ----------------------------------------------------------------------------------------------------------


def lines(
    title: str, queries: Mapping[str, str], *expressions: str, limit: Threshold | None = None, display: str = "line"
) -> Widget:
    """A time series of some expressions (by default each query), with the limit that an alert has on it."""
    return _widget(
        "timeseries",
        title,
        show_legend=True,
        requests=[
            {
                "response_format": "timeseries",
                "display_type": display,
                "formulas": [{"formula": one} for one in (expressions or tuple(queries))],
                "queries": [_metric(name, text) for name, text in queries.items()],
            }
        ],
        **({"markers": [_marker(limit)]} if limit else {}),
    )


def value(
    kind: str, title: str, expression: str, queries: Mapping[str, str], aggregator: str = "avg", **more: Any
) -> Widget:
    """One value (``query_value``), or one for each group (``toplist``, ``treemap``)."""
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
        **more,
    )


def table(title: str, columns: Mapping[str, tuple[str, str]]) -> Widget:
    """One row for each group; ``columns`` maps a heading to a query and its aggregator."""
    named = {f"query{number}": column for number, column in enumerate(columns.values(), 1)}
    return _widget(
        "query_table",
        title,
        requests=[
            {
                "response_format": "scalar",
                "formulas": [{"formula": name, "alias": heading} for name, heading in zip(named, columns, strict=True)],
                "queries": [
                    _metric(name, text) | {"aggregator": aggregator} for name, (text, aggregator) in named.items()
                ],
            }
        ],
    )


def heatmap(title: str, query: str) -> Widget:
    """How a distribution's values spread, over time: two humps are two kinds of request."""
    return _widget("heatmap", title, requests=[{"request_type": "histogram", "query": _metric("spread", query)}])


def change(title: str, query: str) -> Widget:
    """Each group beside itself a week ago: the same weekday, the same hours."""
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


def counted(  # what an event query has
    title: str,
    source: str,
    search: str,
    by: str = "",
    *,
    kind: str = "timeseries",
    measure: str = "",
    aggregation: str = "count",
) -> Widget:
    """How many events of a source match, or an aggregation of a measure of theirs, by a facet."""
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
    """The latest events of a source (``logs_stream``, ``llm_observability_stream``, ``issue_stream``)."""
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
    """How many sessions take each step after the one before; ``steps`` are facets of RUM and their values."""
    query = {
        "data_source": "rum",
        "query_string": search,
        "steps": [{"facet": facet, "value": value} for facet, value in steps],
    }
    return _widget("funnel", title, requests=[{"request_type": "funnel", "query": query}])


# --- objectives, alerts, people ---------------------------------------------------------------------------------------


def slo(title: str, slo_id: pulumi.Input[str], window: str) -> Widget:
    """An objective with its error budget."""
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
    """All objectives that a search finds."""
    return _widget(
        "slo_list", title, requests=[{"request_type": "slo_list", "query": {"query_string": search, "limit": 20}}]
    )


def burn_rate(title: str, slo_id: pulumi.Input[str], rates: Sequence[float]) -> Widget:
    """How fast an objective's budget goes, with the rates that alert. 1 spends all of it by the window's end."""
    return _slo_lines(title, slo_id, "burn_rate", [*rates, 1])


def budget_left(title: str, slo_id: pulumi.Input[str]) -> Widget:
    """How an objective's error budget went down, in percent of it."""
    return _slo_lines(title, slo_id, "error_budget_burndown", [0])


def monitors(title: str, search: str) -> Widget:
    """The monitors that a search finds, by their state."""
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
    """A monitor's own graph, as its notification shows it."""
    return _widget("alert_graph", title, alert_id=monitor_id, viz_type="timeseries")


def run_workflow(title: str, workflow_id: pulumi.Input[str]) -> Widget:
    """A button. The workflow asks for its inputs, which all have defaults."""
    return _widget("run_workflow", title, workflow_id=workflow_id)


def topology(title: str, service: str) -> Widget:
    """What the service depends on, from its traces."""
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


def _widget(kind: str, title: str, **more: Any) -> Widget:
    return {"definition": {"type": kind, "title": title} | more}


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
        markers=[{"value": f"y = {spelled(one)}", "display_type": "error dashed"} for one in levels],
    )


def _marker(limit: Threshold) -> dict[str, str]:
    return {
        "value": f"y = {spelled(limit.critical)}",
        "display_type": "error dashed",
        "label": f"alert above {limit}",
    }
