"""Incident types, notification rules, templates, fields (https://docs.datadoghq.com/api/latest/incidents/)."""

import uuid
from datetime import UTC, datetime

from firedrill.datadog.mapping.envelopes import JsonApi
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, jsonapi
from firedrill.datadog.mapping.lists import ListOf, SetOf
from firedrill.datadog.mapping.objects import NULL, Object, Property
from firedrill.datadog.mapping.schema import TEXT, TRIMMED, Converted, Inside, Json
from firedrill.provider.resource import ProviderError

_CONFIG = "/api/v2/incidents/config"
_FLAGS = (
    *("allowIncidentDeletion", "allowWorkflows", "editableTimestamps", "privateIncidents"),
    *("privateIncidentsByDefault", "testIncidents"),
)
_CONFIGURATION = Object(
    tuple(Property(name, computed=True) for name in (*_FLAGS, "createMessage", "slugSource")),
)
_INCIDENT_TYPE = Property(
    "incidentType",
    Inside(("id",), TEXT, (("type", "incident_types"),)),
    at="/relationships/incident_type/data",
    required=True,
    replace=True,
)
_DATES = (Property("created", output=True), Property("modified", output=True))


def _check_template(write: Write) -> None:
    """Raise ProviderError for a template's id that is no UUID, as the published provider does before a request."""
    template = write.inputs.get("notificationTemplate")
    try:
        uuid.UUID(template or str(uuid.NAMESPACE_DNS))
    except ValueError as error:
        raise ProviderError(f"Could not parse notification template ID: {template} is no UUID") from error


def _enabled_in_update(write: Write, body: Json) -> Json:
    """Send false in an update that does not declare `enabled`, as the published provider does."""
    if write.action == "update":
        body["attributes"].setdefault("enabled", False)
    return body


def _without_configuration(write: Write, body: Json) -> Json:
    """Remove the configuration from a create, which ignores it; an update follows."""
    if write.action == "create":
        body["attributes"].pop("configuration", None)
    return body


def _configure(write: Write) -> Json:
    configuration = write.inputs.get("configuration")
    if write.action == "create" and configuration:
        attributes = {"configuration": _CONFIGURATION.send(configuration)}
        body = JsonApi("incident_types").wrap({"attributes": attributes}, write.id)
        return write.client.call(f"PATCH {_CONFIG}/types/{write.id}", body)["data"]
    return None


def _without_type_in_update(write: Write, body: Json) -> Json:
    """Remove the incident type, which cannot be changed, from an update."""
    if write.action == "update":
        relationships = body.get("relationships") or {}
        relationships.pop("incident_type", None)
        if not relationships:
            body.pop("relationships", None)
    return body


def _adjust_role(write: Write, body: Json) -> Json:
    """Remove an absent description from a create."""
    if write.action == "create" and body["attributes"]["description"] is None:
        del body["attributes"]["description"]
    return _without_type_in_update(write, body)


def _adjust_field(write: Write, body: Json) -> Json:
    """Send no category in a create without one, and in an update the list of values even where it is empty."""
    if write.action == "create":
        if body["attributes"]["category"] is None:
            del body["attributes"]["category"]
        for value in body["attributes"].get("valid_values", []):
            value.setdefault("short_description", "")
    if write.action == "update":
        body["attributes"].setdefault("valid_values", [])
    return _without_type_in_update(write, body)


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


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


_SINCE = Converted(lambda chosen: _now() if chosen else None, lambda answer: answer not in (None, False))
"""Whether a template is the default: in the API, the time since when. The published provider sends each update's."""
_FIELD_TYPE = Converted(
    lambda name: _FIELD_TYPES.get(name, name),
    lambda number: next((name for name, value in _FIELD_TYPES.items() if value == number), number),
)
"""A field's type: a name in the program, a number in the API."""


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    return {
        "datadog:index/incidentType:IncidentType": jsonapi(
            account,
            "incident_types",
            f"{_CONFIG}/types",
            Property("name", required=True),
            Property("description"),
            Property("isDefault", default=False),
            Property("configuration", _CONFIGURATION, computed=True),
            adjust_body=_without_configuration,
            after_write=_configure,
        ),
        "datadog:index/incidentNotificationRule:IncidentNotificationRule": jsonapi(
            account,
            "incident_notification_rules",
            f"{_CONFIG}/notification-rules",
            Property("trigger", required=True),
            Property("handles", required=True),
            Property("conditions", ListOf(Object((Property("field"), Property("values")))), if_absent=[]),
            Property("enabled", computed=True),
            Property("renotifyOns", at="renotify_on", zero="omit"),
            Property("visibility", computed=True),
            Property(
                "notificationTemplate",
                Inside(("id",), TEXT, (("type", "notification_templates"),)),
                at="/relationships/notification_template/data",
                omittable=True,
            ),
            _INCIDENT_TYPE,
            *_DATES,
            update_at=f"PUT {_CONFIG}/notification-rules/{{id}}",
            before_write=_check_template,
            adjust_body=_enabled_in_update,
        ),
        "datadog:index/incidentNotificationTemplate:IncidentNotificationTemplate": jsonapi(
            account,
            "notification_templates",
            f"{_CONFIG}/notification-templates",
            Property("name", required=True),
            Property("subject", required=True),
            Property("content", TRIMMED, required=True),
            Property("category", required=True),
            _INCIDENT_TYPE,
            *_DATES,
            adjust_body=_without_type_in_update,
        ),
        "datadog:index/incidentPostmortemTemplate:IncidentPostmortemTemplate": jsonapi(
            account,
            "postmortem_templates",
            f"{_CONFIG}/postmortem-templates",
            Property("name", required=True),
            Property("content"),
            Property("location", computed=True),
            Property("isDefault", _SINCE, computed=True),
            Property(
                "confluencePostmortemSettings",
                Object((Property("accountId"), Property("parentId", zero="omit"), Property("spaceId"))),
            ),
            Property("googleDocsPostmortemSettings", Object((Property("accountId"), Property("parentFolderId")))),
            _INCIDENT_TYPE,
            *_DATES,
            adjust_body=_without_type_in_update,
        ),
        "datadog:index/incidentUserDefinedRole:IncidentUserDefinedRole": jsonapi(
            account,
            "incident_user_defined_roles",
            f"{_CONFIG}/user-defined-roles",
            Property("name", required=True),
            Property("description", if_absent=NULL),
            Property("policy", Object((Property("isSingle", default=False),)), default={"isSingle": False}),
            _INCIDENT_TYPE,
            *_DATES,
            adjust_body=_adjust_role,
        ),
        "datadog:index/incidentUserDefinedField:IncidentUserDefinedField": jsonapi(
            account,
            "user_defined_field",
            f"{_CONFIG}/user-defined-fields",
            Property("name", required=True, replace=True, create_only=True),
            Property("type", _FIELD_TYPE, required=True, replace=True, create_only=True),
            Property("displayName", computed=True),
            Property("category", if_absent=NULL),
            Property("defaultValue"),
            Property("ordinal", computed=True),
            Property("required", computed=True),
            Property("tagKey", replace=True, create_only=True),
            Property(
                "validValues",
                SetOf(Object(tuple(Property(n) for n in ("displayName", "value", "description", "shortDescription")))),
                zero="omit",
            ),
            _INCIDENT_TYPE,
            *_DATES,
            adjust_body=_adjust_field,
        ),
    }
