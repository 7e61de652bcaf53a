"""The failures that the page offers, and the control of the imitated Gemini that carries most of them out.

Gemini fails only where ``GOOGLE_VERTEX_BASE_URL`` names an imitation with ``/-/gemini/failures``, as in the sandbox.
The other failures are behaviour of callers, which the page itself sends.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

import urllib3

from service.problems import CallerError, Unavailable
from service.settings import Settings

CONTROL = "/-/gemini/failures"
TIMEOUT = urllib3.Timeout(1.0, 5.0)
Callers = Literal["usual", "attack", "complain"]


@dataclass(frozen=True)
class Gemini:
    """The way in which Gemini fails; ``model`` is ``primary`` or ``*``, all models."""

    mode: str
    model: Literal["primary", "*"] = "primary"
    seconds: float | None = None


@dataclass(frozen=True)
class Failure:
    """A failure: ``scenario`` is the drill that proves its ``alerts``, of which the first is drawn."""

    key: str
    label: str
    description: str
    scenario: str
    alerts: tuple[str, ...]
    gemini: Gemini | None = None
    callers: Callers = "usual"


FAILURES = (
    Failure(
        "throttled", "Throttled", "Gemini refuses every call of the primary model with status 429.", "throttle_storm",
        ("requests-fail", "gemini-throttled", "breaker-opens", "throttling-reaches-users", "availability-fast-burn"),
        Gemini("throttled"),
    ),
    Failure(
        "slow", "Slow", "Gemini answers the primary model's calls after 8 seconds.", "slow_answers",
        ("chat-slow", "first-token-slow"), Gemini("slow", seconds=8),
    ),
    Failure(
        "errors", "Errors", "Gemini gives empty answers, which users get as errors.", "gemini_says_nothing",
        ("requests-fail", "answers-empty", "availability-fast-burn"), Gemini("empty"),
    ),
    Failure(
        "cost", "Cost burst", "Gemini repeats itself up to the token limit, and each token is paid for.",
        "gemini_never_stops", ("answers-cost-more", "answers-run-on", "answers-lengthen", "cost-runs-away"),
        Gemini("endless"),
    ),
    Failure(
        "quality", "Quality drop", "Callers rate every answer down.", "callers_complain", ("users-unhappy",),
        callers="complain",
    ),
    Failure(
        "injection", "Injection", "Every second chat tries to override the system prompt.",
        "callers_attack_the_prompt", ("prompt-injections",), callers="attack",
    ),
    Failure(
        "blocked", "Blocked", "Gemini's safety filters block every answer.", "gemini_blocks_everything",
        ("answers-blocked",), Gemini("blocked"),
    ),
    Failure(
        "outage", "Outage", "Gemini answers 503 to every call of every model.", "gemini_is_down",
        ("requests-fail", "gemini-calls-fail", "breaker-opens", "availability-fast-burn"), Gemini("down", model="*"),
    ),
)  # fmt: skip


class GeminiControl:
    """The control of the imitated Gemini."""

    def __init__(self, settings: Settings) -> None:
        self._url, self._primary = settings.gemini_url, settings.model_primary
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=False)

    @property
    def available(self) -> bool:
        """True where Gemini is an imitation."""
        return self._url is not None

    def begin(self, failure: Gemini) -> None:
        """Make Gemini fail."""
        body: dict[str, Any] = {"mode": failure.mode, "model": self._primary if failure.model == "primary" else "*"}
        self._send("POST", body | ({"seconds": failure.seconds} if failure.seconds is not None else {}))

    def end(self) -> None:
        """End all failures."""
        if self.available:
            self._send("DELETE")

    def active(self) -> str | None:
        """Return the key of the failure that lasts now; None where none of the list does."""
        if not self.available:
            return None
        modes = {failure["mode"] for failure in self._send("GET")["failures"]}
        return next((failure.key for failure in FAILURES if failure.gemini and failure.gemini.mode in modes), None)

    def _send(self, method: str, body: dict[str, Any] | None = None) -> Any:
        if self._url is None:
            raise CallerError(
                "this Gemini is Google's own and cannot be made to fail: choose a failure of callers or the sandbox"
            )
        try:
            response = self._http.request(method, f"{self._url.rstrip('/')}{CONTROL}", json=body)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(
                f"the control of Gemini's failures cannot be reached ({type(error).__name__})", retry_after=5
            ) from error
        if response.status >= 300:
            raise Unavailable(f"the control of Gemini's failures answered {response.status}: is it the sandbox's?")
        return json.loads(response.data)
