"""The sensitive data scanner: what is redacted, and what is not."""

from typing import Any

import pytest

from firedrill.logs.scanner import ScannerError, hidden_texts, scan

GROUP = {"filter": {"query": "service:llm-api"}, "is_enabled": True, "product_list": ["logs"]}
REPLACE = {"type": "replacement_string", "replacement_string": "[x]"}
LOG: dict[str, Any] = {
    "service": "llm-api",
    "message": "key sk-12345678 used",
    "tags": ["key:sk-12345678"],
    "attributes": {"usr": {"key": "sk-12345678", "list": ["sk-12345678", 5]}, "n": 12345678},
}


def rule(**changes: Any) -> dict[str, Any]:
    return {"is_enabled": True, "pattern": r"sk-\d{8}", "text_replacement": REPLACE, **changes}


def scanned(*rules: dict[str, Any], group: dict[str, Any] = GROUP, message: str = LOG["message"]) -> dict[str, Any]:
    return scan([(group, rules)], {**LOG, "message": message})


def test_message_and_attributes_are_redacted_at_any_depth_and_tags_are_not() -> None:
    event = scanned(rule())
    assert event["message"] == "key [x] used"
    assert event["attributes"] == {"usr": {"key": "[x]", "list": ["[x]", 5]}, "n": 12345678}
    assert event["tags"] == LOG["tags"]


def test_what_is_hidden_is_listed_in_order_and_once_for_the_rule_that_hides_it() -> None:
    group = (GROUP, [rule(), rule(pattern="key|x"), rule(pattern="used", suppressions={"exact_match": ["used"]})])
    texts = hidden_texts([group], {**LOG, "attributes": {"b": ["sk-12345678", 5], "n": 1}})
    assert texts == ["sk-12345678", "sk-12345678", "key", "x", "x"]
    assert hidden_texts([group], {**LOG, "service": "other"}) == []


@pytest.mark.parametrize(
    "group",
    [
        {**GROUP, "is_enabled": False},
        {**GROUP, "product_list": ["rum"]},
        {**GROUP, "filter": {"query": "service:other"}},
    ],
)
def test_a_group_that_is_off_or_elsewhere_redacts_nothing(group: dict[str, Any]) -> None:
    assert scanned(rule(), group=group) == LOG


def test_a_rule_that_is_off_redacts_nothing() -> None:
    assert scanned(rule(is_enabled=False)) == LOG


def test_namespaces_narrow_and_exclude() -> None:
    only = scanned(rule(namespaces=["usr"]))
    assert (only["message"], only["attributes"]["usr"]["key"]) == (LOG["message"], "[x]")
    without = scanned(rule(excluded_namespaces=["usr.key"]))
    assert (without["message"], without["attributes"]["usr"]["key"]) == ("key [x] used", "sk-12345678")


def test_spans_are_scanned_in_their_attributes_only() -> None:
    event = scan([({**GROUP, "product_list": ["apm"]}, [rule()])], LOG, product="apm")
    assert (event["message"], event["attributes"]["usr"]["key"]) == (LOG["message"], "[x]")


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"type": "none"}, "a sk-12345678"),
        ({"type": "partial_replacement_from_beginning", "number_of_chars": 3}, "a ***12345678"),
        ({"type": "partial_replacement_from_end", "number_of_chars": 4}, "a sk-1234****"),
    ],
)
def test_actions(action: dict[str, Any], expected: str) -> None:
    assert scanned(rule(text_replacement=action), message="a sk-12345678")["message"] == expected


def test_a_hash_hides_the_value_and_stays_the_same() -> None:
    event = scanned(rule(text_replacement={"type": "hash"}))
    assert "12345678" not in event["message"]
    assert event["attributes"]["usr"]["key"] in event["message"]


def test_a_keyword_counts_only_near_and_before() -> None:
    near = rule(included_keyword_configuration={"keywords": ["secret"], "character_count": 10})
    assert scanned(near, message="secret: sk-12345678")["message"] == "secret: [x]"
    for message in ("secret, a long way off: sk-12345678", "sk-12345678 secret", "Secret: sk-12345678"):
        assert scanned(near, message=message)["message"] == message


@pytest.mark.parametrize(
    "suppressions", [{"starts_with": ["sk-1"]}, {"ends_with": ["78"]}, {"exact_match": ["sk-12345678"]}]
)
def test_suppressed_matches_are_left_alone(suppressions: dict[str, Any]) -> None:
    assert scanned(rule(suppressions=suppressions))["message"] == LOG["message"]


def test_reserved_words_protect_what_follows_them() -> None:
    assert scanned(rule(), message="service sk-12345678")["message"] == "service sk-12345678"
    far = f"service {'-' * 30} sk-12345678"
    assert scanned(rule(), message=far)["message"].endswith("[x]")


@pytest.mark.parametrize("pattern", ["(?<=a)b", "a(?!b)", r"(a)\1", "(?>a)", "a++", "(", ""])
def test_patterns_that_the_scanner_does_not_take_are_refused(pattern: str) -> None:
    with pytest.raises(ScannerError):
        scanned(rule(pattern=pattern))
