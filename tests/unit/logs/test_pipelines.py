"""Pipelines: order, filters, and each processor."""

from copy import deepcopy
from typing import Any

import pytest

from firedrill.logs.event import PipelineError
from firedrill.logs.pipelines import run_pipelines

LOG: dict[str, Any] = {
    "service": "llm-api",
    "source": "python",
    "status": "info",
    "message": "throttled by gemini in 30s",
    "tags": ["env:prod", "team:ml"],
    "attributes": {"level": "WARN", "http.status_code": 429, "outcome": "throttled", "items": [{"id": 1}, {"id": 2}]},
}


def run(*processors: dict[str, Any], log: dict[str, Any] | None = None) -> dict[str, Any]:
    enabled = [{"is_enabled": True, **processor} for processor in processors]
    pipeline = {"is_enabled": True, "filter": {"query": "*"}, "processors": enabled}
    return run_pipelines([pipeline], log or LOG)


def attributes(*processors: dict[str, Any], **before: Any) -> dict[str, Any]:
    after: dict[str, Any] = run(*processors, log={"attributes": before})["attributes"]
    return after


def remapper(source: str, target: str, **changes: Any) -> dict[str, Any]:
    return {"type": "attribute-remapper", "sources": [source], "target": target, **changes}


def test_the_original_log_is_not_changed() -> None:
    before = deepcopy(LOG)
    run(remapper("outcome", "result"), {"type": "exclude-attribute", "attribute_to_exclude": "items"})
    assert before == LOG


def test_a_pipeline_that_is_off_or_does_not_match_does_nothing() -> None:
    status = {"type": "status-remapper", "is_enabled": True, "sources": ["level"]}
    off = {"filter": {"query": "*"}, "processors": [status]}
    other = {"is_enabled": True, "filter": {"query": "service:other"}, "processors": [status]}
    disabled = {"is_enabled": True, "filter": {"query": "*"}, "processors": [{**status, "is_enabled": False}]}
    assert run_pipelines([off, other, disabled], LOG) == LOG


def test_a_nested_pipeline_has_its_own_filter_and_sees_what_came_before() -> None:
    category = {"filter": {"query": "@http.status_code:429"}, "name": "throttle"}
    nested = {
        "type": "pipeline",
        "filter": {"query": "@kind:throttle"},
        "processors": [{**remapper("kind", "failure"), "is_enabled": True}],
    }
    event = run({"type": "category-processor", "target": "kind", "categories": [category]}, nested)
    assert event["attributes"]["failure"] == "throttle"


def test_only_the_first_status_remapper_that_finds_a_source_counts() -> None:
    event = run(*({"type": "status-remapper", "sources": [source]} for source in ("absent", "level", "outcome")))
    assert event["status"] == "warn"
    assert event["attributes"]["level"] == "WARN"


def test_tags_and_attributes_are_remapped_into_each_other() -> None:
    to_tag = remapper("outcome", "outcome", target_type="tag", preserve_source=True)
    from_tag = remapper("team", "owner", source_type="tag")
    event = run(to_tag, from_tag)
    assert event["tags"] == ["env:prod", "outcome:throttled"]
    assert event["attributes"]["owner"] == "ml"


def test_a_target_in_use_stays_and_every_source_goes() -> None:
    assert attributes(remapper("a", "b"), a=1, b=2) == {"b": 2}
    assert attributes({**remapper("a", "b"), "sources": ["a", "c"]}, a=1, c=3) == {"b": 1}
    assert attributes(remapper("a", "b", preserve_source=True), a=1, b=2) == {"a": 1, "b": 2}


def test_a_remapper_reads_attributes_and_not_the_reserved_field_of_that_name() -> None:
    assert attributes(remapper("service", "app"), a=1) == {"a": 1}
    assert attributes(remapper("service", "app"), service="x") == {"app": "x"}


def test_a_copied_object_does_not_change_with_its_source() -> None:
    copy = remapper("a", "b", preserve_source=True)
    parse = {"type": "grok-parser", "source": "a.t", "grok": {"match_rules": "r %{data:a.t:json}"}}
    assert attributes(copy, parse, a={"t": '{"x":1}'}) == {"a": {"t": {"x": 1}}, "b": {"t": '{"x":1}'}}


def test_elements_of_arrays_are_read_by_their_number() -> None:
    assert attributes(remapper("a.1.b", "c"), a=[{"b": 1}, {"b": 2}])["c"] == 2


def test_a_lookup_ignores_blanks_around_its_entries() -> None:
    lookup = {"type": "lookup-processor", "source": "a", "target": "b", "lookup_table": ["1, one", " 2 ,two"]}
    assert [attributes(lookup, a=number)["b"] for number in (1, 2)] == ["one", "two"]


