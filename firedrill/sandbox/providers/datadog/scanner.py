"""Sensitive data scanner: groups, their rules, their order (docs.datadoghq.com/api/latest/sensitive-data-scanner/)."""

from firedrill.sandbox.providers.datadog.api import Api, escape
from firedrill.sandbox.providers.datadog.envelopes import JsonApi
from firedrill.sandbox.providers.datadog.kind import Account, Kind, Step, jsonapi
from firedrill.sandbox.providers.datadog.lists import TEXT_HASHED, Listed
from firedrill.sandbox.providers.datadog.objects import Field, Object, get
from firedrill.sandbox.providers.datadog.shapes import INT, NUMBER, TEXT, Json, Within
from firedrill.sandbox.providers.values import Properties

_CONFIG = "/api/v2/sensitive-data-scanner/config"


class _Scanner(JsonApi):
    """Bodies carry a `meta`; every object is read from the one list of the whole configuration."""

    def wrap(self, body: Json, id: str) -> Json:
        return {**super().wrap(body, id), "meta": {}}

    def unwrap(self, answer: Json, id: str) -> Json:
        answer = answer or {}
        data = answer.get("data")
        if isinstance(data, dict) and data.get("type") == self.type and (not id or data.get("id") == id):
            return data
        listed = answer.get("included") or []
        return next((one for one in listed if one.get("type") == self.type and one.get("id") == id), None)


class _OrderOfGroups(JsonApi):
    """The order of the groups is a relationship of the configuration, whose id may be left empty."""

    def wrap(self, body: Json, id: str) -> Json:
        return {"data": {"id": "", **body, "type": self.type}, "meta": {}}

    def unwrap(self, answer: Json, id: str) -> Json:
        return (answer or {}).get("data")


def _rule(step: Step, body: Json) -> Json:
    """Keywords default to none of one's own, or to the recommended ones of a standard pattern."""
    attributes, standard = body["attributes"], step.inputs.get("standardPatternId")
    own = attributes.get("included_keyword_configuration")
    if own is None:
        attributes["included_keyword_configuration"] = {
            "keywords": [],
            "character_count": 30,
            "use_recommended_keywords": bool(standard),
        }
    elif standard:
        own["use_recommended_keywords"] = False
    replacement = attributes.setdefault("text_replacement", {"type": "none"})
    if replacement.get("type") != "replacement_string":
        replacement.pop("should_save_match", None)
    return body


def _delete(api: Api, path: str) -> None:
    api.call(f"DELETE {path}", {"meta": {}})


def _delete_group(api: Api, id: str, _known: Properties) -> None:
    _delete(api, f"{_CONFIG}/groups/{escape(id)}")


def _delete_rule(api: Api, id: str, _known: Properties) -> None:
    _delete(api, f"{_CONFIG}/rules/{escape(id)}")


def _keywords_chosen(resource: Json, declared: Properties) -> Json:
    """What Datadog chose for a rule that names no keywords is no declaration of the program."""
    attributes = dict(resource.get("attributes") or {})
    kept = (
        declared.get("includedKeywordConfiguration")
        if declared
        else get(attributes, ["included_keyword_configuration", "keywords"])
    )
    if not kept:
        attributes.pop("included_keyword_configuration", None)
    return {**resource, "attributes": attributes}


_REPLACEMENT = Object(
    (
        Field("type"),
        Field("numberOfChars", INT, zero="omit"),
        Field("replacementString", zero="omit"),
        Field("shouldSaveMatch", zero="omit"),
    )
)
_SUPPRESSIONS = Object(
    (
        Field("startsWiths", at="starts_with"),
        Field("endsWiths", at="ends_with"),
        Field("exactMatches", at="exact_match"),
    ),
    zero="omit",
)


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    return {
        "datadog:index/sensitiveDataScannerGroup:SensitiveDataScannerGroup": jsonapi(
            account,
            "sensitive_data_scanner_group",
            f"{_CONFIG}/groups",
            Field("name", required=True),
            Field("description", zero="omit"),
            Field("isEnabled", required=True),
            Field("productLists", TEXT_HASHED, at="product_list", required=True),
            Field("filter", Object((Field("query"),)), required=True),
            Field("samplings", Listed(Object((Field("product"), Field("rate", NUMBER)))), computed=True),
            read_at=f"GET {_CONFIG}",
            envelope=_Scanner("sensitive_data_scanner_group"),
            forget=_delete_group,
            reread=True,
        ),
        "datadog:index/sensitiveDataScannerRule:SensitiveDataScannerRule": jsonapi(
            account,
            "sensitive_data_scanner_rule",
            f"{_CONFIG}/rules",
            Field(
                "groupId",
                Within(("data", "id"), TEXT, (("type", "sensitive_data_scanner_group"),)),
                at="/relationships/group",
                required=True,
                replace=True,
            ),
            Field("name", zero="omit", computed=True),
            Field("description", computed=True),
            Field("pattern", zero="omit", computed=True),
            Field(
                "standardPatternId",
                Within(("data", "id"), TEXT, (("type", "sensitive_data_scanner_standard_pattern"),)),
                at="/relationships/standard_pattern",
                replace=True,
            ),
            Field("isEnabled", default=True),
            Field("namespaces", empty=[]),
            Field("excludedNamespaces", empty=[]),
            Field("tags", empty=[]),
            Field("priority", INT, computed=True),
            Field(
                "includedKeywordConfiguration",
                Object((Field("keywords"), Field("characterCount", INT))),
            ),
            Field("textReplacement", _REPLACEMENT, server={"type": "none"}),
            Field("suppressions", _SUPPRESSIONS),
            read_at=f"GET {_CONFIG}",
            envelope=_Scanner("sensitive_data_scanner_rule"),
            adapt=_rule,
            normalize=_keywords_chosen,
            forget=_delete_rule,
            reread=True,
        ),
        "datadog:index/sensitiveDataScannerGroupOrder:SensitiveDataScannerGroupOrder": jsonapi(
            account,
            "sensitive_data_scanner_configuration",
            _CONFIG,
            Field(
                "groupIds",
                Listed(Within(("id",), TEXT, (("type", "sensitive_data_scanner_group"),))),
                at="/relationships/groups/data",
                required=True,
            ),
            create_at=f"PATCH {_CONFIG}",
            read_at=f"GET {_CONFIG}",
            update_at=f"PATCH {_CONFIG}",
            delete_at=None,
            envelope=_OrderOfGroups("sensitive_data_scanner_configuration"),
            identify=lambda resource, _: str((resource or {}).get("id") or "order"),
            reread=True,
        ),
    }
