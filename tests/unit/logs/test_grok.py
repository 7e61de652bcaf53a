"""Grok: matchers, filters and dates, on the examples of the parsing page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firedrill.logs.dates import java_date
from firedrill.logs.event import PipelineError
from firedrill.logs.pipelines import run_pipelines


def parsed(rules: str, text: str, helpers: str = "") -> dict[str, Any]:
    grok = {"match_rules": rules, "support_rules": helpers}
    processor = {"type": "grok-parser", "is_enabled": True, "source": "message", "grok": grok}
    pipeline = {"is_enabled": True, "filter": {"query": "*"}, "processors": [processor]}
    attributes: dict[str, Any] = run_pipelines([pipeline], {"message": text, "attributes": {}})["attributes"]
    return attributes


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ("r %{word:a.b} %{number:n} %{integer:i}", "x 2.50 -3", {"a": {"b": "x"}, "n": 2.5, "i": -3}),
        ("r %{numberStr:n} %{numberExt:e}", "2.50 1.5e3", {"n": "2.50", "e": 1500}),
        ("r %{boolean:a} %{boolean(\"ON\",\"OFF\"):b}", "TRUE OFF", {"a": True, "b": False}),
        ("r %{ip:ip} %{port:p} %{hostname:h}", "1.0.0.1 443 a-b.com", {"ip": "1.0.0.1", "p": "443", "h": "a-b.com"}),
        ("r %{ipv6:ip}", "2001:db8::1", {"ip": "2001:db8::1"}),
        ("r %{quotedString:q} %{data:rest}", '"a b" c\nd', {"q": '"a b"', "rest": "c\nd"}),
        ('r %{regex("[a-z]{2,3}"):a}_%{regex("(x|y)+"):b}', "abc_xyx", {"a": "abc", "b": "xyx"}),
        (r"r \[%{notSpace:a:uppercase}\] %{notSpace:b:nullIf(\"-\")}".replace('\\"', '"'), "[ab] -", {"a": "AB"}),
        ("r %{number:n:scale(1000)} %{data:d:decodeuricomponent}", "0.25 a%20b", {"n": 250, "d": "a b"}),
        ("r %{data::json}", '{"a":{"b":1}}', {"a": {"b": 1}}),
        ("r %{data:j:json} end", "no json end", {}),
        ("r %{data::keyvalue}", "user=ann day=11/08/2017 id=12 ok=true no=null", {"user": "ann", "id": 12, "ok": True}),
        ("r %{data::keyvalue}", "who=\"a b\" one=1 one=2", {"who": "a b", "one": [1, 2]}),
        ('r %{data::keyvalue(": ")}', "user: john id: 1.5", {"user": "john", "id": 1.5}),
        ('r %{data::keyvalue("=","/:")}', "url=https://a.com/b user=j", {"url": "https://a.com/b", "user": "j"}),
        ('r %{data::keyvalue(":=","","<>")}', "k:=v k2:=</a b>", {"k": "v", "k2": "/a b"}),
        ('r %{data::keyvalue("=","","","|")}', "a=1|b=2", {"a": 1, "b": 2}),
        ("r %{data:k:keyvalue}", "nothing here", {}),
        ('r %{data::keyvalue("=","`~#\'<>:/ ")}', "a=b c d=e", {"a": "b c", "d": "e"}),
        ('r %{data::keyvalue("=",", ")}', "a=x, b=y,z c=", {"a": "x", "b": "y,z"}),
        ('r %{data::keyvalue("=","","",", ")}', "a=1, b=2", {"a": 1, "b": 2}),
        ("r %{data::keyvalue}", "a=017 b=018 c=11481992789033467723 d=0x1f e=\"\"",
         {"a": 17, "b": "018", "c": "11481992789033467723", "d": "0x1f"}),
        ('r %{data:l:array("[]",",")}', "[a, b ,c]", {"l": ["a", " b ", "c"]}),
        ('r %{data:l:array("[]","|")}', "a|b", {"l": ["a", "b"]}),
        ('r %{data:l:array("",",")}x?', "", {}),
        ("r %{data::json}", '{"a.b":1,"c":null,"d":{},"e":[],"f":""}', {"a": {"b": 1}, "f": ""}),
        ('r %{regex("\\\\d+"):a}%{data}', "12x", {"a": "12"}),
        ("r (?<level>.)%{integer:n}.*", "I12 x\ny", {"level": "I", "n": 12}),
        ('r %{regex("[\\\\p{C}\\\\p{Lu}]+"):a}(?i)b', "A\u0007\u00c4B", {"a": "A\u0007\u00c4"}),
        ("r %{data:a}-%{data:b}", "x-y-z", {"a": "x", "b": "y-z"}),
        ("r %{greedyData:a}-%{data:b}", "x-y-z", {"a": "x-y", "b": "z"}),
        ("r %{data:a}", " padded\n", {"a": " padded"}),
        ("r %{word:a}", "  x ", {"a": "x"}),
        ('r %{data:u:csv("a,b,c",";")}', "1;\"x;y\";", {"u": {"a": 1, "b": "x;y"}}),
        ('r %{data:u:csv("a,b","tab")}', "1\tz", {"u": {"a": 1, "b": "z"}}),
        ('r have %{data:l:array("[]",",",integer)}', "have [1, 2]", {"l": [1, 2]}),
        ("r %{data::rubyhash}", '{name => "J", "job" => {:at => "Big"}}', {"name": "J", "job": {"at": "Big"}}),
        ("r %{data::querystring}", "?a=1&b=x", {"a": "1", "b": "x"}),
        ("r %{data::xml}", '<b c="d"><t l="en">HP</t></b>', {"b": {"c": "d", "t": {"l": "en", "value": "HP"}}}),
        ("r %{word:a}( %{integer:b})? end", "x end", {"a": "x"}),
        ("r (%{integer:id}|%{word:name}) .*", "john left", {"name": "john"}),
        ("r %{word:a},%{word:a}", "x,y", {"a": ["x", "y"]}),
        ("r %{word:a}", "two words", {}),
    ],
)  # fmt: skip
def test_extracts(rule: str, text: str, expected: dict[str, Any]) -> None:
    assert parsed(rule, text) == expected


def test_a_filter_that_needs_datadog_lists_its_target() -> None:
    grok = {"match_rules": "r %{word:a} %{data:http.useragent_details:useragent}"}
    processor = {"type": "grok-parser", "is_enabled": True, "source": "message", "grok": grok}
    pipeline = {"is_enabled": True, "filter": {"query": "*"}, "processors": [processor]}
    event = run_pipelines([pipeline], {"message": "x Mozilla/5.0"})
    assert event["attributes"] == {"a": "x"}
    assert event["external"] == ["http.useragent_details"]


def test_rules_use_helpers_and_rules_above() -> None:
    rules = "who %{word:user.name}\nboth %{who} from %{place}"
    assert parsed(rules, "ann from Rome", "# where\nplace %{word:user.city}") == {
        "user": {"name": "ann", "city": "Rome"}
    }


@pytest.mark.parametrize(
    ("text", "pattern", "zone", "milliseconds"),
    [
        ("14:20:15", "HH:mm:ss", "UTC", 51615000),
        ("02:20:15 PM", "hh:mm:ss a", "UTC", 51615000),
        ("12:00:00 AM", "hh:mm:ss a", "UTC", 0),
        ("Thu Jun 16 08:29:03 2016", "EEE MMM dd HH:mm:ss yyyy", "Europe/Paris", 1466058543000),
        ("Thu Jun 16 08:29:03 2016", "EEE MMM dd HH:mm:ss yyyy", "UTC+5", 1466047743000),
        ("Thu Jun 16 08:29:03 2016", "EEE MMM dd HH:mm:ss yyyy", "+3", 1466054943000),
        ("06/Mar/2013:01:36:30 +0900", "dd/MMM/yyyy:HH:mm:ss Z", "UTC", 1362501390000),
        ("2016-11-29T16:21:36.431+00:00", "yyyy-MM-dd'T'HH:mm:ss.SSSZZ", "UTC", 1480436496431),
        ("2007-08-31 19:22:22.427 ADT", "yyyy-MM-dd HH:mm:ss.SSS z", "UTC", 1188598942427),
        ("31/02/2016", "dd/MM/yyyy", "UTC", None),
        ("Jul 01 2024 10:10:10 GMT+02:00", "MMM dd yyyy HH:mm:ss zZZ", "UTC", 1719821410000),
        ("2024-07-01 10:10:10.1234", "yyyy-MM-dd HH:mm:ss.SSS", "UTC", None),
        ("2024-07-01 10:10:10 Asia/Tokyo", "yyyy-MM-dd HH:mm:ss ZZZ", "UTC", 1719796210000),
        ("2024-07-01 10:10:10", "yyyy-MM-dd HH:mm:ss", "UT-01:30:00", 1719834010000),
    ],
)
def test_dates(text: str, pattern: str, zone: str, milliseconds: int | None) -> None:
    assert java_date(pattern, zone).parse(text) == milliseconds


@pytest.mark.parametrize("days", [-150, -1, 0, 1, 150])
def test_a_date_without_year_is_the_one_nearest_to_now(days: int) -> None:
    moment = (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)
    assert java_date("MMM d HH:mm:ss").parse(f"{moment:%b %d %H:%M:%S}") == moment.timestamp() * 1000


def test_a_day_of_the_year_is_read_and_contradicts_a_month() -> None:
    assert java_date("yyyy DDD").parse("2024 060") == java_date("yyyy-MM-dd").parse("2024-02-29")
    assert java_date("MMDD").parse("1216") is None


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("r %{nonsense:a}", "no matcher 'nonsense'"),
        ("r %{word:a:nonsense}", "no filter 'nonsense'"),
        ("r %{word:a", "no closing }"),
        ("r (%{word:a}", "cannot be read"),
        ('r %{date("QQ"):d}', "'QQ'"),
        ("lonely", "name pattern"),
        ("a %{b}", "no matcher 'b'"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(rule: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        parsed(rule, "word")


@given(st.text(alphabet='ab=":,;<>|[]{} \n1.', max_size=40))
def test_no_text_breaks_a_rule(text: str) -> None:
    for rule in ("r %{data::keyvalue}", 'r %{data:a:csv("x,y")}', "r %{data:a:array}", "r %{data:a:rubyhash}"):
        assert isinstance(parsed(rule, text), dict)
