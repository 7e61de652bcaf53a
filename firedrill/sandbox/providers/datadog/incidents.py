"""Incident types, notification rules, templates, fields (https://docs.datadoghq.com/api/latest/incidents/)."""

from firedrill.sandbox.providers.datadog.envelopes import JsonApi
from firedrill.sandbox.providers.datadog.kind import Account, Kind, Step, jsonapi
from firedrill.sandbox.providers.datadog.lists import Listed
from firedrill.sandbox.providers.datadog.objects import Field, Object
from firedrill.sandbox.providers.datadog.shapes import TEXT, TRIMMED, Custom, Json, Within

_CONFIG = "/api/v2/incidents/config"
_FLAGS = (
    *("allowIncidentDeletion", "allowWorkflows", "editableTimestamps", "privateIncidents"),
    *("privateIncidentsByDefault", "testIncidents"),
)
_CONFIGURATION = Object(
    tuple(Field(name, computed=True) for name in (*_FLAGS, "createMessage", "slugSource")),
)
_INCIDENT_TYPE = Field(
    "incidentType",
    Within(("id",), TEXT, (("type", "incident_types"),)),
    at="/relationships/incident_type/data",
    required=True,
    replace=True,
)
_DATES = (Field("created", output=True), Field("modified", output=True))


def _without_configuration(step: Step, body: Json) -> Json:
    """A create ignores the configuration: it follows in an update of its own."""
    if step.doing == "create":
        body["attributes"].pop("configuration", None)
    return body


def _configure(step: Step) -> None:
    configuration = step.inputs.get("configuration")
    if step.doing == "create" and configuration:
        attributes = {"configuration": _CONFIGURATION.send(configuration)}
        body = JsonApi("incident_types").wrap({"attributes": attributes}, step.id)
        step.api.call(f"PATCH {_CONFIG}/types/{step.id}", body)


def _fixed_type(step: Step, body: Json) -> Json:
    """The incident type of an object cannot be changed, so an update leaves it out."""
    if step.doing == "update":
        relationships = body.get("relationships") or {}
        relationships.pop("incident_type", None)
        if not relationships:
            body.pop("relationships", None)
    return body


_FIELD_TYPES = {
    "dropdown": 1,
    "multiselect": 2,
    "textbox": 3,
    "textarray": 4,
    "metrictag": 5,
    "autocomplete": 6,
    "number": 7,
    "datetime": 8,
}


_FIELD_TYPE = Custom(
    lambda name: _FIELD_TYPES.get(name, name),
    lambda number: next((name for name, own in _FIELD_TYPES.items() if own == number), number),
)
"""A field's type: a name in the program, a number in the API."""


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    return {
        "datadog:index/incidentType:IncidentType": jsonapi(
            account,
            "incident_types",
            f"{_CONFIG}/types",
            Field("name", required=True),
            Field("description"),
            Field("isDefault", default=False),
            Field("configuration", _CONFIGURATION, computed=True),
            adapt=_without_configuration,
            after=_configure,
            reread=True,
        ),
        "datadog:index/incidentNotificationRule:IncidentNotificationRule": jsonapi(
            account,
            "incident_notification_rules",
            f"{_CONFIG}/notification-rules",
            Field("trigger", required=True),
            Field("handles", required=True),
            Field("conditions", Listed(Object((Field("field"), Field("values")))), empty=[]),
            Field("enabled", default=True),
            Field("renotifyOns", at="renotify_on", zero="omit"),
            Field("visibility", computed=True),
            Field(
                "notificationTemplate",
                Within(("id",), TEXT, (("type", "notification_templates"),)),
                at="/relationships/notification_template/data",
                elided=True,
            ),
            _INCIDENT_TYPE,
            *_DATES,
            update_at=f"PUT {_CONFIG}/notification-rules/{{id}}",
        ),
        "datadog:index/incidentNotificationTemplate:IncidentNotificationTemplate": jsonapi(
            account,
            "notification_templates",
            f"{_CONFIG}/notification-templates",
            Field("name", required=True),
            Field("subject", required=True),
            Field("content", TRIMMED, required=True),
            Field("category", required=True),
            _INCIDENT_TYPE,
            *_DATES,
            adapt=_fixed_type,
        ),
        "datadog:index/incidentPostmortemTemplate:IncidentPostmortemTemplate": jsonapi(
            account,
            "postmortem_templates",
            f"{_CONFIG}/postmortem-templates",
            Field("name", required=True),
            Field("content"),
            Field("location", computed=True),
            Field("isDefault", local=True),
            Field(
                "confluencePostmortemSettings",
                Object((Field("accountId"), Field("parentId", zero="omit"), Field("spaceId"))),
            ),
            Field("googleDocsPostmortemSettings", Object((Field("accountId"), Field("parentFolderId")))),
            _INCIDENT_TYPE,
            *_DATES,
            adapt=_fixed_type,
        ),
        "datadog:index/incidentUserDefinedRole:IncidentUserDefinedRole": jsonapi(
            account,
            "incident_user_defined_roles",
            f"{_CONFIG}/user-defined-roles",
            Field("name", required=True),
            Field("description"),
            Field("policy", Object((Field("isSingle", default=False),)), default={"isSingle": False}),
            _INCIDENT_TYPE,
            *_DATES,
            adapt=_fixed_type,
        ),
        "datadog:index/incidentUserDefinedField:IncidentUserDefinedField": jsonapi(
            account,
            "user_defined_field",
            f"{_CONFIG}/user-defined-fields",
            Field("name", required=True, replace=True, create_only=True),
            Field("type", _FIELD_TYPE, required=True, replace=True, create_only=True),
            Field("displayName", computed=True),
            Field("category"),
            Field("defaultValue"),
            Field("ordinal", computed=True),
            Field("required", computed=True),
            Field("tagKey", replace=True, create_only=True),
            Field(
                "validValues",
                Listed(Object(tuple(Field(n) for n in ("displayName", "value", "description", "shortDescription")))),
                zero="omit",
            ),
            _INCIDENT_TYPE,
            *_DATES,
            adapt=_fixed_type,
        ),
    }
