"""Teams and what belongs to them (https://docs.datadoghq.com/api/latest/teams/)."""

from firedrill.datadog.mapping.envelopes import JsonApi
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, jsonapi
from firedrill.datadog.mapping.objects import Object, Property
from firedrill.datadog.mapping.schema import INT, TEXT, Inside, Json

_TEAM_ID = Property("teamId", local=True, required=True, replace=True)
_CHANNELS = {
    "email": ("enabled", "recipientEmail"),
    "msTeams": ("connectorName",),
    "pagerduty": ("serviceName",),
    "servicenow": ("templates",),
    "slack": ("channel", "workspace"),
}


def _without_recipient(_write: Write, body: Json) -> Json:
    """Remove the recipient of an e-mail rule: the API has only whether it is enabled."""
    email = (body.get("attributes") or {}).get("email")
    if email:
        email.pop("recipient_email", None)
    return body


class _Membership(JsonApi):
    """A membership, read from the list of a team's members by its id or its user's."""

    def unwrap(self, answer: Json, id: str) -> Json:
        data = (answer or {}).get("data")
        if not isinstance(data, list):
            return data
        return next((member for member in data if id in (member.get("id"), _user_id(member))), None)


def _user_id(membership: Json) -> str | None:
    return (((membership.get("relationships") or {}).get("user") or {}).get("data") or {}).get("id")


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    team = "/api/v2/team/{teamId}"
    return {
        "datadog:index/team:Team": jsonapi(
            account,
            "team",
            "/api/v2/team",
            Property("name", required=True),
            Property("handle", required=True),
            Property("description", required=True),
            Property("summary", output=True),
            Property("linkCount", INT, output=True),
            Property("userCount", INT, output=True),
            envelope=JsonApi("team", update_id="none"),
        ),
        "datadog:index/teamLink:TeamLink": jsonapi(
            account,
            "team_links",
            f"{team}/links",
            Property("teamId", required=True, replace=True),
            Property("label", required=True),
            Property("url", required=True),
            Property("position", INT, computed=True),
            envelope=JsonApi("team_links", update_id="none"),
            parent="teamId",
        ),
        "datadog:index/teamMembership:TeamMembership": jsonapi(
            account,
            "team_memberships",
            f"{team}/memberships",
            _TEAM_ID,
            Property(
                "userId",
                Inside(("id",), TEXT, (("type", "users"),)),
                at="/relationships/user/data",
                required=True,
                replace=True,
                create_only=True,
            ),
            Property("role"),
            read_at=f"GET {team}/memberships?page[size]=1000",
            update_at=f"PATCH {team}/memberships/{{userId}}",
            delete_at=f"DELETE {team}/memberships/{{userId}}",
            envelope=_Membership("team_memberships", update_id="none"),
            parent="teamId",
            import_by_key=True,
        ),
        "datadog:index/teamNotificationRule:TeamNotificationRule": jsonapi(
            account,
            "team_notification_rules",
            f"{team}/notification-rules",
            _TEAM_ID,
            *(Property(name, Object(tuple(map(Property, fields)))) for name, fields in _CHANNELS.items()),
            update_at=f"PUT {team}/notification-rules/{{id}}",
            adjust_body=_without_recipient,
            parent="teamId",
        ),
    }
