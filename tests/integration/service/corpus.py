"""Private and clean texts by generators of others.

Faker makes people, cards and accounts of several countries; hypothesis draws tokens from the patterns that their
issuers publish.
"""

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
    """A private text, and a text that contains it."""

    kind: str
    secret: str
    text: str


@cache
def private() -> list[Case]:
    """Return the private cases, the same each time."""
    Faker.seed(SEED)
    random.seed(SEED)
    fake, chance = Faker(LOCALES), random.Random(SEED)
    usual = (lambda secret: f"{fake.sentence()} {secret}", lambda secret: f"({secret})",
             lambda secret: f"{fake.word()}={secret}",
             lambda secret: f"{fake.word()} {secret} {fake.word()}")  # fmt: skip
    form = (lambda secret: f"full name: {secret}", lambda secret: f'{{"customer_name": "{secret}"}}',
            lambda secret: f"Customer: {secret}, {fake.city()}", lambda secret: f"last_name = {secret}",
            lambda secret: f"Patient: {secret}")  # fmt: skip
    password = (lambda secret: f"password={secret}", lambda secret: f"my password is {secret}",
                lambda secret: f'{{"secret": "{secret}"}}',
                lambda secret: f"https://x.example/?token={secret}")  # fmt: skip
    keys = (lambda secret: f"DD_APP_KEY={secret}", lambda secret: f"the secret key is {secret}",
            lambda secret: f'{{"token": "{secret}"}}', lambda secret: f"api key {secret}")  # fmt: skip
    makers: dict[str, tuple[Callable[[], str], tuple[Callable[[str], str], ...]]] = {
        "email": (fake.email, usual),
        "company email": (fake.company_email, usual),
        "card": (fake.credit_card_number, usual),
        "iban": (fake.iban, usual),
        "phone": (lambda: _international(fake), usual),
        "ssn": (lambda: str(fake["en_US"].ssn()), usual),
        "key": (fake.sha1, keys),
        "long key": (fake.sha256, keys),
        "name": (fake.name, form),
        "password": (lambda: fake.password(length=14, special_chars=False), password),
    }
    cases = [
        Case(kind, secret, chance.choice(templates)(secret))
        for kind, (make, templates) in makers.items()
        for secret in _distinct(make)
    ]
    return cases + [Case(kind, token, usual[0](token)) for kind, pattern in TOKENS.items() for token in _draw(pattern)]


@cache
def clean(count: int = 1000) -> list[str]:
    """Return texts in which nothing is private, the same each time."""
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


def _distinct(make: Callable[[], str]) -> Iterator[str]:
    seen: set[str] = set()
    while len(seen) < EACH:
        text = make()
        if text not in seen and len(text) > 4:
            seen.add(text)
            yield text


def _international(fake: Faker) -> str:
    """Return a phone number in international form. Faker also makes local ones, which no rule can recognize."""
    while True:
        number = str(fake.phone_number())
        if number.startswith(("+", "00")):
            return number


def _draw(pattern: str) -> list[str]:
    tokens: set[str] = set()

    @seed(SEED)
    @settings(max_examples=EACH * 3, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.from_regex(pattern, fullmatch=True))
    def draw(token: str) -> None:
        tokens.add(token)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NonInteractiveExampleWarning)
        draw()
    return sorted(tokens)[: EACH // 2]
