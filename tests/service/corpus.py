"""What is private, and what is not, by generators that are not ours: Faker's people, cards and accounts in six
countries, and tokens that hypothesis draws from the patterns that their issuers publish."""

import random
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from faker import Faker
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import NonInteractiveExampleWarning

LOCALES = ["en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL"]
SEED = 20261125
EACH = 30

TOKENS = {
    "github": r"gh[pousr]_[A-Za-z0-9]{36}",
    "gitlab": r"glpat-[A-Za-z0-9_-]{20}",
    "google": r"AIza[A-Za-z0-9_-]{35}",
    "aws": r"(AKIA|ASIA)[A-Z0-9]{16}",
    "slack": r"xox[bp]-[0-9]{11}-[0-9]{12}-[a-zA-Z0-9]{24}",
    "stripe": r"sk_live_[a-zA-Z0-9]{24}",
    "jwt": r"eyJ[A-Za-z0-9_-]{20}\.eyJ[A-Za-z0-9_-]{40}\.[A-Za-z0-9_-]{43}",
    "npm": r"npm_[A-Za-z0-9]{36}",
}
"""Their issuers' documentation, or GitHub's list of the patterns that it scans for."""


@dataclass(frozen=True)
class Case:
    """A private text, and how it stands among others."""

    kind: str
    secret: str
    text: str


@cache
def private() -> list[Case]:
    """The same cases each time."""
    Faker.seed(SEED)
    random.seed(SEED)
    fake, chance = Faker(LOCALES), random.Random(SEED)
    usual = (lambda one: f"{fake.sentence()} {one}", lambda one: f"({one})", lambda one: f"{fake.word()}={one}",
             lambda one: f"{fake.word()} {one} {fake.word()}")  # fmt: skip
    form = (lambda one: f"full name: {one}", lambda one: f'{{"customer_name": "{one}"}}',
            lambda one: f"Customer: {one}, {fake.city()}", lambda one: f"last_name = {one}",
            lambda one: f"Patient: {one}")  # fmt: skip
    password = (lambda one: f"password={one}", lambda one: f"my password is {one}",
                lambda one: f'{{"secret": "{one}"}}', lambda one: f"https://x.example/?token={one}")  # fmt: skip
    makers: dict[str, tuple[Callable[[], str], tuple[Callable[[str], str], ...]]] = {
        "email": (fake.email, usual),
        "company email": (fake.company_email, usual),
        "card": (fake.credit_card_number, usual),
        "iban": (fake.iban, usual),
        "phone": (lambda: _international(fake), usual),
        "ssn": (lambda: str(fake["en_US"].ssn()), usual),
        "key": (fake.sha1, usual),
        "long key": (fake.sha256, usual),
        "name": (fake.name, form),
        "password": (lambda: fake.password(length=14, special_chars=False), password),
    }
    found = [
        Case(kind, secret, chance.choice(around)(secret))
        for kind, (make, around) in makers.items()
        for secret in _different(make)
    ]
    return found + [Case(kind, one, usual[0](one)) for kind, pattern in TOKENS.items() for one in _drawn(pattern)]


@cache
def clean(count: int = 1000) -> list[str]:
    """Texts in which nothing is private."""
    Faker.seed(SEED)
    random.seed(SEED)
    fake = Faker(LOCALES)
    makers: tuple[Callable[[], object], ...] = (
        fake.paragraph, fake.sentence, fake.bs, fake.catch_phrase, fake.street_address, fake.user_agent, fake.url,
        fake.uuid4, fake.iso8601, fake.file_path, fake.job, fake.ipv4, fake.ipv6, fake.mac_address, fake.hexify,
        fake.date_time, fake.company, fake.pricetag if hasattr(fake, "pricetag") else fake.bs, fake.isbn13,
        fake.md5, fake.text, fake.unix_time, fake.pyfloat, fake.uri_path, fake.country,
    )  # fmt: skip
    return [f"{fake.word()}: {makers[number % len(makers)]()}" for number in range(count)]


def _different(make: Callable[[], str]) -> Iterator[str]:
    seen: set[str] = set()
    while len(seen) < EACH:
        one = make()
        if one not in seen and len(one) > 4:
            seen.add(one)
            yield one


def _international(fake: Faker) -> str:
    """A phone number as its country writes it to foreigners; Faker mixes in local ones, which only people know."""
    while True:
        number = str(fake.phone_number())
        if number.startswith(("+", "00")):
            return number


def _drawn(pattern: str) -> list[str]:
    found: set[str] = set()

    @seed(SEED)
    @settings(max_examples=EACH * 3, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.from_regex(pattern, fullmatch=True))
    def draw(one: str) -> None:
        found.add(one)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NonInteractiveExampleWarning)
        draw()
    return sorted(found)[: EACH // 2]
