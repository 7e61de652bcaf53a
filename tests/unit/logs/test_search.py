"""Log search: matches of each form, and errors that point at their place."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firedrill.logs.search import SearchError, parse_search

EVENT: dict[str, Any] = {
    "service": "llm-api",
    "status": "warning",
    "host": "h1",
    "message": "Quota exceeded for gemini-2.5-flash: retry in 30s",
    "trace_id": "abc",
    "tags": ["env:prod", "team:ml", "region:eu"],
    "attributes": {
        "outcome": "throttled",
        "http.status_code": 429,
        "http": {"url": "/v1/chat", "client_ip": "10.1.2.3"},
        "duration": 4_000_000_000,
        "stream": False,
        "ratio": "0.5",
        "steps": [{"name": "plan", "ms": 10}, {"name": "act", "ms": 900}],
        "empty": None,
        "note": "a (b) \"c\" * d",
    },
}  # fmt: skip


@pytest.mark.parametrize(
    "search",
    [
        "",
        "*",
        "quota",
        "EXCEEDED",
        '"exceeded for"',
        "gemini-2.5-flash",
        "exceed*",
        "quot?",
        "-nothing",
        "@http.status_code:429",
        "@http.status_code:4*",
        "@http.status_code:(500 OR 429)",
        "@http.status_code:[400 TO 429]",
        "@http.status_code:[400 TO *]",
        "@http.status_code:(>=400 -500)",
        "@stream:false",
        "@ratio:<1",
        "@duration:>3s",
        "@duration:<=4000ms",
        "@steps.name:act",
        "@steps.ms:>500",
        "@steps:*",
        "-@empty:*",
        "-@absent:*",
        "env:prod",
        "env:(prod OR test) -region:us",
        "tags:env\\:prod",
        'tags:"team:ml"',
        "status:warn",
        "status:warning",
        "service:llm* host:h?",
        "trace_id:abc",
        "*:throttled",
        "*:THROTTLED",
        '@note:"a (b) \\"c\\" * d"',
        "@note:a\\ \\(b\\)*",
        "CIDR(@http.client_ip, 192.168.0.0/16, 10.0.0.0/8)",
        "NOT CIDR(@http.client_ip, 192.168.0.0/16)",
        "(service:x OR service:llm-api) AND -(status:error OR status:info)",
        "service:x env:dev OR outcome OR quota",
    ],
)
def test_matches(search: str) -> None:
    assert parse_search(search).matches(EVENT)
    assert not parse_search(f"-({search or '*'})").matches(EVENT)


@pytest.mark.parametrize(
    "search",
    [
        "quo",
        '"for exceeded"',
        "throttled",
        "@outcome:Throttled",
        "outcome:throttled",
        "@http.status_code:>429",
        "@stream:>0",
        "@http:v1",
        "@absent:*",
        "@empty:*",
        "env:Prod",
        "service:llm",
        "service:x env:prod OR service:y",
    ],
)
def test_does_not_match(search: str) -> None:
    assert not parse_search(search).matches(EVENT)


@pytest.mark.parametrize(
    ("search", "place"),
    [
        ("service:()", ")"),
        ("a AND OR b", "OR"),
        ('service:x "abc', '"'),
        ("@x:[1 2]", "[1 2]"),
        ("a @x:>abc", ">abc"),
        ("a)", ")"),
        ("@a:foo(bar)", "@a:foo(bar)"),
        ("CIDR(@ip, nonsense)", "CIDR(@ip, nonsense)"),
        ("*:>5", ">5"),
    ],
)
def test_an_error_points_at_its_place(search: str, place: str) -> None:
    with pytest.raises(SearchError) as caught:
        parse_search(search)
    assert search[caught.value.start : caught.value.end] == place
    assert "^" * len(place) in str(caught.value)


def test_a_search_cut_off_is_reported_behind_its_end() -> None:
    with pytest.raises(SearchError) as caught:
        parse_search("service:a OR ")
    assert caught.value.start == len("service:a OR")


def test_terms_keep_keys_and_positions() -> None:
    search = parse_search('service:llm-api @outcome:(a OR "b c") quota')
    assert [(term.key, search.text[term.start : term.end]) for term in search.terms] == [
        ("service", "service:llm-api"),
        ("@outcome", "a"),
        ("@outcome", '"b c"'),
        (None, "quota"),
    ]


def test_and_with_or_is_noted_unless_parentheses_say_which_first() -> None:
    assert parse_search("a b OR c").notes
    assert not parse_search("(a b) OR c").notes
    assert not parse_search("a (b OR c)").notes


def test_a_blank_after_the_colon_is_no_part_of_the_value() -> None:
    assert parse_search('@outcome: "b c"').matches({"attributes": {"outcome": "b c"}})
    assert parse_search("service: llm-api env:prod").matches({"service": "llm-api", "tags": ["env:prod"]})


@pytest.mark.parametrize(
    ("phrase", "message", "matches"),
    [
        ("time*", "a timeout", False),
        ("timeout*", "a timeout", False),
        ("timeout*", "SELECT timeout* FROM", True),
        ("*", "anything", False),
        ("what?", "so what", False),
        ("what?", "so what? nothing", True),
        ("a b", "a, b", True),
        ("a b", "a * b", False),
    ],
)
def test_a_quoted_phrase_takes_wildcards_literally(phrase: str, message: str, matches: bool) -> None:
    assert parse_search(f'"{phrase}"').matches({"message": message}) is matches


@pytest.mark.parametrize("status", ["warn", "warning", "emerg", "emergency"])
def test_a_status_has_the_name_of_the_page_and_the_stored_one(status: str) -> None:
    stored = "warn" if status.startswith("warn") else "emergency"
    assert parse_search(f"status:{status}").matches({"status": stored})
    assert parse_search(f"status:{stored}").matches({"status": status})
    assert parse_search(f"status:({status} OR x)").matches({"status": stored})
    assert not parse_search(f"status:{status}").matches({"status": "error"})


@given(st.text(alphabet='ab@:*?()[]<>=-"\\ ORANDT0.,', max_size=30))
def test_any_text_parses_or_is_refused_with_a_place(text: str) -> None:
    try:
        search = parse_search(text)
    except SearchError as error:
        assert 0 <= error.start <= len(text)
        assert str(error)
    else:
        assert search.matches(EVENT) in (True, False)
        assert all(0 <= term.start < term.end <= len(text) for term in search.terms)
