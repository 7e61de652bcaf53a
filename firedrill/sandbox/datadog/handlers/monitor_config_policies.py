"""Policies that monitors must follow: https://docs.datadoghq.com/api/latest/monitors/ ."""

from firedrill.sandbox.datadog.http.collection import Collection
from firedrill.sandbox.datadog.http.handler import ApiError, Call
from firedrill.sandbox.datadog.store import Body

POLICIES = "monitor_policies"
MEMBER = {"tag": "tag_key", "downtime": "max_duration_ms"}
"""What a policy of a type must say."""


def check_policy(call: Call, data: Body, old: Body | None) -> None:
    """Raise :class:`ApiError` unless the request names the policy of the path and its tag key has no other policy.

    A policy of type ``downtime`` limits the length of downtimes and has no tag key.
    """
    if old is not None:
        if call.body["data"].get("id") != old["id"]:
            raise ApiError(422, "Policy id in request body does not match id in URL param")
        data["attributes"]["policy"] = {**old["attributes"]["policy"], **data["attributes"]["policy"]}
    policy, kind = data["attributes"]["policy"], data["attributes"]["policy_type"]
    if MEMBER[kind] not in policy:
        raise ApiError(400, f"A policy of type {kind} requires {MEMBER[kind]}")
    key = policy.get("tag_key")
    if key is None:
        return
    for other in call.list(POLICIES):
        if other["id"] != data["id"] and other["attributes"]["policy"].get("tag_key") == key:
            raise ApiError(400, f"A policy for tag key {key} already exists")


Collection(
    POLICIES,
    "monitor-config-policy",
    "policy_id",
    create="create_monitor_config_policy",
    get="get_monitor_config_policy",
    list="list_monitor_config_policies",
    update="update_monitor_config_policy",
    delete="delete_monitor_config_policy",
    created=200,
    complete=check_policy,
    not_found=lambda _: "Monitor config policy not found",
).register()
