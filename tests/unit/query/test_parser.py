"""Queries are read, printed back unchanged, and errors underline their characters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firedrill.query import MONITOR_TYPES, QueryError, canonical, event_reference, metric_references, parse, parse_scope

METRIC = "query alert"
WRITTEN = [
    (METRIC, "avg(last_5m):avg:app.q{*} > 10"),
    (METRIC, "avg(  last_5m ):avg:app.q{ * }>10"),
    (
        METRIC,
        "sum(last_10m):default_zero(sum:a.errors{service:x}.as_count()) / sum:a.hits{service:x}.as_count() > 0.05",
    ),
    (METRIC, "change(avg(last_5m),1h_ago):avg:app.q{env:prod AND m IN (a,b) AND NOT s:5*} by {env,s} > -5.5"),
    (METRIC, "avg(last_4h):anomalies(sum:t{a:b}.as_count(), 'agile', 3, interval=60, alert_window='last_15m') >= 1"),
    (METRIC, "max(next_1w):forecast(sum:t{*}.as_count(), 'linear', 1, interval='60m', history='1w') >= 1e11"),
    (METRIC, "percentile(last_5m):p99.9:x{a:b,!c:d} by {model}.rollup(avg, 60) > 3"),
    ("log alert", 'logs("service:foo \\"a b\\"").index("main").rollup("pc95", "@d").by("@a,b").last("5m") > 2'),
    ("slo alert", 'burn_rate("x").over("30d").long_window("1h").short_window("5m") > 14.4'),
    ("service check", '"ntp.in_sync".over("*").by("host").last(2).count_by_status()'),
    ("composite", "(1 || 2) && !3"),
    (METRIC, "sum(last_5m):sum(max:m{*} by {a,b}, {a}) + percentile(avg:m{*} by {a}, 'p90', {*}) > 1"),
    (METRIC, "sum(last_5m):count(v: v>=0.2):m{region:*east*,!node:*-prod-*} / count:m{*} > 0.5"),
    (METRIC, "avg(last_5m):moving_rollup(avg:m{*}.rollup(sum, 1d, 'UTC'), 300, 'sum') - stddev:m{*} > 1"),
    ("cost alert", 'formula("exclude_null(query1)").last("7d").anomaly(direction="above", threshold=10) >= 5'),
    ("event-v2 alert", 'events("source:x").rollup("count").by("@a").current("1d") > 2'),
    ("error-tracking alert", 'error-tracking("service:x").source("backend").new().by("issue.id").last("1h") > 0'),
    ("service check", '"ntp.in_sync".by("*").last(2).count_by_status()'),
    ("rum alert", 'formula("query2 / query1 * 100").last("15m") >= 0.8'),
    ("synthetics alert", "no_query"),
]

names = st.from_regex(r"[a-z][a-z_]{0,5}(\.[a-z]{1,4})?", fullmatch=True)
tags = st.builds("{}:{}".format, names, st.from_regex(r"[a-z0-9-]{1,6}\*?", fullmatch=True))
scopes = st.one_of(
    st.just("*"),
    st.lists(st.one_of(tags, tags.map("!{}".format)), min_size=1, max_size=3).map(",".join),
    st.recursive(
        st.one_of(tags, st.builds("{} NOT IN ({},{})".format, names, names, names)),
        lambda inner: st.one_of(
            st.builds("({} OR {})".format, inner, inner),
            st.builds("({} AND {})".format, inner, inner),
            inner.map("NOT {}".format),
        ),
        max_leaves=4,
    ),
)
queries = st.builds(
    "{}:{}{{{}}}{}{}".format,
    st.sampled_from(["avg", "sum", "min", "max", "count", "p95", "p99.9"]),
    names,
    scopes,
    st.sampled_from(["", " by {env}", " by {env,service}"]),
    st.sampled_from(["", ".as_count()", ".rollup(avg, 60)", ".fill(zero)"]),
)
expressions = st.recursive(
    st.one_of(queries, st.sampled_from(["1", "0.5", "1e3"])),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("clamp_min({}, 1)".format, inner),
        st.builds("default_zero({})".format, inner),
        st.builds("-({})".format, inner),
    ),
    max_leaves=6,
)
monitors = st.builds(
    "{}(last_{}):{} {} {}".format,
    st.sampled_from(["avg", "sum", "min", "max"]),
    st.sampled_from(["5m", "1h", "1d", "1mo"]),
    expressions,
    st.sampled_from([">", ">=", "<", "<="]),
    st.sampled_from(["1", "-1", "0.25"]),
)


@pytest.mark.parametrize(("type", "text"), WRITTEN)
def test_a_query_is_printed_back_unchanged(type: str, text: str) -> None:
    query = parse(type, text)
    assert str(query) == text
    assert parse(type, canonical(query)).body == query.body


@given(monitors)
@settings(max_examples=300, deadline=None)
def test_the_printer_and_the_parser_are_inverse(text: str) -> None:
    assert canonical(parse(METRIC, text)) == text


@given(st.sampled_from(sorted(MONITOR_TYPES)), st.text(max_size=60))
@settings(max_examples=400, deadline=None)
def test_no_text_crashes_the_parser(type: str, text: str) -> None:
    try:
        query = parse(type, text)
    except QueryError as error:
        assert "^" in str(error)
    else:
        assert str(query) == text


@given(st.sampled_from(WRITTEN), st.data())
@settings(max_examples=600, deadline=None)
def test_no_damaged_query_crashes_the_parser(case: tuple[str, str], data: st.DataObject) -> None:
    type, text = case
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    damaged = text[:start] + data.draw(st.text("(){}:,.'\"!*/ abc19_<>=&|\\", max_size=4)) + text[end:]
    try:
        query = parse(type, damaged)
    except QueryError as error:
        assert 0 <= error.start <= error.end <= len(damaged)
    else:
        assert parse(type, canonical(query)).body == query.body


@pytest.mark.parametrize("text", ["(" * 5000, "avg(last_5m):" + "-" * 3000 + "1 > 1", "1+" * 4000 + "1"])
def test_deep_nesting_is_an_error_and_no_crash(text: str) -> None:
    with pytest.raises(QueryError):
        parse(METRIC, text)
    with pytest.raises(QueryError):
        parse("composite", text)


@pytest.mark.parametrize(
    ("type", "text", "underlined"),
    [
        (METRIC, "avg(last_5m):avg:foo{a*:b} > 1", "a*:b"),
        (METRIC, "avg(last_5m):defualt_zero(avg:foo{*}) > 1", "defualt_zero"),
        (METRIC, "avg(last_5m):clamp_min(avg:foo{*}) > 1", "clamp_min"),
        (METRIC, "avg(last_5m):top5_mean('foo') > 1", "top5_mean"),
        (METRIC, "avg(last_5m):avg:foo{*}.as_cuont() > 1", ".as_cuont()"),
        (METRIC, "avg(last_5m):avg:foo{*}.rollup(average, 60) > 1", ".rollup(average, 60)"),
        (METRIC, "avg(last_5m):avg:foo{*}.fill(0zero) > 1", "zero"),
        (METRIC, "avg(last_5m):mean:foo{*} > 1", ":foo"),
        ("rum alert", 'formula("exclude_nul(query1)").last("5m") > 1', "exclude_nul"),
        ("event-v2 alert", 'events("x").rollup("count").current("2d") > 1', '.current("2d")'),
        (METRIC, "avg(last_5m):foo > 1", "foo"),
        (METRIC, "avg(last_5m):avg:foo{*} > 1e999", "1e999"),
        (METRIC, "avg(last_5m):avg:foo{*} > avg(last_1h):avg:foo{*} * 1.5", "avg"),
        ("log alert", 'logs("x").rollup("mean").last("5m") > 2', '.rollup("mean")'),
        ("log alert", 'logs("x").rollup("count").last("5") > 2', '.last("5")'),
        ("log alert", 'rum("x").rollup("count").last("5m") > 2', "rum"),
        ("slo alert", 'error_budget("x").over("7d") < 2', "<"),
        ("service check", '"x".over().last(2).count_by_status()', ".over()"),
    ],
)
def test_an_error_underlines_the_place(type: str, text: str, underlined: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(type, text)
    assert text[caught.value.start : caught.value.end] == underlined
    message, line, marks = str(caught.value).split("\n")
    assert line == f"  {text}"
    assert marks == "  " + " " * caught.value.start + "^" * len(underlined)
    assert message


@pytest.mark.parametrize(
    ("type", "text", "same"),
    [
        (METRIC, "avg(last_5m):queue.ready{*} > 1", "avg(last_5m):avg:queue.ready{*} > 1"),
        (METRIC, "avg(last_5m):default(x.y{a:b} by {c}.as_rate(), 0) > 1",
         "avg(last_5m):default(avg:x.y{a:b} by {c}.as_rate(), 0) > 1"),
        (METRIC, "avg(last_5m):avg:x{pod: web-*,env: prod} > 1", "avg(last_5m):avg:x{pod:web-*,env:prod} > 1"),
        (METRIC, 'avg(last_5m):avg:x{a:"b*" AND c IN ("d",\'e\')} > 1', "avg(last_5m):avg:x{a:b* AND c IN (d,e)} > 1"),
        (METRIC, "avg(last_5m):avg:x{a:'b c',!d: \"e, f\"} > 1", 'avg(last_5m):avg:x{a:"b c",!d:"e, f"} > 1'),
        (METRIC, "avg(last_5m):+avg:x{*} - (+2) > 1", "avg(last_5m):avg:x{*} - (2) > 1"),
        (METRIC, "avg(last_5m):count( v : v>1.5 ):x{*} > 1", "avg(last_5m):count(v: v>1.5):x{*} > 1"),
    ],
)  # fmt: skip
def test_two_ways_of_writing_are_one_query(type: str, text: str, same: str) -> None:
    assert canonical(parse(type, text)) == same
    assert parse(type, text).body == parse(type, same).body


@pytest.mark.parametrize(
    "scope", ["a:b,c:d OR e:f", "!a:b AND c:d", "a:b, c IN (d,e)", "(a:b OR c:d),e:f", "a:b AND !c:d"]
)
def test_the_two_styles_of_a_scope_cannot_be_mixed(scope: str) -> None:
    with pytest.raises(QueryError, match="mix"):
        parse_scope(scope)


def test_references_point_at_their_characters() -> None:
    text = "avg(last_5m):sum:a.errors{env:prod,!model:x*} by {env,model}.as_count() / sum:a.hits{*}.as_count() > 1"
    first, second = metric_references(parse(METRIC, text))
    assert [text[query.metric_span.start : query.metric_span.end] for query in (first, second)] == [
        "a.errors",
        "a.hits",
    ]
    assert [(tag.key, tag.value, text[tag.span.start : tag.span.end]) for tag in first.filters] == [
        ("env", "prod", "env:prod"),
        ("model", "x*", "model:x*"),
    ]
    assert [text[word.span.start : word.span.end] for word in first.group_by] == ["env", "model"]
    assert first.modifiers == ("as_count",)


def test_an_event_query_names_its_facets_with_their_places() -> None:
    text = 'logs("service:x").rollup("avg", "@duration").by("@a, b").last("5m") > 2'
    reference = event_reference(parse("log alert", text))
    assert reference is not None
    assert reference.measure is not None
    assert text[reference.measure.span.start : reference.measure.span.end] == "@duration"
    assert [text[word.span.start : word.span.end] for word in reference.group_by] == ["@a", "b"]
    assert text[reference.search_span.start : reference.search_span.end] == "service:x"
