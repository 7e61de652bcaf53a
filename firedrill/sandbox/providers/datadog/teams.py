"""Teams and what belongs to them (https://docs.datadoghq.com/api/latest/teams/)."""

from firedrill.sandbox.providers.datadog.envelopes import JsonApi
from firedrill.sandbox.providers.datadog.kind import Account, Kind, Step, jsonapi
from firedrill.sandbox.providers.datadog.lists import Listed
from firedrill.sandbox.providers.datadog.objects import Field, Object
from firedrill.sandbox.providers.datadog.shapes import INT, TEXT, Json, Within

_TEAM_ID = Field("teamId", local=True, required=True, replace=True)
_EXTERNAL = Object((Field("type"), Field("value")))
_SELECTION = Object((Field("externalId", _EXTERNAL), Field("operation"), Field("scope")))
_CHANNELS = {
    "email": ("enabled", "recipientEmail"),
    "msTeams": ("connectorName",),
    "pagerduty": ("serviceName",),
    "servicenow": ("templates",),
    "slack": ("channel", "workspace"),
}


def _recipient(_step: Step, body: Json) -> Json:
    """An email rule says whether it is on, not to whom: the team's own address it is."""
    email = (body.get("attributes") or {}).get("email")
    if email:
        email.pop("recipient_email", None)
    return body


class _OneOfTeam(JsonApi):
    """Read from the list of a team's settings or memberships, by what it is about."""

    def unwrap(self, answer: Json, id: str) -> Json:
        data = (answer or {}).get("data")
        if not isinstance(data, list):
            return data
        return next((one for one in data if id in (one.get("id"), _about(one))), None)


def _about(one: Json) -> str | None:
    user = ((one.get("relationships") or {}).get("user") or {}).get("data") or {}
    return user.get("id") or (one.get("attributes") or {}).get("action")


def _link(side: str) -> Field:
    return Field(
        side,
        Object((Field("id"), Field("type"))),
        at=f"/relationships/{'connected_team' if side == 'connectedTeam' else 'team'}/data",
        required=True,
        replace=True,
    )


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    team = "/api/v2/team/{teamId}"
    settings = f"{team}/permission-settings"
    return {
        "datadog:index/team:Team": jsonapi(
            account,
            "team",
            "/api/v2/team",
            Field("name", required=True),
            Field("handle", required=True),
            Field("description", required=True),
            Field("summary", output=True),
            Field("linkCount", INT, output=True),
            Field("userCount", INT, output=True),
            unique=True,
        ),
        "datadog:index/teamLink:TeamLink": jsonapi(
            account,
            "team_links",
            f"{team}/links",
            _TEAM_ID,
            Field("label", required=True),
            Field("url", required=True),
            Field("position", INT, computed=True),
            within="teamId",
        ),
        "datadog:index/teamMembership:TeamMembership": jsonapi(
            account,
            "team_memberships",
            f"{team}/memberships",
            _TEAM_ID,
            Field(
                "userId",
                Within(("id",), TEXT, (("type", "users"),)),
                at="/relationships/user/data",
                required=True,
                replace=True,
                create_only=True,
            ),
            Field("role"),
            read_at=f"GET {team}/memberships?page[size]=1000",
            update_at=f"PATCH {team}/memberships/{{userId}}",
            delete_at=f"DELETE {team}/memberships/{{userId}}",
            envelope=_OneOfTeam("team_memberships", send_id=False),
            within="teamId",
            sought=True,
        ),
        "datadog:index/teamPermissionSetting:TeamPermissionSetting": jsonapi(
            account,
            "team_permission_settings",
            settings,
            _TEAM_ID,
            Field("action", local=True, required=True, replace=True),
            Field("value", required=True),
            create_at=f"PUT {settings}/{{action}}",
            read_at=f"GET {settings}",
            update_at=f"PUT {settings}/{{action}}",
            delete_at=None,
            envelope=_OneOfTeam("team_permission_settings", send_id=False),
            within="teamId",
            named=("action",),
            sought=True,
        ),
        "datadog:index/teamNotificationRule:TeamNotificationRule": jsonapi(
            account,
            "team_notification_rules",
            f"{team}/notification-rules",
            _TEAM_ID,
            *(Field(name, Object(tuple(map(Field, fields)))) for name, fields in _CHANNELS.items()),
            update_at=f"PUT {team}/notification-rules/{{id}}",
            adapt=_recipient,
            within="teamId",
        ),
        "datadog:index/teamConnection:TeamConnection": jsonapi(
            account,
            "team_connection",
            "/api/v2/team/connections",
            _link("team"),
            _link("connectedTeam"),
            Field("source", computed=True),
            read_at="GET /api/v2/team/connections?filter[connection_ids]={id}",
            update_at=None,
        ),
        "datadog:index/teamSync:TeamSync": jsonapi(
            account,
            "team_sync_bulk",
            "/api/v2/team/sync",
            Field("source", required=True),
            Field("type", required=True),
            Field("frequency", computed=True),
            Field("syncMembership", computed=True),
            Field("selectionStates", Listed(_SELECTION), at="selection_state"),
            read_at="GET /api/v2/team/sync?filter[source]={source}",
            update_at="POST /api/v2/team/sync",
            delete_at=None,
            envelope=_Source("team_sync_bulk", send_id=False),
            identify=lambda _, inputs: str(inputs["source"]),
            named=("source",),
        ),
    }


class _Source(JsonApi):
    """The one sync of a source."""

    def unwrap(self, answer: Json, id: str) -> Json:
        return super().unwrap(answer, "")
