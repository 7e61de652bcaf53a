"""Gemini on Vertex AI: one client for each process, answers whole or in pieces, every failure as a :class:`Problem`."""

import json
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from secrets import SystemRandom
from typing import TypeVar

import google.auth
import httpx
from google import genai
from google.auth.exceptions import GoogleAuthError
from google.genai import errors, types
from pydantic import ValidationError

from service.llm.breaker import CircuitBreaker
from service.llm.connections import Connections
from service.llm.conversations import Turn
from service.problems import (
    Blocked,
    Empty,
    Problem,
    ProviderFailed,
    Throttled,
    TimedOut,
    Unavailable,
)
from service.settings import Settings
from service.telemetry import CHAT_RETRIES
from service.telemetry.emission import Emitter

T = TypeVar("T")
Contents = list[types.ContentUnionDict]
"""A conversation as the client takes it."""

FAILURES = (
    errors.APIError,
    errors.UnknownApiResponseError,
    httpx.HTTPError,
    httpx.StreamError,
    GoogleAuthError,
    json.JSONDecodeError,
    ValidationError,
)
"""The exceptions that the client raises when a call fails."""

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
"""The Retry-After of a throttled model: Vertex AI gives none."""
MIN_PAUSE, MAX_PAUSE = 0.05, 0.4
"""Seconds before the one retry of a call; random, so that callers do not come back together."""
RETRIES_PER_REQUEST, MAX_SAVED_RETRIES = 0.1, 2.0
"""Each request earns a tenth of a retry: a process adds at most 10 % to Gemini's load, and what it saved before."""
_random = SystemRandom()


@dataclass
class Call:
    """A chat's use of Gemini. :class:`Gemini` updates it at each step, so it is also correct for a chat that fails."""

    model: str
    deadline: float
    """On :func:`time.monotonic`'s clock."""
    input_tokens: int = 0
    output_tokens: int = 0
    retries: int = 0
    usage_estimated: bool = False
    """True where tokens are counted by characters: Gemini sends its counts at the end, and the answer broke off."""
    finish_reason: str | None = None
    """Gemini's reason for stopping, such as STOP or MAX_TOKENS; None until it has stopped."""

    @property
    def seconds_left(self) -> float:
        """The time until the deadline. Raises :class:`TimedOut` after it."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimedOut("Gemini did not finish before the chat's deadline")
        return left


class Configuration(types.GenerateContentConfig):
    """The configuration of a call, in which ``name in configuration`` is quick, and false as in each model of Pydantic.

    google-genai asks that 36 times a call, and Pydantic answers by listing all fields: half a millisecond.
    """

    def __contains__(self, name: object) -> bool:
        """Return False: iteration yields pairs, so no name is among them."""
        return False


class RetryBudget:
    """The retries that a process may still make. It starts with one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._saved = 1.0

    def earn(self) -> None:
        """Earn a part of a retry for a request."""
        with self._lock:
            self._saved = min(MAX_SAVED_RETRIES, self._saved + RETRIES_PER_REQUEST)

    def take(self) -> bool:
        """Take a retry, and return whether there was one."""
        with self._lock:
            # Ten times 0.1 is not exactly 1.
            if self._saved < 1 - 1e-9:
                return False
            self._saved -= 1
            return True


