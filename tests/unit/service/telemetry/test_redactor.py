"""The redactor replaces what is private in a corpus of our own, leaves clean texts alone, and fails closed.

tests/integration/service/test_corpus.py has a corpus that others make up, which takes longer.
"""

import base64
import random
import re
import string
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.telemetry.redactor import DROPPED, MAX_CHARACTERS, RULES, Redactor

REDACTOR = Redactor()
RANDOM = random.Random(20261124)
LETTERS, ALPHANUMERIC = string.ascii_lowercase, string.ascii_letters + string.digits
NAMES = ("Amélie Dubois", "Jan Novak", "Oyelaran Adeyemi", "Siobhan O'Neill", "Lars Müller", "Mei Tanaka")


def some(alphabet: str, length: int) -> str:
    return "".join(RANDOM.choice(alphabet) for _ in range(length))


def card() -> str:
    """Return a number whose digits, every second one doubled from the right, sum up to a multiple of ten."""
    body = RANDOM.choice(("4", "51", "37", "6011")) + some(string.digits, 11)
    sums = sum(sum(map(int, str(int(d) * (2 - i % 2)))) for i, d in enumerate(reversed(body)))
    digits = body + str(-sums % 10)
    return RANDOM.choice((digits, " ".join(re.findall(".{1,4}", digits)), "-".join(re.findall(".{1,4}", digits))))


def iban() -> str:
    country, length = RANDOM.choice((("DE", 18), ("NL", 14), ("ES", 20), ("FR", 23)))
    account = some(string.digits, length)
    number = int("".join(str(int(character, 36)) for character in account + country) + "00")
    text = f"{country}{98 - number % 97:02d}{account}"
    return RANDOM.choice((text, " ".join(re.findall(".{1,4}", text))))


def number(prefix: str) -> str:
    return f"{prefix}{some('23456789', 3)} {some('23456789', 3)} {some('23456789', 3)}"


MAKERS: dict[str, Callable[[], str]] = {
    "email": lambda: f"{some(LETTERS, 6)}.{some(LETTERS, 5)}+{some(LETTERS, 3)}@{some(LETTERS, 7)}.example.org",
    "card": card,
    "iban": iban,
    "phone": lambda: number(RANDOM.choice(("+49 ", "+1 ", "0044 ", "+33 "))),
    "github": lambda: "ghp_" + some(ALPHANUMERIC, 36),
    "google": lambda: "AIza" + some(ALPHANUMERIC, 35),
    "aws": lambda: "AKIA" + some(string.ascii_uppercase + string.digits, 16),
    "openai": lambda: "sk-" + some(ALPHANUMERIC, 40),
    "slack": lambda: "xoxb-" + some(string.digits, 11) + "-" + some(ALPHANUMERIC, 20),
    "jwt": lambda: ".".join(
        base64.urlsafe_b64encode(part.encode()).decode().rstrip("=")
        for part in ('{"alg":"HS256","typ":"JWT"}', '{"sub":"' + some(LETTERS, 12) + '"}', some(ALPHANUMERIC, 30))
    ),
    "datadog": lambda: "a1" + some("0123456789abcdef", 38),
    "password": lambda: "hunter" + some(ALPHANUMERIC, 9),
    "name": lambda: RANDOM.choice(NAMES),
    "bearer": lambda: some(ALPHANUMERIC, 32),
    "social": lambda: f"{some('123456', 3)}-{some('123456', 2)}-{some('123456', 4)}",
}
AROUND = {
    "password": ("password={}", "my password is {}", '{{"password": "{}"}}', "https://x.example/?token={}&a=b"),
    "name": ("name: ok, full name: {}", '{{"last_name": "{}"}}', "customer: {}"),
    # Alone, a key of Datadog looks like any commit's hash.
    "datadog": (
        "DD_APP_KEY={}",
        "the app key is {}",
        '"apiKey": "{}"',
        "api_key {}",
        "deployed to api_key {}: success",
    ),
    "bearer": ("Authorization: Bearer {}", "curl -H 'authorization: bearer {}'"),
}
USUAL = ("please use {} now", "({})", "value:{}", "{}")
CORPUS = [
    (kind, secret, RANDOM.choice(AROUND.get(kind, USUAL)).format(secret))
    for kind, make in MAKERS.items()
    for secret in (make() for _ in range(24))
]
WORDS = """the budget of errors shows how much a service may fail before people notice latency rose to p95 of 3.2 s in
europe-west1 on 2026-11-24 at 03:41:07 order 4711 costs 12,345.67 EUR version 1.24.3 of gemini-3.8-flash answered 502
times; see RFC 9457 section 3.1 (page 12) and ISO 8601: token counts 1024 and 2048, name of the key, secret santa,
pass rate 99.95 % between 10.0.0.1 and 10.0.0.254 with 128 MB; id 1795492404 uuid e4a4e21f-9d98-4944-97bc-a2a089b1eb9c
ratio 3:2 build #1234567 @here C++ user@ a.b.c"""
CLEAN = [" ".join(RANDOM.choices(WORDS.split(), k=12)) for _ in range(1000)]


