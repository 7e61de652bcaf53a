"""Reading the shared state never fails a chat."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from google.api_core.exceptions import NotFound, ServiceUnavailable

from service.problems import Unavailable
from service.runtime.state import Malformed, State, StateStore, parse
from service.telemetry.emission import Emitter
from tests.unit.service.fakes import RecordedMetrics

DEFAULT = State("gemini-3.8-flash")
MISSING: Exception = NotFound("no")  # type: ignore[no-untyped-call]  # the package leaves it untyped
DOWN: Exception = ServiceUnavailable("no")  # type: ignore[no-untyped-call]  # as above


@dataclass
class Bucket:
    """A bucket whose one object is what a test says: bytes, or the error of reading it."""

    content: bytes | Exception
    reads: int = 0
    names: list[str] = field(default_factory=list)

    def blob(self, name: str) -> "Bucket":
        """Return the object."""
        self.names.append(name)
        return self

    def download_as_bytes(self, **_: Any) -> bytes:
        """Its content."""
        self.reads += 1
        if isinstance(self.content, Exception):
            raise self.content
        return self.content

    def get_blob(self, name: str, **_: Any) -> "Bucket":
        """Return the object, when there is one."""
        if isinstance(self.content, Exception):
            raise self.content
        return self.blob(name)


def store(content: bytes | Exception) -> tuple[StateStore, Bucket, RecordedMetrics, Callable[[], None]]:
    """Return a store on such a bucket, and what lets its cache grow old."""
    bucket, sent = Bucket(content), RecordedMetrics()
    state_store = StateStore(lambda: bucket, DEFAULT, Emitter(sent))

    def age() -> None:
        state_store._read_at = float("-inf")

    return state_store, bucket, sent, age


def test_a_missing_object_means_the_defaults() -> None:
    state_store, _, sent, _ = store(MISSING)
    assert state_store.current() == DEFAULT
    assert state_store.problem is None
    assert not sent.values


def test_it_is_read_once_in_a_second() -> None:
    state_store, bucket, _, age = store(b'{"model": "gemini-3.5-flash"}')
    assert [state_store.current().model for _ in range(5)] == ["gemini-3.5-flash"] * 5
    assert bucket.reads == 1
    age()
    state_store.current()
    assert bucket.reads == 2


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (DOWN, "unavailable"),
        (OSError("no"), "unavailable"),
        (b"{", "malformed"),
        (b"[]", "malformed"),
    ],
)
def test_the_last_known_state_serves_and_each_failure_is_counted(broken: bytes | Exception, reason: str) -> None:
    state_store, bucket, sent, age = store(b'{"model": "gemini-3.5-flash", "cache": true}')
    known = state_store.current()
    bucket.content = broken
    for _ in range(2):
        age()
        assert state_store.current() == known == State("gemini-3.5-flash", cache=True)
    assert state_store.problem is not None
    assert sent.values == [("llm.state.read_failures", 1, [f"reason:{reason}"])] * 2
    bucket.content = b"{}"
    age()
    assert state_store.current() == DEFAULT
    assert state_store.problem is None


def test_a_write_that_fails_says_so() -> None:
    state_store, *_ = store(DOWN)
    with pytest.raises(Unavailable, match="cannot be written"):
        state_store.change(model="gemini-3.5-flash")


def test_without_a_bucket_the_defaults_serve_and_nothing_can_be_changed() -> None:
    state_store = StateStore(None, DEFAULT, Emitter(RecordedMetrics()))
    assert state_store.current() == DEFAULT
    with pytest.raises(Unavailable, match="STATE_BUCKET"):
        state_store.change(cache=True)


@pytest.mark.parametrize("content", [b"", b"null", b'{"model": "gpt"}', b'{"model": []}', b'{"cache": "yes"}'])
def test_what_is_not_a_state_is_malformed(content: bytes) -> None:
    with pytest.raises(Malformed):
        parse(content, DEFAULT)
