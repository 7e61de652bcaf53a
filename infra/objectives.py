"""Every number that an alert, an objective, a dashboard or a message states: once, with its unit and its reason."""

from dataclasses import dataclass
from typing import Literal


def spelled(number: float) -> str:
    """A number as queries and messages write it: ``0.05``, ``4``, ``14.4``."""
    return f"{number:.10f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Threshold:
    """When an alert starts, warns and ends. ``recovery`` lies on the quiet side of ``critical``."""

    critical: float
    unit: str
    because: str
    warning: float | None = None
    recovery: float | None = None
    guard: float | None = None
    """Of a share: so many good ones are added to the whole, so that a few calls at night cannot fire."""

    def __str__(self) -> str:
        return f"{spelled(self.critical)} {self.unit}".strip()


@dataclass(frozen=True)
class Objective:
    """A promise over a rolling window, in percent. ``warning`` lies above ``target``."""

    target: float
    warning: float
    window: Literal["7d", "30d", "90d"]
    because: str

    @property
    def budget(self) -> float:
        """The share that may be bad, from 0 to 1."""
        return (100 - self.target) / 100


@dataclass(frozen=True)
class BurnRate:
    """How many times faster than sustainable the error budget goes, over a long and a short window.

    https://docs.datadoghq.com/service_level_objectives/burn_rate: a rate above ``1 / budget`` cannot be reached.
    """

    rate: float
    long_window: str
    short_window: str
    because: str


@dataclass(frozen=True)
class Spent:
    """How much of the window's error budget may be gone, in percent, before somebody is told.

    For targets below about 96 %, whose burn rates have too little room to tell apart.
    https://docs.datadoghq.com/service_level_objectives/error_budget
    """

    percent: float
    warning: float
    because: str


# --- objectives -------------------------------------------------------------------------------------------------------

AVAILABILITY = Objective(
    99.5, 99.7, "30d", because="Gemini promises about 99.9 %; what depends on it can promise only less"
)
FAST_CHATS = Objective(95, 97, "30d", because="one slow 5-minute slice in twenty is what users accepted so far")

FAST_FIRST_TOKENS = Objective(
    95, 97, "30d", because="who sees the first words waits for the rest; one slow 5-minute slice in twenty is accepted"
)
CHEAP_ANSWERS = Objective(
    98, 99, "30d", because="the price per seat is calculated with it: half a day a month above it is the margin's room"
)
GOOD_ANSWERS = Objective(
    95, 97, "30d", because="bad answers are told apart by a sample only: one slice in twenty may be bad by chance"
)
REACHABLE = Objective(
    99.9,
    99.95,
    "30d",
    because="Cloud Run promises 99.95 %; what stands on it can promise only less",
)
NEARLY_SPENT = Spent(
    75, warning=50, because="a quarter is left for the rest of the window: time to plan, none to lose by a risky deploy"
)
FAST_BURN = BurnRate(14.4, "1h", "5m", because="2 % of the month's budget in an hour: somebody must look now")
SLOW_BURN = BurnRate(6, "6h", "30m", because="5 % of the month's budget in six hours: somebody must look today")
ENOUGH_CHATS = Threshold(
    60, "chats an hour", recovery=50, warning=55, because="below one a minute a single failure is a large share"
)

# --- what users meet --------------------------------------------------------------------------------------------------

SLOW_CHAT = Threshold(
    4, "s", warning=3, recovery=3.5, because="people leave a chat that thinks for longer than about four seconds"
)
SLOW_FIRST_TOKEN = Threshold(
    2,
    "s",
    warning=1.5,
    recovery=1.7,
    because="after two seconds without a word people ask again: twice the load",
)
ERROR_RATIO = Threshold(
    0.05,
    "of chats",
    warning=0.02,
    recovery=0.02,
    guard=20,
    because="one failed answer in twenty is noticed by every user within a visit",
)
EMPTY_RATIO = Threshold(
    0.05, "of chats", warning=0.02, recovery=0.02, guard=20, because="an answer without text is a failure with a 200"
)
BLOCKED_RATIO = Threshold(
    0.15,
    "of chats",
    warning=0.08,
    recovery=0.08,
    guard=20,
    because="one in two hundred is usual; more means that a prompt or a filter changed, or that somebody tries things",
)

