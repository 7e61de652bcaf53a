"""The outbox on a store in memory and with a fake clock: order, leases, retries, and every way to fail."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import Mock

import pytest

from service.datadog import outbox as module
from service.datadog.client import Datadog, DatadogRefused, Unreachable
from service.datadog.outbox import DONE, KEPT_SECONDS, LEASE_SECONDS, PENDING, POLL_SECONDS, Outbox, WriteKind
from service.problems import CallerError, Problem, Unavailable
from service.runtime.objects import Objects
from service.settings import read_environment
from service.telemetry.redactor import Redactor
from tests.unit.service.fakes import Clock, MemoryObjects

Json = dict[str, Any]
DOWN = Unreachable("Datadog answered 503", unknown=False)
LOST = Unreachable("Datadog's response broke off")


@dataclass
class Api:
    """Datadog as a kind of write sees it: the writes that arrived, and the failures of the next calls."""

    writes: dict[str, Json] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    loses_response: bool = False
    """True when the next write arrives and its response is lost."""

    def send(self, _: Outbox, identifier: str, body: Json) -> Json:
        """Receive a write."""
        self.calls.append(f"send {body['name']}")
        if self.failures:
            raise self.failures.pop(0)
        self.writes[identifier] = body
        if self.loses_response:
            self.loses_response = False
            raise LOST
        return {"number": len(self.writes)}

    def find(self, _: Outbox, identifier: str, body: Json) -> Json | None:
        """Search for a write."""
        self.calls.append(f"find {body['name']}")
        return {"number": "found"} if identifier in self.writes else None


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the outbox's clock."""
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def objects() -> MemoryObjects:
    """Return an empty store."""
    return MemoryObjects()


@pytest.fixture
def api() -> Api:
    """Return an API that works."""
    return Api()


@pytest.fixture
def process(objects: MemoryObjects, api: Api, clock: Clock) -> Callable[[], Outbox]:
    """Return a function that makes the outbox of another process on the same store."""
    settings = read_environment({"DD_API_KEY": "a", "DD_APP_KEY": "b"})
    kinds = {"page": WriteKind(api.send, api.find), "update": WriteKind(api.send, None)}
    return lambda: Outbox(objects, Datadog(settings, Redactor()), kinds)


@pytest.fixture
def outbox(process: Callable[[], Outbox]) -> Outbox:
    """Return the outbox of a process."""
    return process()


def test_a_write_that_arrives_is_sent_and_its_status_can_be_read(outbox: Outbox, objects: MemoryObjects) -> None:
    write = outbox.write("page", {"name": "a"})
    assert write == {"id": write["id"], "status": "sent", "number": 1}
    assert outbox.status(write["id"]) == write
    assert list(objects.stored) == [f"{DONE}{write['id']}.json"]
    assert outbox.status("unknown") is None


def test_a_write_is_stored_before_it_is_sent(outbox: Outbox, objects: MemoryObjects, api: Api) -> None:
    objects.down = True
    with pytest.raises(Unavailable, match="store"):
        outbox.write("page", {"name": "a"})
    assert api.calls == []


def test_without_a_store_a_write_is_sent_at_once_or_fails(process: Callable[[], Outbox], api: Api) -> None:
    outbox = process()
    outbox._objects = Objects(None)
    assert outbox.write("page", {"name": "a"})["status"] == "sent"
    api.failures.append(DOWN)
    with pytest.raises(Unreachable):
        outbox.write("page", {"name": "b"})


def test_without_keys_nothing_is_accepted(objects: MemoryObjects) -> None:
    outbox = Outbox(objects, Datadog(read_environment({}), Redactor()), {})
    with pytest.raises(Unavailable, match="DD_API_KEY and DD_APP_KEY not set"):
        outbox.write("page", {"name": "a"})
    assert objects.stored == {}


def test_a_write_that_fails_for_now_is_accepted_and_sent_when_it_is_due(
    outbox: Outbox, api: Api, clock: Clock, objects: MemoryObjects
) -> None:
    api.failures.append(DOWN)
    write = outbox.write("page", {"name": "a"})
    assert write == {"id": write["id"], "status": "accepted", "retry_after": 5}
    assert outbox.status(write["id"]) == {"id": write["id"], "status": "accepted"}
    assert outbox.sweep() == module.SweepResult(sent=0, waiting=1, pause=5.0)
    clock.now += 5
    assert outbox.sweep() == module.SweepResult(sent=1, waiting=0, pause=POLL_SECONDS)
    assert outbox.status(write["id"]) == {"id": write["id"], "status": "sent", "number": 1}
    assert objects.names(PENDING) == []
    assert api.calls == ["send a", "find a", "send a"]