def test_tags_are_in_small_letters() -> None:
    assert run(remapper("A", "Way", target_type="tag"), log={"attributes": {"A": "Out"}})["tags"] == ["way:out"]


def test_a_url_keeps_its_letters_and_has_the_port_that_it_names() -> None:
    parser = {"type": "url-parser", "sources": ["u"], "target": "d"}
    assert attributes(parser, u="HTTPS://Ann@A.com?q=a%20b&q=c")["d"] == {
        "scheme": "HTTPS", "host": "A.com", "path": "", "queryString": {"q": ["a%20b", "c"]},
    }  # fmt: skip
    assert attributes(parser, u="http://a.com:80/x")["d"]["port"] == 80


def test_a_nested_pipeline_holds_no_pipeline() -> None:
    inner = {"type": "pipeline", "name": "inner", "processors": []}
    with pytest.raises(PipelineError, match="'inner' in 'nested'"):
        run({"type": "pipeline", "name": "nested", "processors": [inner]})


def test_a_schema_processor_maps_and_adds_its_class() -> None:
    kinds = {
        "type": "schema-category-mapper",
        "categories": [
            {"filter": {"query": "@a:up"}, "name": "Start", "id": 1},
            {"filter": {"query": "@a:*"}, "name": "Other", "id": 99},
        ],
        "targets": {"name": "ocsf.activity_name", "id": "ocsf.activity_id"},
        "fallback": {"values": {"ocsf.activity_id": "99"}, "sources": {"ocsf.activity_name": ["a"]}},
    }
    mappers = [kinds, {**remapper("n", "ocsf.count", target_format="integer"), "type": "schema-remapper"}]
    declared = {"schema_type": "ocsf", "version": "1.5.0", "class_name": "HTTP Activity", "class_uid": 4002}
    processor = {"type": "schema-processor", "mappers": mappers, "schema": declared}
    fixed = {"class_name": "HTTP Activity", "class_uid": 4002, "category_uid": 4, "category_name": "Network Activity",
             "metadata": {"version": "1.5.0"}}  # fmt: skip
    started = {"activity_name": "Start", "activity_id": 1, "count": 2}
    assert attributes(processor, a="up", n="2")["ocsf"] == {**fixed, **started}
    assert attributes(processor, a="odd")["ocsf"] == {**fixed, "activity_name": "odd", "activity_id": 99}
    assert attributes(processor, b=1)["ocsf"] == fixed


@pytest.mark.parametrize(
    ("value", "target_format", "expected"),
    [
        ("42", "integer", 42),
        ("x", "integer", "x"),
        ("4.5", "double", 4.5),
        (42, "string", "42"),
        (True, "string", "true"),
    ],
)
def test_a_cast_that_fails_keeps_the_value(value: Any, target_format: str, expected: Any) -> None:
    assert attributes(remapper("a", "b", target_format=target_format), a=value) == {"b": expected}


def test_dotted_keys_and_nested_objects_are_one_path() -> None:
    moved = attributes(remapper("http.status_code", "http.code"), **{"http.status_code": 200, "http": {"url": "/"}})
    assert moved == {"http": {"url": "/", "code": 200}}


def test_the_reserved_fields_have_their_remappers() -> None:
    event = run(
        {"type": "service-remapper", "sources": ["outcome"]},
        {"type": "message-remapper", "sources": ["absent", "outcome"]},
        {"type": "trace-id-remapper", "sources": ["http.status_code"]},
        {"type": "date-remapper", "sources": ["at"]},
        log={**LOG, "attributes": {**LOG["attributes"], "at": "2026-01-05T00:00:00.250Z"}},
    )
    assert (event["service"], event["message"], event["trace_id"]) == ("throttled", "throttled", "429")
    assert event["timestamp"] == 1767571200250
    assert "status_code" not in event["attributes"].get("http", {})
    assert "outcome" not in event["attributes"]


@pytest.mark.parametrize(
    ("date", "milliseconds"),
    [
        (1767571200000, 1767571200000),
        ("1767571200000", 1767571200000),
        ("2026-01-05 01:00:00+01:00", 1767571200000),
        ("not a date", None),
    ],
)
def test_dates_that_the_remapper_reads(date: Any, milliseconds: int | None) -> None:
    event = run({"type": "date-remapper", "sources": ["at"]}, log={"attributes": {"at": date}})
    assert event.get("timestamp") == milliseconds


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + b * 2", 7),
        ("(a + b) / 4", 1),
        ("b - a", 2),
        ("-a + 1.5", 0.5),
        ("x-y + 1", 11),
        ("n.m / 3", 1.666666667),
        ("text + 1", 8),
        ("a / zero", None),
        ("a + absent", None),
        ("a + word", None),
    ],
)
def test_arithmetic(expression: str, expected: float | None) -> None:
    operands = {"a": 1, "b": 3, "x-y": 10, "n": {"m": 5}, "zero": 0, "text": "7", "word": "w"}
    result = attributes({"type": "arithmetic-processor", "expression": expression, "target": "t"}, **operands)
    assert result.get("t") == expected


