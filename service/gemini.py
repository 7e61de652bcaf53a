"""Gemini on Vertex AI: one client a process, answers whole or in pieces, every way to fail as a :class:`Problem`."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from secrets import SystemRandom
from typing import TypeVar

import google.auth
import httpx
from google import genai
from google.auth.exceptions import GoogleAuthError
from google.genai import errors, types
from pydantic import ValidationError

from service.breaker import Breaker
from service.conversations import Turn
from service.emission import Emitter
from service.problems import Blocked, Empty, Problem, ProviderFailed, Throttled, TimedOut, Unavailable
from service.settings import Settings
from service.telemetry import CHAT_RETRIES

T = TypeVar("T")

FAILURES = (
    errors.APIError,
    errors.UnknownApiResponseError,
    httpx.HTTPError,
    httpx.StreamError,
    GoogleAuthError,
    json.JSONDecodeError,
    ValidationError,
)
"""All that the client raises when a call fails."""

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
REFUSALS = {
    types.FinishReason.SAFETY,
    types.FinishReason.BLOCKLIST,
    types.FinishReason.PROHIBITED_CONTENT,
    types.FinishReason.SPII,
    types.FinishReason.RECITATION,
}
CHARACTERS_PER_TOKEN = 4
"""Google's rule of thumb: https://ai.google.dev/gemini-api/docs/tokens."""
THROTTLED_RETRY_SECONDS = 5
"""What callers of a throttled model are told to wait: Vertex AI gives no time itself."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 0.4
"""Seconds before the one retry of a call; random, so that callers do not come back together."""
RETRY_DEPOSIT, RETRY_SAVINGS = 0.1, 2.0
"""A request pays in a tenth of a retry: a process adds at most 10 % to Gemini's load, and what it saved before."""
_random = SystemRandom()


@dataclass
class Call:
    """One chat's use of Gemini: filled in as it happens, right also when it fails."""

    model: str
    deadline: float
    """On :func:`time.monotonic`'s clock."""
    input_tokens: int = 0
    output_tokens: int = 0
    retries: int = 0
    estimated: bool = False
    """Whether the tokens are counted by characters, since the answer broke off before Gemini told them."""
    finish: str | None = None
    """Why Gemini stopped, in its words."""

    @property
    def seconds_left(self) -> float:
        """Time until the deadline. Raises :class:`TimedOut` when there is none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimedOut("Gemini did not finish before the chat's deadline")
        return left


class RetryBudget:
    """How many retries a process may still make; starts with one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._saved = 1.0

    def deposit(self) -> None:
        """Pay in for a request."""
        with self._lock:
            self._saved = min(RETRY_SAVINGS, self._saved + RETRY_DEPOSIT)

    def withdraw(self) -> bool:
        """Whether there is a retry, which is then taken."""
        with self._lock:
            # Ten deposits of 0.1 do not sum up to exactly 1.
            if self._saved < 1 - 1e-9:
                return False
            self._saved -= 1
            return True