def test_a_write_whose_response_was_lost_is_found_and_not_sent_twice(outbox: Outbox, api: Api, clock: Clock) -> None:
    api.loses_response = True
    write = outbox.write("page", {"name": "a"})
    assert write["status"] == "accepted"
    clock.now += module.SETTLE_SECONDS - 1  # Datadog's lists lag behind
    assert outbox.sweep().sent == 0
    clock.now += 1
    assert outbox.sweep().sent == 1
    assert outbox.status(write["id"]) == {"id": write["id"], "status": "sent", "number": "found"}
    assert (len(api.writes), api.calls) == (1, ["send a", "find a"])


def test_a_kind_that_cannot_be_searched_is_sent_again(outbox: Outbox, api: Api, clock: Clock) -> None:
    api.loses_response = True
    outbox.write("update", {"name": "a"})
    clock.now += module.SETTLE_SECONDS
    assert outbox.sweep().sent == 1
    assert api.calls == ["send a", "send a"]


def test_an_answer_that_is_not_understood_is_like_a_lost_one(outbox: Outbox, api: Api, clock: Clock) -> None:
    api.failures.append(KeyError("data"))
    assert outbox.write("page", {"name": "a"})["status"] == "accepted"
    clock.now += module.SETTLE_SECONDS
    assert outbox.sweep().sent == 1


def test_what_datadog_refuses_is_the_callers_error_and_its_status(
    outbox: Outbox, api: Api, objects: MemoryObjects
) -> None:
    api.failures.append(CallerError("Datadog refused page (400)"))
    with pytest.raises(CallerError):
        outbox.write("page", {"name": "a"})
    [(name, (outcome, _))] = objects.stored.items()
    assert name == f"{DONE}{outcome['id']}.json"
    assert outbox.status(outcome["id"]) == {
        "id": outcome["id"], "status": "refused", "detail": "Datadog refused page (400)",
    }  # fmt: skip


def test_wrong_keys_refuse_a_new_write_and_keep_an_accepted_one(outbox: Outbox, api: Api, clock: Clock) -> None:
    api.failures += [DatadogRefused("keys"), DOWN, DatadogRefused("keys")]
    with pytest.raises(DatadogRefused):
        outbox.write("page", {"name": "a"})
    write = outbox.write("page", {"name": "b"})
    clock.now += 5
    assert outbox.sweep().waiting == 1
    clock.now += 60
    assert outbox.sweep().sent == 1
    assert outbox.status(write["id"]) is not None


def test_writes_of_an_order_are_sent_one_after_the_other(outbox: Outbox, api: Api, clock: Clock) -> None:
    api.failures += [DOWN]
    first = outbox.write("page", {"name": "a"}, order="x")
    second = outbox.write("page", {"name": "b"}, order="x")
    assert (first["status"], second) == ("accepted", {"id": second["id"], "status": "accepted"})
    other = outbox.write("page", {"name": "c"}, order="y")
    assert other["status"] == "sent"
    clock.now += 5
    assert outbox.sweep().sent == 2
    assert api.calls == ["send a", "send c", "find a", "send a", "send b"]


def test_an_order_holds_where_a_clock_is_late(process: Callable[[], Outbox], api: Api, clock: Clock) -> None:
    api.failures += [DOWN]
    process().write("page", {"name": "a"}, order="x")
    clock.now -= 1000
    process().write("page", {"name": "b"}, order="x")
    clock.now += 2000
    process().sweep()
    assert [body["name"] for body in api.writes.values()] == ["a", "b"]


def test_one_failing_kind_does_not_hold_up_others(outbox: Outbox, api: Api, clock: Clock) -> None:
    api.failures += [DOWN] * 4
    for kind, name in (("page", "a"), ("page", "b"), ("update", "c")):
        outbox.write(kind, {"name": name})
    clock.now += 5
    result = outbox.sweep()
    assert (result.sent, result.waiting) == (1, 2)
    assert [body["name"] for body in api.writes.values()] == ["c"]


def test_a_dead_processs_entry_is_sent_when_its_lease_has_ended(
    process: Callable[[], Outbox], api: Api, clock: Clock
) -> None:
    api.failures += [SystemExit()]  # type: ignore[list-item]  # what ends a process passes through every handler
    with pytest.raises(SystemExit):
        process().write("page", {"name": "a"})
    survivor = process()
    clock.now += LEASE_SECONDS - 1
    assert survivor.sweep() == module.SweepResult(sent=0, waiting=1, pause=1.0)
    clock.now += 1
    assert survivor.sweep().sent == 1


