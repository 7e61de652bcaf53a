"""Types, notification rules and templates of incidents: https://docs.datadoghq.com/api/latest/incidents/ ."""

from firedrill.sandbox.datadog.account import org_uuid
from firedrill.sandbox.datadog.http.collection import Collection
from firedrill.sandbox.datadog.http.handler import Call
from firedrill.sandbox.datadog.http.response_parts import generic_error, timestamp, titled_error, user_reference
from firedrill.sandbox.datadog.store import Body

TYPES = "incident_types"
UNSET = (
    "google_chat_configuration",
    "google_meet_configuration",
    "microsoft_teams_configuration",
    "zoom_configuration",
)

CONFIGURATION: Body = {
    "private_incidents": False,
    "private_incidents_by_default": False,
    "allow_workflows": True,
    "allow_incident_deletion": False,
    "editable_timestamps": False,
    "test_incidents": True,
    "create_message": "",
    "disable_out_of_the_box_postmortem_template": False,
    "slug_source": "default",
}
"""Configuration of a new incident type. By one recording: TestAccDatadogIncidentTypeDataSource_Basic."""


def default_type(call: Call) -> str:
    """Return the id of the default incident type."""
    defaults = [
        incident_type["id"] for incident_type in call.list(TYPES) if incident_type["attributes"].get("is_default")
    ]
    return defaults[0] if defaults else org_uuid(f"{call.org}:incident type")


def complete_type(call: Call, data: Body, old: Body | None) -> None:
    """Set authors and times; make other types no longer the default when this one is."""
    attributes = data["attributes"]
    attributes["createdAt"] = old["attributes"]["createdAt"] if old else timestamp(call)
    attributes |= {"createdBy": call.me["id"], "lastModifiedBy": call.me["id"], "modifiedAt": timestamp(call)}
    attributes["configuration"] = {**CONFIGURATION, **(attributes.get("configuration") or {})}
    data["relationships"] = {
        "created_by_user": user_reference(call),
        "last_modified_by_user": user_reference(call),
        **{name: {"data": None} for name in UNSET},
    }
    if attributes.get("is_default"):
        for other in call.list(TYPES):
            if other["id"] != data["id"] and other["attributes"].get("is_default"):
                other["attributes"]["is_default"] = False
                call.put(TYPES, other["id"], other)


Collection(
    TYPES,
    "incident_types",
    "incident_type_id",
    create="create_incident_type",
    get="get_incident_type",
    list="list_incident_types",
    update="update_incident_type",
    delete="delete_incident_type",
    defaults={"description": "", "is_default": False, "prefix": "IR"},
    complete=complete_type,
    not_found=lambda _: {"status": "404", "title": "Not Found"},
).register()


def complete(call: Call, data: Body, old: Body | None) -> None:
    """Set authors and times. Raises :class:`ApiError` for a wrong type or an unknown incident type."""
    expected = data["type"]
    if call.body["data"].get("type") != expected:
        raise titled_error(400, f'got type "{call.body["data"].get("type")}" expected one of "{expected}"')
    reference = (data.get("relationships", {}).get("incident_type") or {}).get("data") or {}
    if reference and call.get(TYPES, str(reference.get("id"))) is None:
        detail = "incident type not found" if expected == "notification_templates" else "incident type doesn't exist"
        raise generic_error(404, detail)
    attributes = data["attributes"]
    attributes["created"] = old["attributes"].get("created", timestamp(call)) if old else timestamp(call)
    attributes["modified"] = timestamp(call)
    template = data.get("relationships", {}).get("notification_template")
    data["relationships"] = {
        "created_by_user": user_reference(call),
        **({"notification_template": template} if template else {}),
        **({"incident_type": {"data": {"id": reference["id"], "type": "incident_types"}}} if reference else {}),
        "last_modified_by_user": user_reference(call),
    }


def paginated(_: Call, data: list[Body]) -> Body:
    """Return a list with offset pagination."""
    return {"data": data, "meta": {"pagination": {"offset": 0, "next_offset": len(data), "size": len(data)}}}