class Gemini:
    """The client of a process. Safe for threads."""

    def __init__(self, settings: Settings, emitter: Emitter) -> None:
        self._settings = settings
        self._emitter = emitter
        self._retries = RetryBudget()
        self._breaker = CircuitBreaker(settings.breaker_seconds, emitter)
        self._lock = threading.Lock()
        self._client: genai.Client | None = None
        self._connections = Connections()
        self._configuration = Configuration(max_output_tokens=settings.max_output_tokens)

    def end_calls(self) -> None:
        """End all calls now, with a problem for each caller: the process is about to end."""
        self._connections.end()

    def client(self) -> genai.Client:
        """Return the client, created at first use with Google's default credentials. Raises :class:`Problem`.

        There is only one: a client that is garbage-collected closes connections that others still use.
        """
        with self._lock:
            if self._client is None:
                if self._settings.project is None:
                    raise Unavailable("GOOGLE_CLOUD_PROJECT is not set")
                try:
                    # By itself, the client would look for them at its first call only.
                    credentials, _ = google.auth.default(scopes=SCOPES)
                except GoogleAuthError as error:
                    raise Unavailable(f"there are no Google credentials ({type(error).__name__})") from error
                self._client = genai.Client(
                    vertexai=True,
                    project=self._settings.project,
                    location=self._settings.location,
                    credentials=credentials,
                    http_options=types.HttpOptions(client_args={"transport": self._connections}),
                )
            return self._client

    def generate(self, call: Call, message: str, turns: Sequence[Turn] = (), *, stream: bool) -> Generator[str]:
        """Yield the answer to a message after the turns of its conversation: in pieces as a stream, else whole.

        Raises:
            Problem: There is no answer, or (between pieces) no more of it.
        """
        contents = _contents(turns, message)
        if stream:
            yield from self._generate_stream(call, contents, sum(len(text) for _, text in turns) + len(message))
        else:
            yield self._generate_whole(call, contents)

    def _generate_whole(self, call: Call, contents: Contents) -> str:
        def attempt() -> types.GenerateContentResponse:
            with self._connections.limit(call.seconds_left):
                return self.client().models.generate_content(
                    model=call.model, contents=contents, config=self._configuration
                )

        response = self._with_retry(call, attempt)
        self._breaker.record_success(call.model)
        _note_usage(call, response)
        text = _text(response)
        if not text.strip():
            raise Empty(f"{call.model} answered without text ({call.finish_reason})")
        return text

    def _generate_stream(self, call: Call, contents: Contents, characters_read: int) -> Iterator[str]:
        def attempt() -> tuple[Iterator[types.GenerateContentResponse], types.GenerateContentResponse | None]:
            with self._connections.limit(call.seconds_left):
                stream = self.client().models.generate_content_stream(
                    model=call.model, contents=contents, config=self._configuration
                )
                iterator = iter(stream)
                return iterator, next(iterator, None)

        stream, response = self._with_retry(call, attempt)
        has_text, characters_written = False, 0
        try:
            while response is not None:
                _note_usage(call, response)
                text = _text(response)
                has_text, characters_written = has_text or bool(text.strip()), characters_written + len(text)
                if text:
                    yield text
                _ = call.seconds_left
                response = next(stream, None)
        except (*FAILURES, TimedOut) as error:
            problem = self._problem(call, error)
            raise problem from error
        except Blocked:
            self._breaker.record_success(call.model)
            raise
        except BaseException:  # most often GeneratorExit: the caller has left
            self._breaker.record_abandoned(call.model)
            raise
        finally:
            if call.finish_reason is None and characters_written and not call.output_tokens:
                # Gemini sends its counts with the last piece, which did not arrive. Google bills the text anyway.
                _estimate_usage(call, characters_read, characters_written)
            # Ends the connection and the tracer's span when the caller has left.
            stream.close()  # type: ignore[attr-defined]  # an iterator by its type, a generator in fact
        if call.finish_reason is None:
            raise self._problem(call, ProviderFailed(f"{call.model}'s answer ended before its end"))
        self._breaker.record_success(call.model)
        if not has_text:
            raise Empty(f"{call.model} answered without text ({call.finish_reason})")

    def _with_retry(self, call: Call, attempt: Callable[[], T]) -> T:
        self._retries.earn()
        self._breaker.admit(call.model)
        while True:
            try:
                return attempt()
            except (*FAILURES, Problem) as error:
                problem = self._problem(call, error)
                pause = _random.uniform(MIN_PAUSE, MAX_PAUSE)
                may_repeat = problem.repeatable and not call.retries and pause < call.deadline - time.monotonic()
                if not (may_repeat and self._retries.take()):
                    raise problem from error
            except BaseException:
                self._breaker.record_abandoned(call.model)
                raise
            time.sleep(pause)
            self._breaker.admit(call.model)
            call.retries += 1
            self._emitter.emit(CHAT_RETRIES, 1, model=call.model, reason=problem.outcome)

    def _problem(self, call: Call, error: Exception) -> Problem:
        """Return the problem for a call's error, and report it to the breaker unless the process ended the call."""
        if self._connections.ended:
            self._breaker.record_abandoned(call.model)
            return Unavailable("this instance is ending: try again", retry_after=1)
        problem = as_problem(error)
        self._report_failure(call, error, problem)
        return problem

    def _report_failure(self, call: Call, error: Exception, problem: Problem) -> None:
        """Report a failed call to the breaker, except one for which the request is to blame (400)."""
        if isinstance(error, errors.ClientError) and error.code not in (408, 429, 499):
            self._breaker.record_success(call.model)
        else:
            self._breaker.record_failure(call.model, problem)


def as_problem(error: Exception) -> Problem:
    """Return the problem for an error of the client. It does not quote the error's text."""
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
            return ProviderFailed("Google's credentials could not be refreshed", status=503, repeatable=True)
        case _:
            return ProviderFailed(f"Gemini's answer could not be read ({type(error).__name__})")


def _estimate_usage(call: Call, characters_read: int, characters_written: int) -> None:
    """Count tokens by characters, rounded up."""
    call.input_tokens = -(-characters_read // CHARACTERS_PER_TOKEN)
    call.output_tokens = -(-characters_written // CHARACTERS_PER_TOKEN)
    call.usage_estimated = True


def _contents(turns: Sequence[Turn], message: str) -> Contents:
    return [{"role": role, "parts": [{"text": text}]} for role, text in (*turns, ("user", message))]


def _note_usage(call: Call, response: types.GenerateContentResponse) -> None:
    usage = response.usage_metadata
    if usage:
        call.input_tokens = (usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0)
        call.output_tokens = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
    candidate = response.candidates[0] if response.candidates else None
    if candidate and candidate.finish_reason:
        call.finish_reason = candidate.finish_reason.value


def _text(response: types.GenerateContentResponse) -> str:
    """Return the text, without thoughts. Raises :class:`Blocked`."""
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