def test_nothing_of_the_corpus_is_left() -> None:
    assert [(kind, text) for kind, secret, text in CORPUS if secret in REDACTOR.redact(text)] == []


def test_a_member_s_name_can_make_its_value_private() -> None:
    private = {"password": "hunter22", "customer": {"last_name": "Novak"}, "commit": "a" * 39 + "1", "name": "Novak"}
    cleaned = {"password": "[password]", "customer": {"last_name": "[name]"}, "commit": "a" * 39 + "1", "name": "Novak"}
    assert REDACTOR.redact_json(private) == cleaned


def test_clean_texts_stay_as_they_are() -> None:
    changed = [text for text in CLEAN if REDACTOR.redact(text) != text]
    assert len(changed) <= 10, changed[:3]


def test_a_time_is_no_card() -> None:
    start = 1_795_000_000
    for digits in (10**3, 10**6, 10**9):
        times = [str(start * digits + some_after) for some_after in range(0, 5000, 7)]
        assert [text for text in times if REDACTOR.redact(text) != text] == []
    assert REDACTOR.redact("122000000000003") == "[card]"  # UATP's, the one issuer whose numbers begin with a one


def test_a_digest_of_a_package_is_no_key() -> None:
    digest = f"{'a1B2c' * 7}+{'D3e4F5g6h7' * 4}+5E7LKiTybw=="
    assert REDACTOR.redact(f"integrity sha512-{digest}") == f"integrity sha512-{digest}"
    assert REDACTOR.redact(f"key {'D3e4F5g6h7' * 4} refused") == "key [token] refused"


def test_it_fails_closed_and_counts() -> None:
    drops: list[int] = []

    def broken(_: re.Match[str]) -> bool:
        raise ArithmeticError

    failing = Redactor(lambda: drops.append(1), (*RULES, ("any", re.compile("."), broken)))
    assert failing.redact("anything") == DROPPED
    assert failing.redact("x" * (MAX_CHARACTERS + 1)) == DROPPED
    assert len(drops) == 2


@pytest.mark.parametrize(
    "text", ["a" * MAX_CHARACTERS, "1 " * 7000, "@" * MAX_CHARACTERS, "-----BEGIN PRIVATE KEY-----" * 500]
)
def test_hostile_texts_take_no_time(text: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(REDACTOR.redact, text).result(timeout=5)


def test_a_name_within_a_rejected_value_is_found() -> None:
    assert "CK4234452" not in REDACTOR.redact("passport number: passport number: CK4234452: success")
    assert "CK4234452" not in REDACTOR.redact("x passport number: CK4234452 to passport number: CK4234452: success")
    assert "Q9vo5.ah-1X" not in REDACTOR.redact("run --spring.datasource.password Q9vo5.ah-1X")
