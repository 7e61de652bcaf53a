"""Service level objectives: https://docs.datadoghq.com/api/latest/service-level-objectives/ ."""

import ast
import copy
import re
import uuid

from firedrill.sandbox.datadog.account import MONITORS, SLO_CORRECTIONS, SLOS
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body

METRIC_QUERY = re.compile(r"\w+:[\w./]+\s*\{[^}]*\}(?:\s*by\s*\{[^}]*\})?(?:\.\w+\([^()]*\))*")
OPERATORS: dict[type, str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
TYPE_IDS = {"monitor": 0, "metric": 1, "time_slice": 2}


def display_target(value: float) -> str:
    """Return a target as the API displays it: ``99.9``, ``95.``."""
    return f"{float(value):.10f}".rstrip("0")


def threshold_body(requested: Body) -> Body:
    """Return a threshold with the displayed form of its numbers."""
    body: Body = {
        "timeframe": requested["timeframe"],
        "target": float(requested["target"]),
        "target_display": display_target(requested["target"]),
    }
    if requested.get("warning") is not None:
        body |= {"warning": float(requested["warning"]), "warning_display": display_target(requested["warning"])}
    return body


def check(call: Call, body: Body) -> None:
    """Raise :class:`ApiError` 400 for what the real API refuses."""
    kind = body["type"]
    if not body.get("thresholds"):
        raise ApiError(400, "Invalid payload: must specify thresholds")
    frames = [threshold["timeframe"] for threshold in body["thresholds"]]
    if len(set(frames)) != len(frames):
        raise ApiError(400, "Invalid payload: duplicate timeframe in thresholds")
    for threshold in body["thresholds"]:
        if not 0 < threshold["target"] < 100:
            raise ApiError(400, "Invalid payload: target must be between 0 and 100")
        if threshold.get("warning") is not None and threshold["warning"] <= threshold["target"]:
            raise ApiError(400, "Invalid payload: warning must be greater than target")
    if kind == "monitor":
        if not body.get("monitor_ids"):
            raise ApiError(400, "Invalid payload: must specify monitor_ids")
        missing = [monitor_id for monitor_id in body["monitor_ids"] if call.get(MONITORS, str(monitor_id)) is None]
        if missing:
            raise ApiError(400, f"Invalid payload: monitors not found: {missing}")
    if kind == "metric" and not body.get("query") and not body.get("sli_specification"):
        raise ApiError(400, "Invalid payload: must specify query")
    if kind == "time_slice" and not body.get("sli_specification"):
        raise ApiError(400, "Invalid payload: must specify sli_specification")


def formula_query(specification: Body) -> Body | None:
    """Return numerator and denominator of a count specification, with names replaced by their queries."""
    count = specification.get("count")
    if not count:
        return None
    queries = {query["name"]: query["query"] for query in count["queries"]}

    def substitute(formula: Body) -> str:
        return re.sub(r"\b[A-Za-z_]\w*\b", lambda name: queries.get(name[0], name[0]), formula["formula"])

    numerator = count.get("good_events_formula")
    denominator = count.get("total_events_formula")
    bad = count.get("bad_events_formula")
    if numerator is not None and bad is not None:
        total = f"({substitute(numerator)}) + ({substitute(bad)})"
        return {"numerator": substitute(numerator), "denominator": total}
    if numerator is None or denominator is None:
        return None
    return {"numerator": substitute(numerator), "denominator": substitute(denominator)}


def derived_specification(query: Body) -> Body | None:
    """Return the count specification of numerator and denominator; None where they are not plain formulas.

    Equal queries have one name. Recorded since March 2026: TestAccDatadogServiceLevelObjective_IgnoreTagKeys,
    TestAccDatadogSloCorrection_Updated.
    """
    names: dict[str, str] = {}

    def formula(text: str) -> str:
        named = METRIC_QUERY.sub(lambda found: names.setdefault(found[0], f"query{len(names) + 1}"), text)
        return written_formula(ast.parse(named.strip(), mode="eval").body)

    try:
        good, total = formula(query["numerator"]), formula(query["denominator"])
    except (SyntaxError, ValueError):
        return None
    queries = [{"data_source": "metrics", "name": name, "query": text} for text, name in names.items()]
    count = {
        "queries": queries,
        "good_events_formula": {"formula": good},
        "total_events_formula": {"formula": total},
    }
    return {"count": count}


def written_formula(node: ast.expr) -> str:
    """Return a formula with parentheses around every operation. Raises ValueError for anything but arithmetic."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return str(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return f"({written_formula(node.left)} {OPERATORS[type(node.op)]} {written_formula(node.right)})"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return f"{node.func.id}({', '.join(map(written_formula, node.args))})"
    raise ValueError("not a formula of queries")


def slo_response(slo: Body) -> Body:
    """Return an SLO as responses have it: a count of a numerator and a denominator as a specification, too."""
    if slo["type"] != "metric" or "sli_specification" in slo or not slo.get("query"):
        return slo
    specification = derived_specification(slo["query"])
    return slo if specification is None else {**slo, "sli_specification": specification}


def slo_body(call: Call, identifier: str, requested: Body, old: Body | None) -> Body:
    """Return an SLO from the request."""
    thresholds = [threshold_body(threshold) for threshold in requested["thresholds"]]
    first = next(
        (threshold for threshold in thresholds if threshold["timeframe"] == requested.get("timeframe")), thresholds[0]
    )
    me = call.me["attributes"]
    body: Body = {
        "id": identifier,
        "name": requested["name"],
        "tags": sorted(requested.get("tags") or []),
        "monitor_tags": [],
        "thresholds": thresholds,
        "type": requested["type"],
        "type_id": TYPE_IDS[requested["type"]],
        "description": requested.get("description") or "",
        "timeframe": first["timeframe"],
        "target_threshold": first["target"],
        "creator": old["creator"] if old else {key: me[key] for key in ("name", "handle", "email")},
        "created_at": old["created_at"] if old else call.seconds,
        "modified_at": call.seconds,
    }
    if "warning" in first:
        body["warning_threshold"] = first["warning"]
    specification = requested.get("sli_specification")
    if requested["type"] == "metric":
        body["query"] = requested.get("query") or formula_query(specification or {})
    if requested["type"] == "monitor":
        body["monitor_ids"] = requested["monitor_ids"]
        monitors = [call.get(MONITORS, str(monitor_id)) for monitor_id in requested["monitor_ids"]]
        body["monitor_tags"] = sorted({tag for monitor in monitors if monitor is not None for tag in monitor["tags"]})
    if specification is not None:
        body["sli_specification"] = copy.deepcopy(specification)
    if requested.get("groups"):
        body["groups"] = requested["groups"]
    return body


def find(call: Call) -> Body:
    """Return the SLO of the path. Raises :class:`ApiError` 404."""
    identifier = call.path["slo_id"]
    slo = call.get(SLOS, identifier)
    if slo is None:
        raise ApiError(404, f"SLO not found: {identifier} not found")
    return slo


@serves("v1.create_slo")
def create(call: Call) -> ApiResponse:
    """Create an SLO."""
    check(call, call.body)
    identifier = uuid.uuid4().hex
    body = slo_body(call, identifier, call.body, None)
    call.put(SLOS, identifier, body)
    return ApiResponse({"data": [slo_response(body)], "error": None})


@serves("v1.get_slo")
def get(call: Call) -> ApiResponse:
    """Return one SLO; ``with_configured_alert_ids`` adds the ids of its alerts."""
    body = find(call)
    if call.flag("with_configured_alert_ids"):
        quoted = f'"{body["id"]}"'
        alerts = [
            monitor["id"]
            for monitor in call.list(MONITORS)
            if monitor["type"] == "slo alert" and quoted in monitor["query"]
        ]
        body["configured_alert_ids"] = alerts
    return ApiResponse({"data": slo_response(body), "errors": None})


@serves("v1.list_slos")
def list_slos(call: Call) -> ApiResponse:
    """Return SLOs by ``ids``, ``query`` (in the name) or ``tags_query``, paged by ``limit`` and ``offset``."""
    bodies = call.list(SLOS)
    ids = [part for part in call.query.get("ids", "").split(",") if part]
    if ids:
        bodies = [body for body in bodies if body["id"] in ids]
        if not bodies:
            raise ApiError(404, f"SLO not found: {', '.join(ids)} not found")
    words, tags = call.query.get("query", "").lower(), call.query.get("tags_query", "")
    bodies = [body for body in bodies if words in body["name"].lower() and (not tags or tags in body["tags"])]
    offset, limit = call.integer("offset", 0, 0, 10**6), call.integer("limit", 1000, 1, 1000)
    body: Body = {"data": [slo_response(slo) for slo in bodies[offset : offset + limit]], "error": None}
    if not ids:
        body["metadata"] = {"page": {"total_count": len(bodies), "total_filtered_count": len(bodies)}}
    return ApiResponse(body)


@serves("v1.update_slo")
def update(call: Call) -> ApiResponse:
    """Replace an SLO; its type stays."""
    old = find(call)
    if call.body["type"] != old["type"]:
        raise ApiError(400, "Invalid payload: cannot change the type of an SLO")
    check(call, call.body)
    body = slo_body(call, old["id"], call.body, old)
    call.put(SLOS, old["id"], body)
    return ApiResponse({"data": [slo_response(body)], "error": None})


@serves("v1.delete_slo")
def delete(call: Call) -> ApiResponse:
    """Delete an SLO with its corrections; one that an SLO alert uses needs ``force``."""
    slo = find(call)
    identifier = slo["id"]
    quoted = f'"{identifier}"'
    users = [
        monitor["id"]
        for monitor in call.list(MONITORS)
        if monitor["type"] == "slo alert" and quoted in monitor["query"]
    ]
    if users and not call.flag("force"):
        raise ApiError(409, f"SLO {identifier} is used by monitors: {users}")
    for correction in call.list(SLO_CORRECTIONS):
        if correction["attributes"]["slo_id"] == identifier:
            call.delete(SLO_CORRECTIONS, correction["id"])
    call.delete(SLOS, identifier)
    return ApiResponse({"data": [identifier], "error": None})
