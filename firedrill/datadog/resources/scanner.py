"""Sensitive data scanner: groups, their rules, their order (docs.datadoghq.com/api/latest/sensitive-data-scanner/)."""

from firedrill.datadog.client import DatadogClient, escape
from firedrill.datadog.mapping.envelopes import JsonApi
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, jsonapi
from firedrill.datadog.mapping.lists import TEXT_SET_IN_HASH_ORDER, ListOf
from firedrill.datadog.mapping.objects import Object, Property, get
from firedrill.datadog.mapping.schema import INT, NUMBER, TEXT, Inside, Json
from firedrill.provider.values import Properties

_CONFIG = "/api/v2/sensitive-data-scanner/config"


class _Scanner(JsonApi):
    """An object of the scanner: bodies have a `meta`, and it is read from the list of the whole configuration."""

    def wrap(self, body: Json, id: str) -> Json:
        return {**super().wrap(body, id), "meta": {}}

    def unwrap(self, answer: Json, id: str) -> Json:
        answer = answer or {}
        data = answer.get("data")
        if isinstance(data, dict) and data.get("type") == self.type and (not id or data.get("id") == id):
            return data
        listed = answer.get("included") or []
        return next((item for item in listed if item.get("type") == self.type and item.get("id") == id), None)


class _OrderOfGroups(JsonApi):
    """The order of the groups: a relationship of the configuration, whose id may be empty."""

    def wrap(self, body: Json, id: str) -> Json:
        return {"data": {"id": "", **body, "type": self.type}, "meta": {}}

    def unwrap(self, answer: Json, id: str) -> Json:
        return (answer or {}).get("data")


def _adjust_rule(write: Write, body: Json) -> Json:
    """Set the default keywords: none, or the recommended ones of a standard pattern."""
    attributes, standard = body["attributes"], write.inputs.get("standardPatternId")
    keywords = attributes.get("included_keyword_configuration")
    if keywords is None:
        attributes["included_keyword_configuration"] = {
            "keywords": [],
            "character_count": 30,
            "use_recommended_keywords": bool(standard),
        }
    elif standard:
        keywords["use_recommended_keywords"] = False
    if write.action == "update":
        attributes.setdefault("suppressions", {})
        body.pop("relationships", None)
    replacement = attributes.setdefault("text_replacement", {"type": "none"})
    if replacement.get("type") != "replacement_string":
        replacement.pop("should_save_match", None)
    return body


def _sent_group(write: Write) -> Json:
    """Return a group as an update sent it: the answer has no attributes."""
    return {"id": write.id, **GROUP.send(write.inputs)} if write.action == "update" else None


def _delete(client: DatadogClient, path: str) -> None:
    client.call(f"DELETE {path}", {"meta": {}})


def _delete_group(client: DatadogClient, id: str, _properties: Properties) -> None:
    _delete(client, f"{_CONFIG}/groups/{escape(id)}")


def _delete_rule(client: DatadogClient, id: str, _properties: Properties) -> None:
    _delete(client, f"{_CONFIG}/rules/{escape(id)}")


def _without_default_keywords(resource: Json, declared: Properties) -> Json:
    """Remove the keywords that Datadog chose for a rule that declares none."""
    attributes = dict(resource.get("attributes") or {})
    keywords = (
        declared.get("includedKeywordConfiguration")
        if declared
        else get(attributes, ["included_keyword_configuration", "keywords"])
    )
    if not keywords:
        attributes.pop("included_keyword_configuration", None)
    return {**resource, "attributes": attributes}


_REPLACEMENT = Object(
    (
        Property("type"),
        Property("numberOfChars", INT, zero="omit"),
        Property("replacementString", zero="omit"),
        Property("shouldSaveMatch", zero="omit"),
    )
)
_SUPPRESSIONS = Object(
    (
        Property("startsWiths", at="starts_with"),
        Property("endsWiths", at="ends_with"),
        Property("exactMatches", at="exact_match"),
    ),
    zero="omit",
)


GROUP = Object(
    (
        Property("name", required=True),
        Property("description", default=""),
        Property("isEnabled", required=True),
        Property("productLists", TEXT_SET_IN_HASH_ORDER, at="product_list", required=True),
        Property("filter", Object((Property("query"),)), required=True),
        Property("samplings", ListOf(Object((Property("product"), Property("rate", NUMBER)))), computed=True),
    ),
    under="attributes",
)


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    return {
        "datadog:index/sensitiveDataScannerGroup:SensitiveDataScannerGroup": jsonapi(
            account,
            "sensitive_data_scanner_group",
            f"{_CONFIG}/groups",
            schema=GROUP,
            after_write=_sent_group,
            read_at=f"GET {_CONFIG}",
            envelope=_Scanner("sensitive_data_scanner_group"),
            delete_with=_delete_group,
        ),
        "datadog:index/sensitiveDataScannerRule:SensitiveDataScannerRule": jsonapi(
            account,
            "sensitive_data_scanner_rule",
            f"{_CONFIG}/rules",
            Property(
                "groupId",
                Inside(("data", "id"), TEXT, (("type", "sensitive_data_scanner_group"),)),
                at="/relationships/group",
                required=True,
                replace=True,
            ),
            Property("name", zero="omit", computed=True),
            Property("description", computed=True),
            Property("pattern", zero="omit", computed=True),
            Property(
                "standardPatternId",
                Inside(("data", "id"), TEXT, (("type", "sensitive_data_scanner_standard_pattern"),)),
                at="/relationships/standard_pattern",
                replace=True,
            ),
            Property("isEnabled", default=True),
            Property("namespaces", if_absent=[]),
            Property("excludedNamespaces", if_absent=[]),
            Property("tags", if_absent=[]),
            Property("priority", INT, computed=True),
            Property(
                "includedKeywordConfiguration",
                Object((Property("keywords"), Property("characterCount", INT))),
            ),
            Property("textReplacement", _REPLACEMENT, server_default={"type": "none"}),
            Property("suppressions", _SUPPRESSIONS),
            read_at=f"GET {_CONFIG}",
            envelope=_Scanner("sensitive_data_scanner_rule"),
            adjust_body=_adjust_rule,
            normalize_answer=_without_default_keywords,
            delete_with=_delete_rule,
            reads_after=frozenset({"update"}),
        ),
        "datadog:index/sensitiveDataScannerGroupOrder:SensitiveDataScannerGroupOrder": jsonapi(
            account,
            "sensitive_data_scanner_configuration",
            _CONFIG,
            Property(
                "groupIds",
                ListOf(Inside(("id",), TEXT, (("type", "sensitive_data_scanner_group"),))),
                at="/relationships/groups/data",
                required=True,
            ),
            create_at=f"PATCH {_CONFIG}",
            read_at=f"GET {_CONFIG}",
            update_at=f"PATCH {_CONFIG}",
            delete_at=None,
            envelope=_OrderOfGroups("sensitive_data_scanner_configuration"),
            id_of=lambda resource, _: str((resource or {}).get("id") or "order"),
            reads_after=frozenset({"create", "update"}),
        ),
    }
