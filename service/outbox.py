"""Writes to Datadog that must not be lost: stored first, then sent, then sent again until they have arrived.

The same code runs in the sandbox and on Cloud Run. The store is the state's bucket; each process has a thread that
sends what is due, and a scheduled call drains the store where no process lives (docs/service.md says why so).

Datadog's APIs have no idempotency keys, so delivery is at least once. Each write carries its id as a marker and is
looked for before it is sent again. docs/service.md states the window that is left.
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
from typing import TYPE_CHECKING, Any

from service.objects import Objects
from service.problems import CallerError, Problem, Unavailable
from service.products.client import DatadogRefused, Unreachable
from service.telemetry import OUTBOX_LOG

if TYPE_CHECKING:
    from service.context import Context

log = logging.getLogger(__name__)

Json = dict[str, Any]
PENDING, DONE = "outbox/pending/", "outbox/done/"
LEASE_SECONDS = 30.0
"""A process that sends an entry has it for so long; one that was killed delays it by so much."""
ENOUGH_SECONDS = 8.0
"""What must be left of a lease to begin a call: more than a call takes."""
SETTLE_SECONDS = 15.0
"""After a write whose answer was lost, until it is looked for: lists may show it later than it was made."""
LONGEST_PAUSE, POLL_SECONDS, DRAIN_SECONDS = 60.0, 15.0, 40.0
"""Between two attempts; between two looks for what processes that are gone have left; for one call to drain."""
LONGEST_LIMIT = 3600.0
KEPT_SECONDS = 86_400.0
"""An entry that could not be sent for so long is given up, with an error in the log."""


@dataclass(frozen=True)
class Channel:
    """How a kind of write is made, and how one that was made before is found by its id.

    ``find`` is None where the same write again changes nothing.
    """

    send: Callable[["Context", str, Json], Json]
    find: Callable[["Context", str, Json], Json | None] | None


@dataclass(frozen=True)
class Swept:
    """What a sweep did: how many arrived, how many are left, and the seconds until the next one is due."""

    arrived: int
    left: int
    wait: float


class Outbox:
    """The outbox of a process. Safe for threads."""

    def __init__(self, objects: Objects, channels: Mapping[str, Channel]) -> None:
        self._objects = objects
        self._channels = channels
        self._seed: str | None = None
        self._ended = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def seeded(self, seed: str) -> "Outbox":
        """The same outbox for a request with an idempotency key: its writes' ids follow from the seed.

        So a request that is made again, since the first one's process died, finds its writes instead of adding some.
        """
        same = copy.copy(self)
        same._seed = seed
        return same

    def write(self, context: "Context", kind: str, body: Json, order: str = "") -> Json:
        """Send now if that works, else keep it: ``{"id", "status": "sent"|"accepted", ...}``. Raises Problem.

        Writes of the same ``order`` (by default: its own id) are sent one after the other.
        """
        identifier = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._seed} {kind}") if self._seed else uuid.uuid4())
        if not self._objects.there:
            return {"id": identifier, "status": "sent", **self._channels[kind].send(context, identifier, body)}
        if context.datadog.off:
            raise Unavailable(f"Datadog's API is off: {context.datadog.off}", retry_after=60)
        names = self._objects.names(PENDING) if order or self._seed else []
        if self._seed and (known := self._known(identifier, names)):
            return known
        ahead = [one for one in names if _order(one) == _digest(order)] if order else []
        # Behind what is stored already, also where this machine's clock is late.
        number = max([time.time_ns(), *(_number(one) + 1 for one in ahead)])
        name = f"{PENDING}{number:020d}-{_digest(order or identifier)}-{kind}-{identifier}.json"
        now = time.time()
        entry = {"id": identifier, "kind": kind, "body": body, "created": now}
        entry |= {"attempts": 0, "due": 0.0} if ahead else {"attempts": 1, "due": now + LEASE_SECONDS}
        generation = self._store(name, entry)
        if ahead:
            self._wake.set()
            return {"id": identifier, "status": "accepted"}
        return self._attempt(context, name, entry, generation)

    def status(self, identifier: str) -> Json | None:
        """What became of a write; None for an id that nobody was told."""
        return self._known(identifier, self._objects.names(PENDING))

    def start(self, context: "Context") -> None:
        """Sweep from now on, in a thread of this process."""
        if self._objects.there and not context.datadog.off:
            self._thread = threading.Thread(target=self._run, args=(context,), name="outbox", daemon=True)
            self._thread.start()
            atexit.register(self.stop)

    def stop(self) -> None:
        """Let the thread end after the call that it is in, or leave that to the lease."""
        self._ended.set()
        self._wake.set()
        if self._thread:
            self._thread.join(timeout=1)

    def sweep(self, context: "Context") -> Swept:
        """Send what is due, in order. Raises :class:`Unavailable` when the store cannot be used."""
        arrived, wait, ends = 0, POLL_SECONDS, time.monotonic() + DRAIN_SECONDS
        left: set[str] = set()
        down: set[str] = set()
        waiting = 0
        for name in self._objects.names(PENDING):
            kind = _kind(name)
            # A kind may be a newer revision's.
            held = _order(name) in left or kind in down or kind not in self._channels or time.monotonic() > ends
            found = None if held else self._objects.get(name)
            if found is None and not held:
                continue
            status, late = "waits", 0.0
            if found is not None:
                late = found[0]["due"] - time.time()
                status = self._take(context, name, *found) if late <= 0 else status
            if status == "accepted":
                # More of the same would only wait for the same.
                down.add(kind)
            arrived += status == "sent"
            if status in ("accepted", "waits"):
                left.add(_order(name))
                waiting += 1
                wait = min(wait, max(late, 1.0))
        return Swept(arrived, waiting, wait)

    def _take(self, context: "Context", name: str, entry: Json, generation: int) -> str:
        """Claim an entry and send it; its status then."""
        claimed = entry | {"due": time.time() + LEASE_SECONDS, "attempts": entry["attempts"] + 1}
        mine = self._objects.put(name, claimed, generation)
        if mine is None:
            return "waits"
        if self._objects.get(f"{DONE}{entry['id']}.json"):
            # Its process died between noting the end and clearing up.
            self._objects.delete(name)
            return "done"
        try:
            return str(self._attempt(context, name, claimed, mine)["status"])
        except Problem:
            return "refused"

    def _known(self, identifier: str, names: list[str]) -> Json | None:
        found = self._objects.get(f"{DONE}{identifier}.json")
        if found is not None:
            return found[0]
        pending = any(name.endswith(f"-{identifier}.json") for name in names)
        return {"id": identifier, "status": "accepted"} if pending else None

    def _store(self, name: str, entry: Json) -> int:
        """Put a new entry; a second time where the first answer was lost."""
        try:
            made = self._objects.put(name, entry, 0)
        except Unavailable:
            made = self._objects.put(name, entry, 0)
        if made is None:
            found = self._objects.get(name)
            made = found[1] if found else 0
        return made

    def _attempt(self, context: "Context", name: str, entry: Json, generation: int) -> Json:
        identifier, again = entry["id"], entry["attempts"] > 1
        try:
            result = self._done(context, entry, again)
        except Unavailable as error:
            return self._later(name, entry, generation, error)
        except Problem as error:
            if again and isinstance(error, DatadogRefused):
                # The keys: somebody was promised this write, and keys are mended.
                return self._later(name, entry, generation, error)
            # Datadog will never take it: the caller is told at once, and the status says so later.
            self._end(name, entry, {"id": identifier, "status": "refused", "detail": error.detail}, logging.ERROR)
            raise
        except Exception as error:  # an answer of another form: whether it was made is not known
            log.exception("the answer to a write was not understood")
            return self._later(name, entry, generation, Unreachable(type(error).__name__))
        level = logging.WARNING if again else logging.INFO
        return self._end(name, entry, {"id": identifier, "status": "sent", **result}, level)

    def _done(self, context: "Context", entry: Json, again: bool) -> Json:
        """What a write gave: found, or made now. Raises Problem."""
        channel, identifier = self._channels[entry["kind"]], entry["id"]
        found = channel.find(context, identifier, entry["body"]) if again and channel.find else None
        if found is not None:
            return found
        if entry["due"] - time.time() < ENOUGH_SECONDS:
            raise Unreachable("looking for the write took too long", unknown=False)
        return channel.send(context, identifier, entry["body"])

    def _later(self, name: str, entry: Json, generation: int, error: Problem) -> Json:
        """Keep an entry for another attempt, or give it up."""
        now = time.time()
        if now - entry["created"] > KEPT_SECONDS:
            return self._end(name, entry, {"id": entry["id"], "status": "given_up"}, logging.ERROR)
        asked = float(min(error.retry_after or 0, LONGEST_LIMIT))
        settle = SETTLE_SECONDS if isinstance(error, Unreachable) and error.unknown else 0.0
        pause = max(asked, settle, float(min(2 ** min(entry["attempts"], 10), LONGEST_PAUSE)))
        try:
            self._objects.put(name, entry | {"due": now + pause}, generation)
        except Unavailable as unavailable:
            log.warning("an outbox entry keeps its lease: %s", unavailable.detail)
        self._wake.set()
        return {"id": entry["id"], "status": "accepted", "retry_after": error.retry_after}

    def _end(self, name: str, entry: Json, outcome: Json, level: int) -> Json:
        try:
            # In this order: a process that dies in between leaves an entry whose end is noted.
            self._objects.put(f"{DONE}{entry['id']}.json", outcome, 0)
            self._objects.delete(name)
        except Unavailable as unavailable:
            # It is looked for, and found, when its lease has ended.
            log.warning("the end of an outbox entry could not be noted: %s", unavailable.detail)
        fields = {"event": OUTBOX_LOG.event, "kind": entry["kind"], "status": outcome["status"]}
        log.log(level, "outbox: a %s is %s", entry["kind"], outcome["status"],
                extra=fields | {"write_id": entry["id"], "attempts": entry["attempts"]})  # fmt: skip
        return outcome

    def _run(self, context: "Context") -> None:
        wait = 0.0
        while True:
            self._wake.wait(wait)
            self._wake.clear()
            if self._ended.is_set():
                return
            try:
                wait = self.sweep(context).wait
            except Problem as error:
                log.warning("the outbox could not be swept: %s", error.detail)
                wait = POLL_SECONDS
            except Exception:  # the thread must live: nothing else sends what is left
                log.exception("the outbox could not be swept by a mistake of the service")
                wait = POLL_SECONDS


def sent(status: Json | None) -> Json | None:
    """What a write gave on which another waits; None while it waits itself. Raises Problem when it never comes."""
    if status and status["status"] in ("refused", "given_up"):
        raise CallerError(f"the write before it is {status['status']}")
    return status if status and status["status"] == "sent" else None


def _digest(order: str) -> str:
    return hashlib.sha256(order.encode()).hexdigest()[:12]


def _order(name: str) -> str:
    return name.removeprefix(PENDING).split("-")[1]


def _kind(name: str) -> str:
    return name.removeprefix(PENDING).split("-")[2]


def _number(name: str) -> int:
    return int(name.removeprefix(PENDING).split("-")[0])
