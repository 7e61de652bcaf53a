"""Writes to Datadog that must not be lost: stored first, then sent, and sent again until Datadog has taken them.

The store is the state's bucket. Each process has a thread that sends what is due, and a scheduled call drains the store
when no process lives (docs/service.md explains why).

Datadog's APIs have no idempotency keys, so delivery is at least once. Each write carries its id as a marker, and is
searched for by it before it is sent again. docs/service.md states the window that remains.
"""

import atexit
import copy
import hashlib
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from service.datadog.client import Datadog, DatadogRefused, Unreachable
from service.datadog.schedules import Schedules
from service.problems import Problem, Unavailable
from service.runtime.objects import Objects
from service.telemetry import OUTBOX_LOG

log = logging.getLogger(__name__)

Json = dict[str, Any]
PENDING, DONE = "outbox/pending/", "outbox/done/"
LEASE_SECONDS = 30.0
"""The time for which an entry belongs to the process that sends it; if that is killed, the entry waits as long."""
ENOUGH_SECONDS = 8.0
"""A call begins only while this much of the lease is left: more than a call takes."""
SETTLE_SECONDS = 15.0
"""The pause before a write whose answer was lost is searched for: Datadog's lists lag behind."""
LONGEST_PAUSE = 60.0
"""The longest pause between two attempts when Datadog asks for none; a kind may have a shorter one."""
LONGEST_LIMIT = 3600.0
"""The most of a pause that Datadog asks for."""
POLL_SECONDS = 15.0
"""The pause between two sweeps when nothing is due: other processes may have left entries."""
DRAIN_SECONDS = 40.0
"""The longest time that one sweep takes."""
KEPT_SECONDS = 86_400.0
"""An entry older than this is given up, with an error in the log."""


@dataclass(frozen=True)
class WriteKind:
    """A kind of write: ``send`` makes it at Datadog, ``find`` returns what an earlier attempt has made, or None.

    Both get the outbox, the write's id and its body, and return the result for the caller. ``find`` is None where
    sending twice does no harm. ``complete`` returns the body with what must be read at Datadog before it can be sent.
    """

    send: Callable[["Outbox", str, Json], Json]
    find: Callable[["Outbox", str, Json], Json | None] | None
    complete: Callable[["Outbox", Json], Json] = lambda _, body: body
    rank: int = 0
    """Entries that wait are sent by rank, the lowest first."""
    longest_pause: float | None = None
    """The longest pause between two attempts, where it is shorter than :data:`LONGEST_PAUSE`."""
    takes_long: bool = False
    """True where a write takes many calls: after one, a sweep looks again for what goes first."""


class EntryName(NamedTuple):
    """The name of a pending entry's object; names sort in the order in which the writes were accepted."""

    number: int
    order: str
    """A digest: entries with the same one are sent one after the other."""
    kind: str
    identifier: str

    @classmethod
    def parse(cls, name: str) -> "EntryName":
        """Return the parts of an object's name."""
        number, order, kind, identifier = name.removeprefix(PENDING).removesuffix(".json").split("-", 3)
        return cls(int(number), order, kind, identifier)

    def __str__(self) -> str:
        return f"{PENDING}{self.number:020d}-{self.order}-{self.kind}-{self.identifier}.json"


class Queue:
    """The entries that wait, in the order of their acceptance."""

    def __init__(self, names: list[EntryName]) -> None:
        self.names = names
        self._orders: dict[str, list[EntryName]] = {}
        for name in names:
            self._orders.setdefault(name.order, []).append(name)

    def is_first(self, name: EntryName) -> bool:
        """Return whether no entry of the same order waits before this one."""
        return self._orders[name.order][0] == name

    def remove(self, name: EntryName) -> None:
        """Remove an entry that is the first of its order."""
        self.names.remove(name)
        self._orders[name.order].pop(0)


class Due(NamedTuple):
    """The times of a pending entry's next attempt, in seconds since 1970."""

    planned: float
    earliest: float
    """No attempt is made before, even if Datadog is up again: another process may be sending the entry, its answer was
    lost a moment ago, or Datadog has asked for a pause."""

    @classmethod
    def of(cls, entry: Json) -> "Due":
        """Return the times of a stored entry."""
        due = float(entry["due"])
        return cls(due, float(entry.get("earliest", due)))