# --- Gemini -----------------------------------------------------------------------------------------------------------

THROTTLED_CALLS = Threshold(
    10,
    "calls in 5 minutes",
    warning=5,
    recovery=2,
    because="single 429s are retried; this many mean that the quota is used up",
)
RETRY_RATIO = Threshold(
    0.07,
    "retries for each chat",
    warning=0.04,
    recovery=0.04,
    guard=20,
    because="the service repeats a tenth of its calls at most: near that, users begin to see what retries hid",
)
FAILED_CALLS = Threshold(
    0.1,
    "of calls",
    warning=0.05,
    recovery=0.05,
    guard=20,
    because="retries hide one failure in ten from users; beyond that they begin to see it",
)
RUN_ON_ANSWERS = Threshold(
    10,
    "answers in 15 minutes",
    warning=5,
    recovery=4,
    because="an answer as long as the limit allows is a loop in the text: nobody reads it, and it is paid for",
)
RUN_ON_TOKENS = 2000
"""Output tokens of one call: nearly the service's own limit (MAX_OUTPUT_TOKENS, 2048); usual answers have hundreds."""

# --- money ------------------------------------------------------------------------------------------------------------

COST_PER_HOUR = Threshold(
    20, "dollar", warning=10, recovery=10, because="ten times the usual hour; a month at this rate costs 14,400 dollars"
)
COST_PER_ANSWER = Threshold(
    0.005,
    "dollar for each answer",
    warning=0.003,
    recovery=0.003,
    guard=20,
    because="nine times the usual answer; the price per seat does not pay for it",
)
DAILY_SPEND = Threshold(
    150,
    "dollar a day",
    warning=120,
    recovery=100,
    because="the month's budget is 4,500 dollars; a week's notice is what raising it takes",
)
ODD_PROMPTS = Threshold(
    0.8,
    "of the last half hour's points",
    warning=0.5,
    recovery=0.1,
    because="prompts do not grow by themselves: something puts more into them than it did before",
)
LONG_PROMPT = 800
"""Input tokens of a prompt that nobody minds, however odd it is: twice the usual."""
LONGER_ANSWERS = Threshold(
    100,
    "% longer than four hours before",
    warning=60,
    recovery=50,
    because="twice the tokens are twice the price and twice the wait, and no release should do that unseen",
)

CALLER_COST = Threshold(
    5,
    "dollar an hour",
    warning=3,
    recovery=2,
    because="a quarter of what the whole service may cost in an hour: one caller's loop, or a customer to talk to",
)
REFUSED_FOR_BUDGET = Threshold(
    50,
    "chats in an hour",
    warning=20,
    recovery=10,
    because="a caller who is refused so often is in a loop, or has a budget that is too small",
)

# --- answers ----------------------------------------------------------------------------------------------------------

BAD_ANSWERS = Threshold(
    0.15,
    "of the sampled answers",
    warning=0.1,
    recovery=0.08,
    guard=20,
    because="three times what the month's objective allows: a prompt or a model has changed for the worse",
)
INJECTIONS = Threshold(
    10,
    "chats in 15 minutes",
    warning=5,
    recovery=2,
    because="single attempts are curiosity, this many are somebody at work",
)
LEAKS = Threshold(0, "answers", because="one answer with somebody's private data is a report to be written")
UNHAPPY = Threshold(
    0.3,
    "of the ratings",
    warning=0.2,
    recovery=0.15,
    guard=10,
    because="people rate when they are angry; a third of all ratings is more than that",
)
OPEN_BREAKERS = Threshold(
    3,
    "times in 15 minutes",
    warning=1,
    recovery=1,
    because="each of the processes gives a failing model up by itself; several at once mean that the model is gone",
)

