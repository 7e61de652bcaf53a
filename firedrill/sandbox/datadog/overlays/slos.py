"""Service level objectives and their corrections: https://docs.datadoghq.com/api/latest/service-level-objectives/ ."""

import copy
import re
import uuid

from firedrill.sandbox.datadog.account import MONITORS, SLO_CORRECTIONS, SLOS
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

TYPE_IDS = {"monitor": 0, "metric": 1, "time_slice": 2}


def display(value: float) -> str:
    """A target as the API shows it: ``99.9``, ``95.``."""
    return f"{float(value):.10f}".rstrip("0")


def threshold(given: Body) -> Body:
    """A threshold with its texts."""
    found: Body = {
        "timeframe": given["timeframe"],
        "target": float(given["target"]),
        "target_display": display(given["target"]),
    }
    if given.get("warning") is not None:
        found |= {"warning": float(given["warning"]), "warning_display": display(given["warning"])}
    return found


def check(call: Call, sent: Body) -> None:
    """Raise :class:`ApiError` 400 for what the real API refuses."""
    kind = sent["type"]
    if not sent.get("thresholds"):
        raise ApiError(400, "Invalid payload: must specify thresholds")
    frames = [one["timeframe"] for one in sent["thresholds"]]
    if len(set(frames)) != len(frames):
        raise ApiError(400, "Invalid payload: duplicate timeframe in thresholds")
    for one in sent["thresholds"]:
        if not 0 < one["target"] < 100:
            raise ApiError(400, "Invalid payload: target must be between 0 and 100")
        if one.get("warning") is not None and one["warning"] <= one["target"]:
            raise ApiError(400, "Invalid payload: warning must be greater than target")
    if kind == "monitor":
        if not sent.get("monitor_ids"):
            raise ApiError(400, "Invalid payload: must specify monitor_ids")
        missing = [one for one in sent["monitor_ids"] if call.get(MONITORS, str(one)) is None]
        if missing:
            raise ApiError(400, f"Invalid payload: monitors not found: {missing}")
    if kind == "metric" and not sent.get("query") and not sent.get("sli_specification"):
        raise ApiError(400, "Invalid payload: must specify query")
    if kind == "time_slice" and not sent.get("sli_specification"):
        raise ApiError(400, "Invalid payload: must specify sli_specification")


def formula_query(specification: Body) -> Body | None:
    """Numerator and denominator of a count specification, its query names replaced by their queries."""
    count = specification.get("count")
    if not count:
        return None
    queries = {one["name"]: one["query"] for one in count["queries"]}

    def spelled(formula: Body) -> str:
        return re.sub(r"\b[A-Za-z_]\w*\b", lambda name: queries.get(name[0], name[0]), formula["formula"])

    numerator = count.get("good_events_formula")
    denominator = count.get("total_events_formula")
    if numerator is None or denominator is None:
        return None
    return {"numerator": spelled(numerator), "denominator": spelled(denominator)}


def definition(call: Call, identifier: str, sent: Body, old: Body | None) -> Body:
    """An SLO as it is answered."""
    thresholds = [threshold(one) for one in sent["thresholds"]]
    first = next((one for one in thresholds if one["timeframe"] == sent.get("timeframe")), thresholds[0])
    me = call.me["attributes"]
    body: Body = {
        "id": identifier,
        "name": sent["name"],
        "tags": sorted(sent.get("tags") or []),
        "monitor_tags": [],
        "thresholds": thresholds,
        "type": sent["type"],
        "type_id": TYPE_IDS[sent["type"]],
        "description": sent.get("description") or "",
        "timeframe": first["timeframe"],
        "target_threshold": first["target"],
        "creator": old["creator"] if old else {key: me[key] for key in ("name", "handle", "email")},
        "created_at": old["created_at"] if old else call.seconds,
        "modified_at": call.seconds,
    }
    if "warning" in first:
        body["warning_threshold"] = first["warning"]
    specification = sent.get("sli_specification")
    if sent["type"] == "metric":
        body["query"] = sent.get("query") or formula_query(specification or {})
    if sent["type"] == "monitor":
        body["monitor_ids"] = sent["monitor_ids"]
        monitors = [call.get(MONITORS, str(one)) for one in sent["monitor_ids"]]
        body["monitor_tags"] = sorted({tag for one in monitors if one is not None for tag in one["tags"]})
    if specification is not None:
        body["sli_specification"] = copy.deepcopy(specification)
    if sent.get("groups"):
        body["groups"] = sent["groups"]
    return body