Collection(
    "incident_notification_rules",
    "incident_notification_rules",
    "id",
    create="create_incident_notification_rule",
    get="get_incident_notification_rule",
    list="list_incident_notification_rules",
    update="update_incident_notification_rule",
    delete="delete_incident_notification_rule",
    defaults={"renotify_on": [], "visibility": "organization"},
    complete=complete,
    replaces=True,
    not_found=lambda _: {"title": "Generic Error", "detail": "rule not found"},
    wrap_list=paginated,
).register()

Collection(
    "incident_notification_templates",
    "notification_templates",
    "id",
    create="create_incident_notification_template",
    get="get_incident_notification_template",
    list="list_incident_notification_templates",
    update="update_incident_notification_template",
    delete="delete_incident_notification_template",
    complete=complete,
    not_found=lambda _: {"title": "Generic Error", "detail": "notification template not found"},
    wrap_list=lambda _, data: {"data": data, "meta": {"page": {"total_count": len(data)}}},
).register()


def complete_field(call: Call, data: Body, old: Body | None) -> None:
    """Complete a field. Raises :class:`ApiError` 409 when its incident type has a field of the same name."""
    complete(call, data, old)
    attributes, kind = data["attributes"], data["relationships"]["incident_type"]["data"]
    for other in call.list("incident_user_defined_fields"):
        same = other["relationships"]["incident_type"]["data"] == kind
        if same and other["id"] != data["id"] and other["attributes"]["name"] == attributes["name"]:
            raise generic_error(409, f"a field with the name {attributes['name']} exists already")
    attributes["display_name"] = attributes.get("display_name") or attributes["name"]


def complete_role(call: Call, data: Body, old: Body | None) -> None:
    """Complete a role; unless it says otherwise, several people may have it."""
    complete(call, data, old)
    data["attributes"]["policy"] = {"is_single": False, **(data["attributes"].get("policy") or {})}


Collection(
    "incident_user_defined_fields",
    "user_defined_field",
    "field_id",
    create="create_incident_user_defined_field",
    get="get_incident_user_defined_field",
    list="list_incident_user_defined_fields",
    update="update_incident_user_defined_field",
    delete="delete_incident_user_defined_field",
    defaults={"category": None, "collected": None, "default_value": None, "ordinal": None, "required": False,
              "tag_key": None, "valid_values": None, "deleted": None, "metadata": None, "reserved": False},
    complete=complete_field,
    not_found=lambda _: {"title": "Generic Error", "detail": "user defined field not found"},
    wrap_list=paginated,
).register()  # fmt: skip

Collection(
    "incident_user_defined_roles",
    "incident_user_defined_roles",
    "role_id",
    create="create_incident_user_defined_role",
    get="get_incident_user_defined_role",
    list="list_incident_user_defined_roles",
    update="update_incident_user_defined_role",
    delete="delete_incident_user_defined_role",
    defaults={"description": ""},
    complete=complete_role,
    not_found=lambda _: {"title": "Generic Error", "detail": "user defined role not found"},
    wrap_list=paginated,
).register()


def complete_postmortem(call: Call, data: Body, old: Body | None) -> None:
    """Complete a post-mortem template, whose times have other names: the client's model requires these."""
    complete(call, data, old)
    attributes = data["attributes"]
    created, modified = attributes.pop("created"), attributes.pop("modified")
    attributes["createdAt"] = old["attributes"].get("createdAt", created) if old else created  # older state lacks it
    attributes["modifiedAt"] = modified
    attributes.setdefault("is_default", None)


Collection(
    "incident_postmortem_templates",
    "postmortem_templates",
    "template_id",
    create="create_incident_postmortem_template",
    get="get_incident_postmortem_template",
    list="list_incident_postmortem_templates",
    update="update_incident_postmortem_template",
    delete="delete_incident_postmortem_template",
    defaults={"content": "", "location": "datadog_notebooks"},
    complete=complete_postmortem,
    not_found=lambda _: {"title": "Generic Error", "detail": "postmortem template not found"},
    wrap_list=paginated,
).register()
