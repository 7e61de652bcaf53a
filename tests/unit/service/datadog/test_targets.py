"""URLs that callers give: parsed as browsers do, private hosts by policy, one name for each."""

# ruff: noqa: E501 - tables of URLs

import pytest

from service.datadog.synthetics import MAX_NAME, health_check_name
from service.datadog.targets import check_target, parse_web_url, with_path
from service.problems import CallerError


@pytest.mark.parametrize(
    "url",
    [
        "", "/x", "x", "example.com", "//example.com/x", "http:example.com", "http:/example.com", "http://", "https:///x", "http://?x",
        "http://#x", "http://:80/", "ftp://example.com", "file:///etc/passwd", "javascript:alert(1)", "gopher://example.com/",
        "http://user@example.com", "http://user:pw@example.com", "http://@example.com", "http://example.com:0/", "http://example.com:99999/",
        "http://example.com:x/", "http://exa mple.com", "http://example.com\\@evil.example", "http://example.com\r\nHost: x", " http://example.com",
        "http://[::1", "http://[x]/", "http://-/", "http://..", "http://a..b/", "http://<x>/", "http://example.com/\x00",
    ],
)  # fmt: skip
def test_what_is_no_absolute_web_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_web_url(url)


PRIVATE = (
    "http://localhost/", "http://localhost:8001/", "http://x.localhost/", "http://LOCALHOST./", "http://127.0.0.1/", "http://127.1/", "http://2130706433/",
    "http://0x7f000001/", "http://0177.0.0.1/", "http://0.0.0.0/", "http://10.1.2.3/", "http://172.16.0.1/", "http://192.168.1.1/", "http://169.254.169.254/",
    "http://100.64.0.1/", "http://[::1]/", "http://[::]/", "http://[fe80::1]/", "http://[fd00::1]/", "http://[::ffff:10.0.0.1]/", "http://[::ffff:127.0.0.1]/",
    "http://metadata.google.internal/", "http://metadata/", "http://printer.local/", "http://db.corp/", "http://224.0.0.1/", "http://255.255.255.255/",
)  # fmt: skip


@pytest.mark.parametrize("url", PRIVATE)
def test_a_private_target_is_refused_unless_the_policy_allows_it(url: str) -> None:
    with pytest.raises(CallerError, match="private"):
        check_target(url, private_allowed=False)
    check_target(url, private_allowed=True)


@pytest.mark.parametrize(
    "url", ["https://example.com/", "http://8.8.8.8/", "https://[2606:4700::1111]/", "https://xn--mller-kva.example/"]
)
def test_a_public_target_is_accepted(url: str) -> None:
    check_target(url, private_allowed=False)


@pytest.mark.parametrize(
    ("url", "health"),
    [
        ("https://a.example", "https://a.example/health"),
        ("https://a.example/", "https://a.example/health"),
        ("https://a.example/base/", "https://a.example/base/health"),
        ("https://a.example?x=1", "https://a.example/health?x=1"),
        ("https://a.example/base?x=/y#z", "https://a.example/base/health?x=/y"),
    ],
)
def test_health_is_a_part_of_the_path(url: str, health: str) -> None:
    assert with_path(url, "health") == health


def test_two_urls_never_share_a_name() -> None:
    long = "https://a.example/" + "x" * 300
    urls = [
        "https://a.example", "http://a.example", "https://a.example:8443", "https://a.example/b", "https://a.example/b/c", "https://a.example?x=1",
        "https://a.example?x=2", "https://a.example/b?x=1", "https://b.example", f"{long}1", f"{long}2",
    ]  # fmt: skip
    names = [health_check_name(with_path(url, "health")) for url in urls]
    assert len(set(names)) == len(urls) and max(map(len, names)) <= MAX_NAME
    assert names[0] == "a.example answers /health"