def find(call: Call) -> Body:
    """The SLO of the path. Raises :class:`ApiError` 404."""
    identifier = call.path["slo_id"]
    found = call.get(SLOS, identifier)
    if found is None:
        raise ApiError(404, f"SLO not found: {identifier} not found")
    return found


@serves("v1.create_slo")
def create(call: Call) -> Answer:
    """Create an SLO."""
    check(call, call.body)
    identifier = uuid.uuid4().hex
    body = definition(call, identifier, call.body, None)
    call.put(SLOS, identifier, body)
    return Answer({"data": [body], "error": None})


@serves("v1.get_slo")
def get(call: Call) -> Answer:
    """One SLO, with the ids of the alerts on it when asked."""
    body = find(call)
    if call.flag("with_configured_alert_ids"):
        quoted = f'"{body["id"]}"'
        alerts = [one["id"] for one in call.list(MONITORS) if one["type"] == "slo alert" and quoted in one["query"]]
        body["configured_alert_ids"] = alerts
    return Answer({"data": body, "errors": None})


@serves("v1.list_slos")
def list_slos(call: Call) -> Answer:
    """SLOs by ``ids``, ``query`` (in the name) or ``tags_query``, paged by ``limit`` and ``offset``."""
    bodies = call.list(SLOS)
    ids = [one for one in call.query.get("ids", "").split(",") if one]
    if ids:
        bodies = [body for body in bodies if body["id"] in ids]
        if not bodies:
            raise ApiError(404, f"SLO not found: {', '.join(ids)} not found")
    words, tags = call.query.get("query", "").lower(), call.query.get("tags_query", "")
    bodies = [body for body in bodies if words in body["name"].lower() and (not tags or tags in body["tags"])]
    offset, limit = call.integer("offset", 0, 0, 10**6), call.integer("limit", 1000, 1, 1000)
    answer: Body = {"data": bodies[offset : offset + limit], "error": None}
    if not ids:
        answer["metadata"] = {"page": {"total_count": len(bodies), "total_filtered_count": len(bodies)}}
    return Answer(answer)


@serves("v1.update_slo")
def update(call: Call) -> Answer:
    """Replace an SLO; its type stays."""
    old = find(call)
    if call.body["type"] != old["type"]:
        raise ApiError(400, "Invalid payload: cannot change the type of an SLO")
    check(call, call.body)
    body = definition(call, old["id"], call.body, old)
    call.put(SLOS, old["id"], body)
    return Answer({"data": [body], "error": None})


@serves("v1.delete_slo")
def delete(call: Call) -> Answer:
    """Delete, unless an SLO alert uses it and ``force`` is not set; its corrections go with it."""
    found = find(call)
    identifier = found["id"]
    quoted = f'"{identifier}"'
    users = [one["id"] for one in call.list(MONITORS) if one["type"] == "slo alert" and quoted in one["query"]]
    if users and not call.flag("force"):
        raise ApiError(409, f"SLO {identifier} is used by monitors: {users}")
    for correction in call.list(SLO_CORRECTIONS):
        if correction["attributes"]["slo_id"] == identifier:
            call.delete(SLO_CORRECTIONS, correction["id"])
    call.delete(SLOS, identifier)
    return Answer({"data": [identifier], "error": None})


@serves("v1.check_can_delete_slo")
def can_delete(call: Call) -> Answer:
    """Which of ``ids`` no alert uses; 409 when one is used."""
    ids = [one.strip() for one in call.query.get("ids", "").split(",") if one.strip()]
    alerts = [one for one in call.list(MONITORS) if one["type"] == "slo alert"]
    used = {
        identifier: f"SLO is used by monitor {one['id']}"
        for identifier in ids
        for one in alerts
        if f'"{identifier}"' in one["query"]
    }
    return Answer(
        {"data": {"ok": [one for one in ids if one not in used]}, "errors": used or None}, 409 if used else 200
    )