# --- the service's own parts ------------------------------------------------------------------------------------------

SILENCE = Threshold(
    1,
    "requests in 15 minutes",
    because="the health check alone asks every minute: nothing at all means that nothing is sent",
)
STATE_FAILURES = Threshold(
    5,
    "failed reads in 15 minutes",
    warning=2,
    recovery=1,
    because="the last known state is used meanwhile, so that a switch of the model would not arrive",
)
DROPPED_TEXTS = Threshold(
    3,
    "texts in 15 minutes",
    warning=1,
    recovery=1,
    because="the redactor failed or a text was too long: it was dropped whole, and what it would have said is lost",
)
FAILED_WRITES = Threshold(
    5,
    "writes in 15 minutes",
    warning=2,
    recovery=1,
    because="an incident, a page or a notebook that somebody asked for was not made",
)
FRONT_ERRORS = Threshold(
    0.05,
    "of requests",
    warning=0.02,
    recovery=0.02,
    guard=20,
    because="these requests never reached the service, which therefore knows nothing of them",
)

# --- delivery and the page --------------------------------------------------------------------------------------------

ONE_STORY = Threshold(0, "stories", because="Watchdog tells a story only when it is sure")
NEW_ISSUE = Threshold(0, "errors", because="an error that nobody has seen before is a bug of today's release")
MANY_ERRORS = Threshold(
    50,
    "errors in an hour",
    warning=20,
    recovery=10,
    because="this often it is a path through the code, no exception",
)
RED_PIPELINES = Threshold(0, "failed pipelines", because="while main is red nothing can be deployed, fixes included")
RED_TESTS = Threshold(0, "failed tests", because="a test that fails on main was green when it was merged")
DEPLOYED = Threshold(0, "deployments", because="what fails within half an hour of a deployment is first its fault")
PAGE_ERRORS = Threshold(
    0.1,
    "errors for each view",
    warning=0.05,
    recovery=0.05,
    guard=40,
    because="one view in ten with a script error is a page that does not work for many",
)
SLOW_VIEWS = Threshold(
    0.25,
    "of views",
    warning=0.15,
    recovery=0.15,
    guard=20,
    because="a quarter of the views above the limit is a p75 above it, which is how the page's speed is graded",
)
SLOW_VIEW_SECONDS = 4
"""Largest contentful paint above which a view is poor; https://web.dev/articles/lcp."""

HEALTH_CHECK_SECONDS = 60
"""How often the synthetic test asks for /health."""
HEALTH_ANSWER_MILLISECONDS = 2000
"""A health answer slower than this is a failed one: the load balancer's own timeout is of this order."""
CHAT_CHECK_SECONDS = 900
"""How often a chat is asked from outside: two paid answers from each place, so not each minute as /health is."""
PAGE_CHECK_SECONDS = 900
"""How often a browser asks on the chat page: a paid answer and a paid browser run from each place."""
OPERATIONS_CHECK_SECONDS = 900
"""How often a key is shown to the operations API: a key changes with a deployment or by hand, not by itself."""
LOG_DAYS = 15
"""How long a log can be searched: an incident is looked at within its sprint, and the archive has the rest."""
LOG_ARCHIVE_DAYS = 365
"""How long the archive holds a log: a year's comparison, and what auditors ask for."""
LOGS_A_DAY = 300_000
"""Lines that the index takes in a day: three times the busiest day so far."""
REPEATED_LINES_DROPPED = 0.9
"""Share of the lines of answers from the cache that are not indexed: one in ten still shows what they look like."""
ORDINARY_SESSIONS_KEPT = 20.0
"""Percent of the browser sessions in which nothing happened that are kept, to compare the others with."""
SESSIONS_RECORDED = 20
"""Percent of the browser sessions that are recorded for replay: enough to see what people mean, and cheap."""
EXPENSIVE_CHAT = Threshold(
    0.02, "dollar", warning=0.005, because="twenty times an ordinary chat: a runaway prompt, or a model that costs more"
)