def test_an_entry_whose_outcome_is_stored_is_only_deleted(
    process: Callable[[], Outbox], objects: MemoryObjects, api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying = process()
    monkeypatch.setattr(objects, "delete", Mock(side_effect=SystemExit))
    with pytest.raises(SystemExit):
        dying.write("page", {"name": "a"})
    monkeypatch.undo()
    monkeypatch.setattr(module, "time", clock)
    clock.now += LEASE_SECONDS
    assert process().sweep() == module.SweepResult(sent=0, waiting=0, pause=POLL_SECONDS)
    assert (objects.names(PENDING), api.calls) == ([], ["send a"])


def test_two_processes_do_not_send_the_same_entry(
    process: Callable[[], Outbox], objects: MemoryObjects, api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.failures += [DOWN]
    process().write("page", {"name": "a"})
    clock.now += 5
    get, other = objects.get, process()

    def get_late(name: str) -> Any:
        stored = get(name)
        monkeypatch.setattr(objects, "get", get)
        other.sweep()  # between this process's read and its claim
        return stored

    monkeypatch.setattr(objects, "get", get_late)
    assert process().sweep().sent == 0
    assert api.calls.count("send a") == 2
    assert len(api.writes) == 1


def test_a_search_that_uses_up_the_lease_does_not_send(outbox: Outbox, api: Api, clock: Clock) -> None:
    api.failures += [DOWN]
    outbox.write("page", {"name": "a"})
    clock.now += 5
    find = api.find

    def find_slowly(*arguments: Any) -> Json | None:
        clock.now += LEASE_SECONDS - module.ENOUGH_SECONDS + 1
        return find(*arguments)

    outbox._kinds = {"page": WriteKind(api.send, find_slowly)}
    assert outbox.sweep().waiting == 1
    assert api.calls == ["send a", "find a"]


def test_a_sweep_ends_in_time_for_its_caller(outbox: Outbox, api: Api, clock: Clock) -> None:
    api.failures += [DOWN] * 3
    for name in "abc":
        outbox.write("page", {"name": name})
    clock.now += 60
    send = api.send

    def send_slowly(*arguments: Any) -> Json:
        clock.now += module.DRAIN_SECONDS + 1
        return send(*arguments)

    outbox._kinds = {"page": WriteKind(send_slowly, None)}
    result = outbox.sweep()
    assert (result.sent, result.waiting) == (1, 2)


def test_pauses_grow_up_to_a_minute_and_datadogs_own_counts(outbox: Outbox, api: Api, clock: Clock) -> None:
    api.failures += [Unreachable("limited", retry_after=100, unknown=False)] + [
        Unreachable("down", retry_after=0, unknown=False) for _ in range(8)
    ]
    outbox.write("page", {"name": "a"})
    pauses = [100.0]
    clock.now += 100
    for _ in range(7):
        outbox.sweep()
        [(entry, _)] = [stored for name, stored in outbox._objects.stored.items() if name.startswith(PENDING)]  # type: ignore[attr-defined]
        pauses.append(entry["due"] - clock.now)
        clock.now = entry["due"]
    assert pauses == [100, 4, 8, 16, 32, 60, 60, 60]


def test_an_entry_is_given_up_after_a_day(
    outbox: Outbox, api: Api, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    api.failures += [DOWN] * 2
    write = outbox.write("page", {"name": "a"})
    clock.now += KEPT_SECONDS + 1
    assert outbox.sweep().waiting == 0
    assert outbox.status(write["id"]) == {"id": write["id"], "status": "given_up"}
    assert [record.levelno for record in caplog.records if "given_up" in record.getMessage()] == [logging.ERROR]


def test_a_kind_of_a_newer_revision_is_left_to_it(outbox: Outbox, api: Api, clock: Clock) -> None:
    api.failures += [DOWN]
    outbox.write("page", {"name": "a"})
    clock.now += 5
    outbox._kinds = {}
    assert outbox.sweep().waiting == 1


def test_a_seed_gives_the_same_ids_so_that_a_repeated_request_finds_its_writes(
    process: Callable[[], Outbox], api: Api
) -> None:
    first = process().seeded("seed").write("page", {"name": "a"})
    assert process().seeded("seed").write("page", {"name": "a"}) == first
    assert process().seeded("other").write("page", {"name": "a"})["id"] != first["id"]
    assert process().write("page", {"name": "a"})["id"] != first["id"]
    assert api.calls == ["send a"] * 3


def test_an_outcome_that_cannot_be_stored_is_found_later(
    outbox: Outbox, api: Api, clock: Clock, objects: MemoryObjects
) -> None:
    send = api.send

    def send_while_the_store_goes_away(*arguments: Any) -> Json:
        result = send(*arguments)
        objects.down = True
        return result

    outbox._kinds = {"page": WriteKind(send_while_the_store_goes_away, api.find)}
    write = outbox.write("page", {"name": "a"})
    assert write["status"] == "sent"
    objects.down = False
    clock.now += LEASE_SECONDS
    assert outbox.sweep().sent == 1
    assert api.calls == ["send a", "find a"]


def test_a_sweep_without_its_store_fails(outbox: Outbox, objects: MemoryObjects) -> None:
    objects.down = True
    with pytest.raises(Problem, match="store"):
        outbox.sweep()


def test_the_thread_sends_what_waits_and_ends_when_it_is_stopped(
    process: Callable[[], Outbox], api: Api, clock: Clock, objects: MemoryObjects
) -> None:
    api.failures += [DOWN]
    process().write("page", {"name": "a"})
    clock.now += 5
    outbox = process()
    outbox.start()
    thread = outbox._thread
    assert thread
    for _ in range(500):
        if not objects.names(PENDING):
            break
        thread.join(0.01)
    outbox.stop()
    assert not thread.is_alive()
    assert len(api.writes) == 1


@pytest.fixture
def ranked(objects: MemoryObjects, api: Api, clock: Clock) -> Outbox:
    """Return the outbox of a process with kinds of three ranks, the last of which takes long."""
    settings = read_environment({"DD_API_KEY": "a", "DD_APP_KEY": "b"})
    kinds = {
        "page": WriteKind(api.send, None, rank=0, longest_pause=15.0),
        "update": WriteKind(api.send, None, rank=1),
        "notebook": WriteKind(api.send, None, rank=2, takes_long=True),
    }
    return Outbox(objects, Datadog(settings, Redactor()), kinds)


def names_sent(api: Api) -> list[str]:
    """Return the names of the writes that arrived, in order."""
    return [body["name"] for body in api.writes.values()]


def test_what_waits_is_sent_by_rank_and_not_by_age(ranked: Outbox, api: Api, clock: Clock) -> None:
    api.failures += [DOWN] * 6
    for kind, name in (("notebook", "n1"), ("update", "u1"), ("notebook", "n2"), ("page", "p1"), ("update", "u2"),
                       ("page", "p2")):  # fmt: skip
        ranked.write(kind, {"name": name})
    clock.now += 5
    assert ranked.drain().sent == 6
    assert names_sent(api) == ["p1", "p2", "u1", "u2", "n1", "n2"]


def test_the_first_entry_that_is_due_lets_those_go_first_whose_pause_is_longer(
    ranked: Outbox, api: Api, clock: Clock
) -> None:
    api.failures += [DOWN] * 4
    ranked.write("page", {"name": "p"})
    for _ in range(3):
        clock.now += 15
        ranked.sweep()
    clock.now += 6  # within the page's pause
    assert ranked.sweep().waiting == 1
    api.failures += [DOWN]
    ranked.write("update", {"name": "u"})
    clock.now += 5
    assert ranked.drain().sent == 2
    assert names_sent(api) == ["p", "u"]


def test_a_page_never_waits_for_more_than_its_own_longest_pause(ranked: Outbox, api: Api, clock: Clock) -> None:
    api.failures += [DOWN] * 20
    ranked.write("page", {"name": "p"})
    for _ in range(12):
        clock.now += 15
        assert ranked.sweep().pause <= 15
    api.failures.clear()
    clock.now += 15
    assert ranked.sweep().sent == 1


def test_what_becomes_due_while_a_long_write_is_sent_goes_before_the_next_one(
    ranked: Outbox, api: Api, clock: Clock
) -> None:
    api.failures += [DOWN] * 2
    for name in ("n1", "n2"):
        ranked.write("notebook", {"name": name})
    clock.now += 5
    result = ranked.sweep()
    assert (result.sent, result.waiting, result.pause) == (1, 1, 0.0)
    api.failures += [DOWN]
    ranked.write("page", {"name": "p"})
    clock.now += 5
    ranked.drain()
    assert names_sent(api) == ["n1", "p", "n2"]


def test_a_kind_that_failed_just_before_datadog_came_up_still_goes_first(
    ranked: Outbox, api: Api, clock: Clock
) -> None:
    api.failures += [DOWN] * 4
    for kind, name in (("page", "p"), ("update", "u1"), ("update", "u2")):
        ranked.write(kind, {"name": name})
    clock.now += 5
    ranked.drain()  # the page is the fourth to fail; then Datadog is up
    assert names_sent(api) == ["u1", "p", "u2"]


def test_entries_that_wait_are_read_once(ranked: Outbox, api: Api, objects: MemoryObjects, clock: Clock) -> None:
    api.failures += [DOWN] * 3
    for name in "abc":
        ranked.write("update", {"name": name})
    reads = Mock(side_effect=objects.get)
    objects.get = reads  # type: ignore[method-assign]
    for _ in range(4):
        assert ranked.sweep().waiting == 3
    assert reads.call_count == 0  # this process has postponed them, so it knows when they are due


def test_a_write_for_later_is_not_attempted_by_its_caller(ranked: Outbox, api: Api) -> None:
    write = ranked.write("page", {"name": "p"}, later=True)
    assert (write["status"], api.calls) == ("accepted", [])
    assert ranked.sweep().sent == 1
