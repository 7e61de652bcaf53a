"""Idempotency keys: one run for a key and request, replays, conflicts, and claims of processes that died."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from service.datadog import idempotency
from service.datadog.idempotency import CLAIM_SECONDS, Answer, Conflict, Reused, once
from service.problems import CallerError, Unavailable
from tests.unit.service.datadog.test_on_call import PRIMARY, declare
from tests.unit.service.fakes import Clock, FakeDatadog, MemoryObjects


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock of the claims."""
    clock = Clock()
    monkeypatch.setattr(idempotency, "time", clock)
    return clock


@pytest.fixture
def objects() -> MemoryObjects:
    """Return an empty store."""
    return MemoryObjects()


class Runs:
    """A request's work: it keeps its seeds, and raises the prepared failures."""

    def __init__(self, *failures: BaseException) -> None:
        self.seeds: list[str] = []
        self._failures = list(failures)

    def __call__(self, seed: str) -> Answer:
        """Do the work."""
        self.seeds.append(seed)
        if self._failures:
            raise self._failures.pop(0)
        return {"number": len(self.seeds)}, 201


def test_the_second_request_is_a_replay_of_the_first(objects: MemoryObjects, clock: Clock) -> None:
    run = Runs()
    assert once(objects, "key", "request", run) == (({"number": 1}, 201), False)
    assert once(objects, "key", "request", run) == (({"number": 1}, 201), True)
    assert once(objects, "other", "request", run) == (({"number": 2}, 201), False)


def test_a_key_is_kept_for_a_day(objects: MemoryObjects, clock: Clock) -> None:
    run = Runs()
    once(objects, "key", "request", run)
    clock.now += idempotency.KEPT_SECONDS
    assert once(objects, "key", "another request", run)[1] is False
    assert len(set(run.seeds)) == 2


def test_a_key_with_another_request_is_refused(objects: MemoryObjects, clock: Clock) -> None:
    once(objects, "key", "request", Runs())
    with pytest.raises(Reused):
        once(objects, "key", "another request", Runs())


def test_a_request_that_runs_is_not_run_twice(objects: MemoryObjects, clock: Clock) -> None:
    def run(_: str) -> Answer:
        with pytest.raises(Conflict) as caught:
            once(objects, "key", "request", Runs())
        assert caught.value.retry_after == 1
        return {}, 200

    assert once(objects, "key", "request", run) == (({}, 200), False)


def test_a_failed_request_may_be_repeated_with_the_same_seed(objects: MemoryObjects, clock: Clock) -> None:
    run = Runs(Unavailable("down"))
    with pytest.raises(Unavailable):
        once(objects, "key", "request", run)
    assert once(objects, "key", "request", run)[1] is False
    assert len(run.seeds) == 2 and len(set(run.seeds)) == 1


def test_the_claim_of_a_dead_process_is_taken_over_with_its_seed(objects: MemoryObjects, clock: Clock) -> None:
    run = Runs(SystemExit())
    with pytest.raises(SystemExit):
        once(objects, "key", "request", run)
    with pytest.raises(Conflict):
        once(objects, "key", "request", run)
    clock.now += CLAIM_SECONDS
    assert once(objects, "key", "request", run) == (({"number": 2}, 201), False)
    assert len(set(run.seeds)) == 1


def test_what_was_done_is_answered_although_it_cannot_be_stored(objects: MemoryObjects, clock: Clock) -> None:
    def run(_: str) -> Answer:
        objects.down = True
        return {"done": True}, 201

    assert once(objects, "key", "request", run) == (({"done": True}, 201), False)


@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb"])
def test_a_wrong_key_is_refused(objects: MemoryObjects, key: str) -> None:
    with pytest.raises(CallerError, match="1 to 200 printable"):
        once(objects, key, "request", Runs())


def post(operator: FlaskClient, **body: Any) -> Any:
    """Page for an error with a key."""
    return operator.post("/datadog/oncall/critical-error", json=body, headers={"Idempotency-Key": "a key"})


@pytest.fixture
def team(datadog: FakeDatadog) -> None:
    """Declare a team to page."""
    declare(datadog, llm=PRIMARY)
    datadog.prepare("POST", "/api/v2/on-call/pages", {"data": {"id": "p-1"}}, 201)


def test_over_http_a_replay_says_so_and_sends_nothing(operator: FlaskClient, datadog: FakeDatadog, team: None) -> None:
    first, again = post(operator, error_message="x"), post(operator, error_message="x")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(datadog.sent("POST", "/api/v2/on-call/pages")) == 1
    assert post(operator, error_message="y").status_code == 422


def test_a_read_takes_no_key(reader: FlaskClient) -> None:
    assert reader.get("/datadog/products", headers={"Idempotency-Key": "\x7f"}).status_code == 200