@dataclass(frozen=True)
class SweepResult:
    """The numbers of entries that a sweep has sent and that still wait; the seconds until the next sweep is due."""

    sent: int
    waiting: int
    pause: float


class Outbox:
    """The outbox of a process. Safe for threads."""

    def __init__(self, objects: Objects, datadog: Datadog, kinds: Mapping[str, WriteKind]) -> None:
        self.datadog = datadog
        self.schedules = Schedules(datadog)
        self._objects = objects
        self._kinds = kinds
        self._due: dict[str, Due] = {}
        self._look_again = False
        self._seed: str | None = None
        self._ended = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def seeded(self, seed: str) -> "Outbox":
        """Return this outbox for a request with an idempotency key: the ids of its writes derive from the seed.

        A request that is repeated after its first process died then finds its writes instead of adding some.
        """
        outbox = copy.copy(self)
        outbox._seed = seed
        return outbox

    def write(self, kind: str, body: Json, order: str = "", *, later: bool = False) -> Json:
        """Send now if possible, else keep it: return ``{"id", "status": "sent"|"accepted", ...}``. Raises Problem.

        Writes with the same ``order`` (by default, their own id) are sent one after the other. ``later`` leaves the
        first attempt to the outbox's thread, where the caller has just seen that Datadog cannot be reached.
        """
        identifier = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._seed} {kind}") if self._seed else uuid.uuid4())
        if not self._objects.has_bucket:
            return {"id": identifier, "status": "sent", **self._send_at_once(kind, identifier, body)}
        if self.datadog.off_reason:
            raise Unavailable(f"Datadog's API is off: {self.datadog.off_reason}", retry_after=60)
        pending = self._pending() if order or self._seed else []
        if self._seed and (status := self._status(identifier, pending)):
            return status
        digest = hashlib.sha256((order or identifier).encode()).hexdigest()[:12]
        ahead = [name.number for name in pending if order and name.order == digest]
        # After all stored entries of this order, even if this machine's clock is late.
        number = max([time.time_ns(), *(other + 1 for other in ahead)])
        name = str(EntryName(number, digest, kind, identifier))
        now = time.time()
        entry = {"id": identifier, "kind": kind, "body": body, "created": now}
        later = later or bool(ahead)
        entry |= {"attempts": 0, "due": 0.0} if later else {"attempts": 1, "due": now + LEASE_SECONDS}
        generation = self._store(name, entry)
        if later:
            self._wake.set()
            return {"id": identifier, "status": "accepted"}
        return self._attempt(name, entry, generation)

    def status(self, identifier: str) -> Json | None:
        """Return the status of a write; None for an unknown id."""
        return self._status(identifier, self._pending())

    def start(self) -> None:
        """Sweep from now on, in a thread of this process."""
        if self._objects.has_bucket and not self.datadog.off_reason:
            self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
            self._thread.start()
            atexit.register(self.stop)

    def stop(self) -> None:
        """Let the thread end after its current call; a call that takes longer is left to the lease."""
        self._ended.set()
        self._wake.set()
        if self._thread:
            self._thread.join(timeout=1)

    def sweep(self) -> SweepResult:
        """Send what waits, once one entry is due: by rank, in each order one after the other.

        Entries that only wait for Datadog to be up again are sent with the one that is due. The first attempt that
        succeeds thus sends everything, and a page never follows a deployment because its own pause was longer. Raises
        :class:`Unavailable` when the store cannot be used.
        """
        deadline = time.monotonic() + DRAIN_SECONDS
        queue = Queue(self._pending())
        sent, failing_kinds, starts_again = 0, set[str](), False
        looks_again, self._look_again = self._look_again, False
        for name in self._by_rank(queue.names) if looks_again or self._is_any_due(queue) else ():
            # Other entries of a failing kind would fail for the same reason.
            if name.kind in failing_kinds or not queue.is_first(name):
                continue
            if time.monotonic() > deadline:
                break
            status = self._send_if_free(str(name))
            if status == "accepted":
                failing_kinds.add(name.kind)
            elif status != "waits":
                queue.remove(name)
                sent += status == "sent"
                # Datadog may have come up since others failed: what goes first gets one more chance.
                self._look_again = bool(failing_kinds) and status == "sent" and not looks_again
                starts_again = self._look_again or self._kinds[name.kind].takes_long
                if starts_again:
                    break
        waiting = len(queue.names)
        return SweepResult(sent, waiting, 0.0 if starts_again and waiting else self._pause(queue.names))

    def drain(self) -> SweepResult:
        """Sweep until nothing more can be sent now, or for :data:`DRAIN_SECONDS`."""
        deadline, sent = time.monotonic() + DRAIN_SECONDS, 0
        while True:
            result = self.sweep()
            sent += result.sent
            if result.pause or time.monotonic() > deadline:
                return SweepResult(sent, result.waiting, result.pause)

    def _by_rank(self, names: list[EntryName]) -> list[EntryName]:
        """Return the entries whose kind is known, sorted: a newer revision may have stored a kind that is not."""
        known = [name for name in names if name.kind in self._kinds]
        return sorted(known, key=lambda name: (self._kinds[name.kind].rank, name.number))

    def _is_any_due(self, queue: "Queue") -> bool:
        """Return whether an entry is due that may be sent. Reads those of which this process knows no time."""
        known = {str(name) for name in queue.names}
        self._due = {name: due for name, due in self._due.copy().items() if name in known}
        now = time.time()
        for entry_name in queue.names:
            name = str(entry_name)
            if entry_name.kind not in self._kinds or not queue.is_first(entry_name):
                continue
            if name not in self._due and (stored := self._objects.get(name)):
                self._due[name] = Due.of(stored[0])
            if name in self._due and max(self._due[name]) <= now:
                return True
        return False

    def _pause(self, names: list[EntryName]) -> float:
        """Return the seconds until the next sweep: until an entry is due, between 1 s and :data:`POLL_SECONDS`."""
        now = time.time()
        delays = [max(self._due[str(name)]) - now for name in names if str(name) in self._due]
        return min([POLL_SECONDS, *(max(delay, 1.0) for delay in delays)])

    def _pending(self) -> list[EntryName]:
        return [EntryName.parse(name) for name in self._objects.names(PENDING)]

    def _send_if_free(self, name: str) -> str:
        """Claim an entry and send it; return its status then, ``waits`` where it must not be sent yet."""
        if name in self._due and self._due[name].earliest > time.time():
            return "waits"
        stored = self._objects.get(name)
        if stored is None:
            return "done"  # another process has sent it
        entry, generation = stored
        self._due[name] = Due.of(entry)
        if self._due[name].earliest > time.time():
            return "waits"
        claimed = {key: value for key, value in entry.items() if key != "earliest"}
        claimed |= {"due": time.time() + LEASE_SECONDS, "attempts": entry["attempts"] + 1}
        claim = self._objects.put(name, claimed, generation)
        if claim is None:
            return "waits"  # another process has claimed it
        if self._outcome(entry["id"]):
            # A process died after it stored the outcome and before it deleted the entry.
            self._objects.delete(name)
            return "done"
        try:
            return str(self._attempt(name, claimed, claim)["status"])
        except Problem:
            return "refused"

    def _status(self, identifier: str, pending: list[EntryName]) -> Json | None:
        outcome = self._outcome(identifier)
        if outcome is None and any(name.identifier == identifier for name in pending):
            return {"id": identifier, "status": "accepted"}
        return outcome

    def _outcome(self, identifier: str) -> Json | None:
        """Return ``{"id", "status": "sent"|"refused"|"given_up", ...}``; None while the write waits."""
        stored = self._objects.get(f"{DONE}{identifier}.json")
        return stored[0] if stored else None

    def _store(self, name: str, entry: Json) -> int:
        """Store a new entry and return its generation; try twice, since the first answer may be lost."""
        try:
            generation = self._objects.put(name, entry, 0)
        except Unavailable:
            generation = self._objects.put(name, entry, 0)
        if generation is None:
            stored = self._objects.get(name)
            generation = stored[1] if stored else 0
        return generation

    def _attempt(self, name: str, entry: Json, generation: int) -> Json:
        """Send a claimed entry; return its status. Raises the Problem with which Datadog refuses it for good."""
        identifier, repeated = entry["id"], entry["attempts"] > 1
        try:
            result = self._find_or_send(entry, repeated)
        except Unavailable as error:
            return self._postpone(name, entry, generation, error)
        except Problem as error:
            if repeated and isinstance(error, DatadogRefused):
                # The service's keys are wrong, which an operator can fix. The write was accepted, so it is kept.
                return self._postpone(name, entry, generation, error)
            self._finish(name, entry, {"id": identifier, "status": "refused", "detail": error.detail}, logging.ERROR)
            raise
        except Exception as error:  # an unexpected response: it is unknown whether the write arrived
            log.exception("outbox: Datadog's answer to a write was not understood")
            return self._postpone(name, entry, generation, Unreachable(type(error).__name__))
        level = logging.WARNING if repeated else logging.INFO
        return self._finish(name, entry, {"id": identifier, "status": "sent", **result}, level)

    def _send_at_once(self, kind: str, identifier: str, body: Json) -> Json:
        """Send a write that cannot be kept, since there is no store. Raises Problem."""
        return self._kinds[kind].send(self, identifier, self._kinds[kind].complete(self, body))

    def _find_or_send(self, entry: Json, repeated: bool) -> Json:
        """Return the result of a write: of an earlier attempt that arrived, or of this one. Raises Problem."""
        kind, identifier, body = self._kinds[entry["kind"]], entry["id"], entry["body"]
        try:
            if repeated and kind.find and (result := kind.find(self, identifier, body)) is not None:
                return result
            body = kind.complete(self, body)
        except Unreachable as error:
            error.unknown = False  # nothing was sent now, and earlier attempts have had their time
            raise
        if entry["due"] - time.time() < ENOUGH_SECONDS:
            raise Unreachable("searching for the write took too long", unknown=False)
        return kind.send(self, identifier, body)

    def _postpone(self, name: str, entry: Json, generation: int, error: Problem) -> Json:
        """Keep an entry for another attempt, or give it up when it is too old."""
        now = time.time()
        if now - entry["created"] > KEPT_SECONDS:
            return self._finish(name, entry, {"id": entry["id"], "status": "given_up"}, logging.ERROR)
        named_by_datadog = float(min(error.retry_after or 0, LONGEST_LIMIT))
        settle = SETTLE_SECONDS if isinstance(error, Unreachable) and error.unknown else 0.0
        asked_for = named_by_datadog if isinstance(error, Unreachable) and error.limited else 0.0
        longest = min(LONGEST_PAUSE, self._kinds[entry["kind"]].longest_pause or LONGEST_PAUSE)
        backoff = float(min(2 ** min(entry["attempts"], 10), longest))
        try:
            earliest = now + max(asked_for, settle)
            due = max(earliest, now + max(named_by_datadog, backoff))
            self._objects.put(name, entry | {"due": due, "earliest": earliest}, generation)
            self._due[name] = Due(due, earliest)
        except Unavailable as unavailable:
            log.warning("outbox: an entry could not be postponed and stays leased: %s", unavailable.detail)
        self._wake.set()
        return {"id": entry["id"], "status": "accepted", "retry_after": error.retry_after}

    def _finish(self, name: str, entry: Json, outcome: Json, level: int) -> Json:
        """Store the outcome of a write and delete its entry; return the outcome."""
        try:
            # In this order: a process that dies in between leaves an entry whose outcome is known.
            self._objects.put(f"{DONE}{entry['id']}.json", outcome, 0)
            self._objects.delete(name)
        except Unavailable as unavailable:
            # The next attempt searches for the write, and finds it.
            log.warning("outbox: the outcome of a write could not be stored: %s", unavailable.detail)
        fields = {"event": OUTBOX_LOG.event, "kind": entry["kind"], "status": outcome["status"]}
        log.log(level, "outbox: a %s is %s", entry["kind"], outcome["status"],
                extra=fields | {"write_id": entry["id"], "attempts": entry["attempts"]})  # fmt: skip
        return outcome

    def _run(self) -> None:
        pause = 0.0
        while True:
            self._wake.wait(pause)
            self._wake.clear()
            if self._ended.is_set():
                return
            try:
                pause = self.sweep().pause
            except Problem as error:
                log.warning("outbox: the store cannot be used: %s", error.detail)
                pause = POLL_SECONDS
            except Exception:  # the thread must live on: nothing else sends what is left
                log.exception("outbox: a sweep failed by a mistake of the service")
                pause = POLL_SECONDS
