"""The numbers that several parts of the stack share, each once, with its unit and its reason.

A threshold that only one alert uses stands in that alert's entry, infra/observability/alerts/.
"""

from dataclasses import dataclass
from typing import Literal


def format_number(number: float) -> str:
    """Return a number as queries and messages write it: ``0.05``, ``4``, ``14.4``."""
    return f"{number:.10f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Threshold:
    """The value at which an alert triggers, with those at which it warns and recovers.

    ``recovery`` lies on the quiet side of ``critical``. A share has a unit that starts with "of".
    """

    critical: float
    unit: str
    because: str
    warning: float | None = None
    recovery: float | None = None
    guard: float | None = None
    """For a share: as many good events are added to the total, so that a few calls at night cannot trigger it."""

    def __str__(self) -> str:
        if self.unit.startswith("of "):
            return f"{format_number(self.critical * 100)} % {self.unit}"
        return f"{format_number(self.critical)} {self.unit}".strip()


@dataclass(frozen=True)
class Objective:
    """An SLO's target over a rolling window, in percent. ``warning`` lies above ``target``."""

    target: float
    warning: float
    window: Literal["7d", "30d", "90d"]
    because: str

    @property
    def budget(self) -> float:
        """The error budget: the share that may be bad, from 0 to 1."""
        return (100 - self.target) / 100


@dataclass(frozen=True)
class BurnRate:
    """A burn rate over a long and a short window: 1 spends the error budget exactly by the end of the SLO's window.

    https://docs.datadoghq.com/service_level_objectives/burn_rate: a rate above ``1 / budget`` cannot be reached.
    """

    rate: float
    long_window: str
    short_window: str
    because: str

    def __str__(self) -> str:
        return f"{format_number(self.rate)}x over {self.long_window} and {self.short_window}"


@dataclass(frozen=True)
class BudgetThreshold:
    """The share of an error budget, in percent, whose use triggers an alert.

    For targets below about 96 %, whose burn rates have too little room to tell fast from slow.
    https://docs.datadoghq.com/service_level_objectives/error_budget
    """

    percent: float
    warning: float
    because: str

    def __str__(self) -> str:
        return f"{format_number(self.percent)} % of the error budget"


# --- Objectives -------------------------------------------------------------------------------------------------------

AVAILABILITY = Objective(
    99.5, 99.7, "30d", because="Gemini promises about 99.9 %, and a service that depends on it can only promise less"
)
FAST_CHATS = Objective(95, 97, "30d", because="users have accepted one slow 5-minute slice in twenty so far")
FAST_FIRST_TOKENS = Objective(
    95, 97, "30d", because="users who see the first words wait for the rest; one slow 5-minute slice in twenty is fine"
)
CHEAP_ANSWERS = Objective(
    98, 99, "30d", because="the price per seat is based on it, and its margin covers half a day a month above it"
)
GOOD_ANSWERS = Objective(
    95, 97, "30d", because="quality is measured on a sample, in which one slice in twenty may be bad by chance"
)
REACHABLE = Objective(
    99.9, 99.95, "30d", because="Cloud Run promises 99.95 %, and a service that runs on it can only promise less"
)
NEARLY_SPENT = BudgetThreshold(
    75,
    warning=50,
    because="the quarter that is left is enough to plan, and too little for a risky deployment",
)
FAST_BURN = BurnRate(14.4, "1h", "5m", because="it spends 2 % of the month's error budget in an hour")
SLOW_BURN = BurnRate(6, "6h", "30m", because="it spends 5 % of the month's error budget in six hours")
DAY_BURN = BurnRate(3, "24h", "2h", because="it spends 10 % of the month's error budget in a day")

# --- Chats ------------------------------------------------------------------------------------------------------------

SLOW_CHAT = Threshold(4, "s", warning=3, recovery=3.5, because="users leave a chat that takes longer than about 4 s")
SLOW_MEDIAN = Threshold(
    2,
    "s",
    warning=1.6,
    recovery=1.7,
    because="the usual chat takes 1.2 s, and users notice when it takes twice as long",
)
SLOW_SMALL_MODEL = Threshold(
    1.6, "s", warning=1.3, recovery=1.3, because="it is chosen for its speed, and its p95 is usually 1 s"
)
SLOW_FIRST_TOKEN = Threshold(
    2, "s", warning=1.5, recovery=1.7, because="users who see no word for two seconds ask again, which doubles the load"
)
ERROR_RATIO = Threshold(
    0.05,
    "of chats",
    warning=0.01,  # twice the error budget: only a deployment makes it a notification
    recovery=0.02,
    guard=20,
    because="every user notices one failed answer in twenty within a visit",
)
BAD_ANSWERS = Threshold(
    0.15,
    "of sampled answers",
    warning=0.1,
    recovery=0.08,
    guard=20,
    because="it is three times what the quality SLO allows, so a prompt or a model got worse",
)

# --- Gemini -----------------------------------------------------------------------------------------------------------

THROTTLED_CALLS = Threshold(
    10,
    "calls in 5 minutes",
    warning=5,
    recovery=2,
    because="single 429s are retried, and this many mean that the quota is used up",
)

# --- Cost -------------------------------------------------------------------------------------------------------------

COST_PER_HOUR = Threshold(
    20,
    "dollars",
    warning=10,
    recovery=10,
    because="it is ten times the usual hour, and a month at this rate costs 14,400 dollars",
)
COST_PER_ANSWER = Threshold(
    0.005,
    "dollars per answer",
    warning=0.003,
    recovery=0.003,
    guard=20,
    because="it is nine times the usual cost, which the price per seat does not cover",
)
EXPENSIVE_CHAT = Threshold(
    0.02, "dollars", warning=0.005, because="it is twenty times the usual cost: a runaway prompt or a dearer model"
)

# --- Synthetic tests --------------------------------------------------------------------------------------------------

HEALTH_CHECK_SECONDS = 60
"""Interval of the synthetic test of /health."""
HEALTH_ANSWER_MILLISECONDS = 2000
"""Longest response time of /health that passes; the load balancer's timeout is of this order."""
CHAT_CHECK_SECONDS = 900
"""Interval of the synthetic chat. Each run pays for two answers per location, so it is not every minute as /health."""
PAGE_CHECK_SECONDS = 900
"""Interval of the browser test. Each run pays for an answer and a browser run per location."""
OPERATIONS_CHECK_SECONDS = 900
"""Interval of the test of the operations API's keys, which change only by a deployment or by hand."""

# --- Retention and sampling -------------------------------------------------------------------------------------------

LOG_DAYS = 15
"""Days in which a log can be searched: an incident is reviewed within its sprint, and the archive has the rest."""
LOG_ARCHIVE_DAYS = 365
"""Days in the log archive: enough to compare with last year, and what auditors ask for."""
LOGS_A_DAY = 300_000
"""Most log lines that the index takes in a day: three times the busiest day so far."""
REPEATED_LINES_DROPPED = 0.9
"""Share of cached answers' log lines that are not indexed: one in ten still shows what they look like."""
ORDINARY_SESSIONS_KEPT = 20.0
"""Percent of uneventful browser sessions that are kept, as a baseline."""
SESSIONS_RECORDED = 20
"""Percent of browser sessions that are recorded for replay."""