def test_a_formula_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(PipelineError, match="cannot be read"):
        attributes({"type": "arithmetic-processor", "expression": "a + * b", "target": "t"}, a=1)


def test_a_string_is_not_built_from_objects_or_missing_parts() -> None:
    builder = {"type": "string-builder-processor", "target": "t"}
    assert "t" not in attributes({**builder, "template": "%{o}"}, o={"a": 1})
    assert "t" not in attributes({**builder, "template": "%{absent}"}, o=1)
    assert attributes({**builder, "template": "%{list}-%{ok}"}, list=[1, "b"], ok=True)["t"] == "1,b-true"


def test_array_operations() -> None:
    headers = [{"name": "Referrer", "value": "https://e.com"}, {"name": "Accept", "value": "json"}]
    select = {"type": "select", "source": "h", "target": "r", "filter": "name:Referrer", "value_to_extract": "value"}
    assert attributes({"type": "array-processor", "operation": select}, h=headers)["r"] == "https://e.com"
    pairs = {"type": "key-value", "source": "h", "key_to_extract": "name", "value_to_extract": "value", "target": "x"}
    assert attributes({"type": "array-processor", "operation": pairs}, h=headers)["x"] == {
        "Referrer": "https://e.com",
        "Accept": "json",
    }
    append = {"type": "append", "source": "ip", "target": "ips"}
    assert attributes({"type": "array-processor", "operation": append}, ip="1.1.1.1") == {"ips": ["1.1.1.1"]}


def test_array_map_builds_a_target_from_each_element() -> None:
    mapped = attributes(
        {
            "type": "array-map-processor",
            "source": "connections",
            "target": "network.connections",
            "processors": [
                {"type": "attribute-remapper", "sources": ["$sourceElem.src_ip"], "target": "$targetElem.source"},
                {
                    "type": "string-builder-processor",
                    "template": "%{$sourceElem.proto}/%{$sourceElem.dst_port}",
                    "target": "$targetElem.service",
                },
            ],
        },
        connections=[{"src_ip": "10.0.0.1", "dst_port": 443, "proto": "tcp"}],
    )
    assert mapped["network"] == {"connections": [{"source": "10.0.0.1", "service": "tcp/443"}]}
    assert mapped["connections"] == [{"src_ip": "10.0.0.1", "dst_port": 443, "proto": "tcp"}]


def test_array_map_takes_fifty_elements() -> None:
    upper = {"type": "attribute-remapper", "sources": ["$sourceElem"], "target": "$targetElem"}
    mapped = attributes(
        {"type": "array-map-processor", "source": "a", "target": "b", "processors": [upper]}, a=list(range(60))
    )
    assert mapped["b"] == list(range(50))


@pytest.mark.parametrize(
    ("text", "encoding", "representation", "expected"),
    [("aGk=", "base64", "utf_8", "hi"), ("0a10", "base16", "integer", 2576), ("%%", "base64", "utf_8", None)],
)
def test_decoder(text: str, encoding: str, representation: str, expected: Any) -> None:
    processor = {
        "type": "decoder-processor",
        "source": "a",
        "target": "b",
        "binary_to_text_encoding": encoding,
        "input_representation": representation,
    }
    assert attributes(processor, a=text).get("b") == expected


def test_urls_keep_their_port_and_lose_ending_slashes_on_request() -> None:
    url = {"type": "url-parser", "sources": ["u"], "target": "d", "normalize_ending_slashes": True}
    assert attributes(url, u="http://h.com:8080/a/?x=1&x=2")["d"] == {
        "scheme": "http",
        "host": "h.com",
        "port": 8080,
        "path": "/a",
        "queryString": {"x": ["1", "2"]},
    }


def test_values_that_only_datadog_has_are_listed_and_not_guessed() -> None:
    geo = {"type": "geo-ip-parser", "sources": ["ip"], "target": "network.client.geoip"}
    event = run(geo, log={"attributes": {"ip": "1.1.1.1"}})
    assert event["external"] == ["network.client.geoip"]
    assert event["attributes"] == {"ip": "1.1.1.1"}


def test_a_processor_that_cannot_be_run_is_refused() -> None:
    with pytest.raises(PipelineError, match="made-up-processor"):
        run({"type": "made-up-processor"})
    unknown = {"schema_type": "made-up", "class_uid": 0}
    with pytest.raises(PipelineError, match="made-up"):
        run({"type": "schema-processor", "mappers": [], "schema": unknown})