class Gemini:
    """The client of a process. Safe for threads."""

    def __init__(self, settings: Settings, emitter: Emitter) -> None:
        self._settings = settings
        self._emitter = emitter
        self._budget = RetryBudget()
        self._breaker = Breaker(settings.breaker_seconds, emitter)
        self._lock = threading.Lock()
        self._client: genai.Client | None = None

    def client(self) -> genai.Client:
        """The one client, made at first use with Google's default credentials. Raises :class:`Problem`.

        One only: a client that is garbage-collected closes its connections under those who still use them.
        """
        with self._lock:
            if self._client is None:
                if self._settings.project is None:
                    raise Unavailable("GOOGLE_CLOUD_PROJECT is not set")
                try:
                    # Left to itself, the client would look for them at its first call only.
                    credentials, _ = google.auth.default(scopes=SCOPES)
                except GoogleAuthError as error:
                    raise Unavailable(f"there are no Google credentials ({type(error).__name__})") from error
                self._client = genai.Client(
                    vertexai=True,
                    project=self._settings.project,
                    location=self._settings.location,
                    credentials=credentials,
                )
            return self._client

    def answer(self, call: Call, message: str, turns: Sequence[Turn] = ()) -> str:
        """The whole answer. Raises :class:`Problem`."""

        def attempt() -> types.GenerateContentResponse:
            return self.client().models.generate_content(
                model=call.model, contents=_contents(turns, message), config=self._configuration(call)
            )

        response = self._with_retry(call, attempt)
        self._breaker.succeeded(call.model)
        _count(call, response)
        text = _text(response)
        if not text.strip():
            raise Empty(f"{call.model} answered without text ({call.finish})")
        return text

    def pieces(self, call: Call, message: str, turns: Sequence[Turn] = ()) -> Iterator[str]:
        """The answer as it is written. Raises :class:`Problem`, also between pieces."""

        def attempt() -> tuple[Iterator[types.GenerateContentResponse], types.GenerateContentResponse | None]:
            stream = self.client().models.generate_content_stream(
                model=call.model, contents=_contents(turns, message), config=self._configuration(call)
            )
            iterator = iter(stream)
            return iterator, next(iterator, None)

        stream, response = self._with_retry(call, attempt)
        said, written = False, 0
        try:
            while response is not None:
                _count(call, response)
                text = _text(response)
                said, written = said or bool(text.strip()), written + len(text)
                if text:
                    yield text
                _ = call.seconds_left
                response = next(stream, None)
        except (*FAILURES, TimedOut) as error:
            failed = problem(error)
            self._ended(call, error, failed)
            raise failed from error
        except Blocked:
            self._breaker.succeeded(call.model)
            raise
        except BaseException:  # most often GeneratorExit: the caller has left
            self._breaker.abandoned(call.model)
            raise
        finally:
            if call.finish is None and written and not call.output_tokens:
                # The counts come with the last piece, which never came; Google bills what was written all the same.
                _estimate(call, sum(len(text) for _, text in turns) + len(message), written)
            # Ends the connection and the tracer's span when the caller has left.
            stream.close()  # type: ignore[attr-defined]  # an iterator by its type, a generator in fact
        if call.finish is None:
            cut = ProviderFailed(f"{call.model}'s answer ended before its end")
            self._breaker.failed(call.model, cut)
            raise cut
        self._breaker.succeeded(call.model)
        if not said:
            raise Empty(f"{call.model} answered without text ({call.finish})")

    def _configuration(self, call: Call) -> types.GenerateContentConfig:
        return types.GenerateContentConfig(
            max_output_tokens=self._settings.most_output_tokens,
            http_options=types.HttpOptions(timeout=max(1, int(call.seconds_left * 1000))),
        )

    def _with_retry(self, call: Call, attempt: Callable[[], T]) -> T:
        self._budget.deposit()
        self._breaker.admit(call.model)
        while True:
            try:
                return attempt()
            except (*FAILURES, Problem) as error:
                failed = problem(error)
                self._ended(call, error, failed)
                pause = _random.uniform(SHORTEST_PAUSE, LONGEST_PAUSE)
                again = failed.repeatable and not call.retries and pause < call.deadline - time.monotonic()
                if not (again and self._budget.withdraw()):
                    raise failed from error
            except BaseException:
                self._breaker.abandoned(call.model)
                raise
            time.sleep(pause)
            self._breaker.admit(call.model)
            call.retries += 1
            self._emitter.emit(CHAT_RETRIES, 1, model=call.model, reason=failed.outcome)

    def _ended(self, call: Call, error: Exception, failed: Problem) -> None:
        """Tell the breaker of a failure. One caller's odd request, refused with 400, says nothing about the model."""
        if isinstance(error, errors.ClientError) and error.code not in (408, 429, 499):
            self._breaker.succeeded(call.model)
        else:
            self._breaker.failed(call.model, failed)


def problem(error: Exception) -> Problem:
    """What an error of the client means for the service's caller. Quotes nothing of the error's own text."""
    match error:
        case Problem():
            return error
        case errors.APIError(code=429):
            return Throttled("Gemini's quota for this model is used up", retry_after=THROTTLED_RETRY_SECONDS)
        case errors.APIError(code=408 | 499 | 504):
            return TimedOut(f"Gemini answered {error.code}")
        case errors.APIError(code=503):
            return ProviderFailed(
                "Gemini is not available (503)", status=503, retry_after=THROTTLED_RETRY_SECONDS, repeatable=True
            )
        case errors.APIError(code=code):
            return ProviderFailed(f"Gemini answered {code}", repeatable=isinstance(code, int) and code >= 500)
        case httpx.TimeoutException():
            return TimedOut("Gemini did not answer in time")
        case httpx.HTTPError() | httpx.StreamError():
            return ProviderFailed(f"the connection to Gemini failed ({type(error).__name__})", repeatable=True)
        case GoogleAuthError():
            return ProviderFailed("Google's credentials could not be had", status=503, repeatable=True)
        case _:
            return ProviderFailed(f"Gemini's answer could not be read ({type(error).__name__})")


def _estimate(call: Call, read: int, written: int) -> None:
    """Count tokens by characters."""
    call.input_tokens, call.output_tokens = -(-read // CHARACTERS_PER_TOKEN), -(-written // CHARACTERS_PER_TOKEN)
    call.estimated = True


def _contents(turns: Sequence[Turn], message: str) -> list[types.ContentUnionDict]:
    """The conversation as the client takes it."""
    return [types.Content(role=role, parts=[types.Part(text=text)]) for role, text in (*turns, ("user", message))]


def _count(call: Call, response: types.GenerateContentResponse) -> None:
    usage = response.usage_metadata
    if usage:
        call.input_tokens = (usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0)
        call.output_tokens = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
    candidate = response.candidates[0] if response.candidates else None
    if candidate and candidate.finish_reason:
        call.finish = candidate.finish_reason.value


def _text(response: types.GenerateContentResponse) -> str:
    """The text, without thoughts. Raises :class:`Blocked`."""
    feedback = response.prompt_feedback
    if feedback and feedback.block_reason:
        raise Blocked(f"Gemini refused the prompt ({feedback.block_reason.value})")
    candidate = response.candidates[0] if response.candidates else None
    if candidate is None:
        return ""
    if candidate.finish_reason in REFUSALS:
        raise Blocked(f"Gemini broke off its answer ({candidate.finish_reason.value})")
    parts = (candidate.content.parts if candidate.content else None) or []
    return "".join(part.text for part in parts if part.text and not part.thought)
