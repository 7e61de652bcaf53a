"""Network Path tests: https://docs.datadoghq.com/synthetics/network_path_tests/ . They are kept, and never run here."""

import copy

from firedrill.sandbox.datadog.account import SYNTHETICS_TESTS, iso, org_number
from firedrill.sandbox.datadog.overlays.dashboards import short_id
from firedrill.sandbox.datadog.overlays.synthetics import find, person, put_monitor
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

SUBTYPES = ("tcp", "udp", "icmp")
HIDDEN = ("created_by", "modified_by", "org_id")


def definition(call: Call, old: Body | None) -> Body:
    """A test from a body. Raises :class:`ApiError` 400."""
    given = copy.deepcopy(call.body["data"]["attributes"])
    if not given["name"].strip():
        raise ApiError(400, "name: cannot be empty")
    if not given["locations"]:
        raise ApiError(400, "locations: cannot be empty")
    if given.get("subtype") not in SUBTYPES:
        raise ApiError(400, f"subtype: must be one of {', '.join(SUBTYPES)}")
    if given["subtype"] == "tcp" and "port" not in given["config"]["request"]:
        raise ApiError(400, "config.request.port: is required")
    return {
        "status": "live",
        "tags": [],
        **given,
        "public_id": old["public_id"] if old else short_id(),
        "monitor_id": old["monitor_id"] if old else call.number("monitors", 150_000_001),
        "created_at": old["created_at"] if old else iso(call.now),
        "created_by": old["created_by"] if old else person(call),
        "modified_at": iso(call.now),
        "modified_by": person(call),
        "org_id": org_number(call.org),
    }


def kept(call: Call, old: Body | None) -> Answer:
    """Keep a test and its monitor."""
    test = definition(call, old)
    call.put(SYNTHETICS_TESTS, test["public_id"], test)
    put_monitor(call, test)
    return answer(test)


def answer(test: Body) -> Answer:
    """A test as it is answered."""
    attributes = {key: value for key, value in test.items() if key not in HIDDEN}
    return Answer({"data": {"id": test["public_id"], "type": "network_test", "attributes": attributes}})


@serves("v2.create_synthetics_network_test")
def create(call: Call) -> Answer:
    """Create a test."""
    return kept(call, None)


@serves("v2.get_synthetics_network_test")
def get(call: Call) -> Answer:
    """One test."""
    return answer(find(call, "network"))


@serves("v2.update_synthetics_network_test")
def update(call: Call) -> Answer:
    """Replace a test."""
    return kept(call, find(call, "network"))
