"""The models that the service may call, their prices, and the successors of those that Google has retired.

Served models and retirement dates: https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/model-versions
(read 2026-11-24). Prices: https://ai.google.dev/gemini-api/docs/pricing, standard paid tier, text, US dollars for a
million tokens, output including thoughts (as of 2026-10-07; that of gemini-3.1-flash-lite as of its general
availability). The Gemini 3 models are served at the locations ``global``, ``us`` and ``eu``, not in single regions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens, from the day ``since`` on."""

    since: date
    input: float
    output: float


@dataclass(frozen=True)
class Model:
    """A served model. ``available_until``: Google will not retire it before. ``prices`` in order of their days."""

    released: date
    available_until: date
    prices: tuple[Price, ...]

    def price(self, day: date) -> Price:
        """Return the price on a day; before the first one, the first one."""
        return next((price for price in reversed(self.prices) if price.since <= day), self.prices[0])


@dataclass(frozen=True)
class Retired:
    """A model that Google no longer serves: the day it ended, and the served model in its place."""

    on: date
    successor: str


MODELS: Mapping[str, Model] = {
    "gemini-3.8-flash": Model(
        released=date(2026, 9, 2),
        available_until=date(2027, 9, 2),
        # Half price in 2026.
        prices=(Price(date(2026, 9, 2), 0.75, 3.75), Price(date(2027, 1, 1), 1.50, 7.50)),
    ),
    "gemini-3.5-flash": Model(
        released=date(2026, 5, 19),
        available_until=date(2027, 5, 19),
        prices=(Price(date(2026, 5, 19), 1.50, 9.00),),
    ),
    "gemini-3.5-flash-lite": Model(
        released=date(2026, 7, 21),
        available_until=date(2027, 7, 21),
        prices=(Price(date(2026, 7, 21), 0.30, 2.50),),
    ),
    "gemini-3.1-flash-lite": Model(
        released=date(2026, 5, 7),
        available_until=date(2027, 5, 7),
        prices=(Price(date(2026, 5, 7), 0.25, 1.50),),
    ),
}
"""The allow-list."""

RETIRED: Mapping[str, Retired] = {
    "gemini-2.5-pro": Retired(date(2026, 10, 20), "gemini-3.8-flash"),
    "gemini-2.5-flash": Retired(date(2026, 10, 20), "gemini-3.5-flash-lite"),
    "gemini-2.5-flash-lite": Retired(date(2026, 10, 20), "gemini-3.5-flash-lite"),
    "gemini-2.0-flash": Retired(date(2026, 6, 1), "gemini-3.5-flash"),
    "gemini-2.0-flash-001": Retired(date(2026, 6, 1), "gemini-3.5-flash"),
    "gemini-2.0-flash-lite": Retired(date(2026, 6, 1), "gemini-3.1-flash-lite"),
    "gemini-2.0-flash-lite-001": Retired(date(2026, 6, 1), "gemini-3.1-flash-lite"),
    "gemini-1.5-pro": Retired(date(2025, 9, 24), "gemini-3.8-flash"),
    "gemini-1.5-pro-002": Retired(date(2025, 9, 24), "gemini-3.8-flash"),
    "gemini-1.5-flash": Retired(date(2025, 9, 24), "gemini-3.5-flash-lite"),
    "gemini-1.5-flash-002": Retired(date(2025, 9, 24), "gemini-3.5-flash-lite"),
}
"""Names that callers may still use: the successor answers, and the answer names both."""

DEFAULT_PRIMARY = "gemini-3.8-flash"
DEFAULT_FALLBACK = "gemini-3.5-flash-lite"


class UnknownModel(ValueError):
    """A name that is neither served nor retired. The message names the served ones."""

    def __init__(self) -> None:
        # The name is left out: it is a caller's text.
        super().__init__(f"the model is not one of {', '.join(sorted(MODELS))}")


def resolve(name: str) -> str:
    """Return the served model that answers for a name. Raises :class:`UnknownModel`."""
    if name in MODELS:
        return name
    if name in RETIRED:
        return RETIRED[name].successor
    raise UnknownModel


def cost(model: str, input_tokens: float, output_tokens: float, day: date | None = None) -> float:
    """Return the price of a call to a served model in US dollars, on a day (default: today in UTC)."""
    price = MODELS[model].price(day or datetime.now(UTC).date())
    return (input_tokens * price.input + output_tokens * price.output) / MILLION
