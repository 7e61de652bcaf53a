"""Each caller's budget for an hour, in tokens and in dollars, over all instances.

The shared store holds, for each caller and hour, what is spent and what processes have leased. A process leases a part
of the budget when it needs one, spends it without the store, and reports what it spent with its next lease, or as it
ends. So the sum over all processes does not exceed the budget, whatever their number, and a chat rarely waits for the
store. A lease ends after :data:`LEASE_SECONDS`: a process that was killed, or idle for longer, keeps nothing. What it
spent of that lease and has not reported, a part of the budget at most, others may spend once more. A caller may be
refused while other processes hold leases. While the store cannot be reached, each process hands out one part by itself;
without a store, a whole budget.
"""

import atexit
import threading
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

from service.problems import CallerError, Unavailable
from service.runtime.objects import Objects
from service.telemetry import BUDGET_REFUSALS, STATE_READ_FAILURES
from service.telemetry.emission import Emitter

PREFIX = "budget/hour-"
PARTS = 20
HOUR_SECONDS = 3600
LEASE_SECONDS = 60.0
MAX_CALLERS = 10_000
WRITE_ATTEMPTS = 5
RETRY_STORE_SECONDS = 5.0
RELEASE_SECONDS = 2.0
"""The time that a process takes to give back its leases as it ends."""


class BudgetSpent(CallerError):
    """The caller's budget of this hour is used up."""

    status = 429
    title = "The caller's budget of this hour is spent"


@dataclass(frozen=True)
class Amount:
    """Tokens and dollars."""

    tokens: float = 0.0
    dollars: float = 0.0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.tokens + other.tokens, self.dollars + other.dollars)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.tokens - other.tokens, self.dollars - other.dollars)

    def lacks(self, needed: "Amount") -> str:
        """Return which of the two is less than needed; an empty text for neither."""
        return "tokens" if self.tokens < needed.tokens else "cost" if self.dollars < needed.dollars else ""

    def within(self, limit: "Amount") -> "Amount":
        """Return the amount cut to a limit, and to nothing where it is negative."""
        return Amount(max(0.0, min(self.tokens, limit.tokens)), max(0.0, min(self.dollars, limit.dollars)))


@dataclass
class _Allowance:
    """A process's share of a caller's budget."""

    hour: int
    left: Amount = Amount()
    unreported: Amount = Amount()
    """Spent or reserved, and not in the store yet."""
    ends: float = 0.0
    """The end of the lease, by :func:`time.monotonic`."""
    refused_until: float = 0.0
    """The store has nothing: it is not asked again before."""
    parts_without_store: int = 0


@dataclass(frozen=True)
class Reservation:
    """The most that a chat may use."""

    caller: str
    hour: int
    amount: Amount


class Budget:
    """The budgets as a process sees them. Safe for threads."""

    def __init__(self, tokens: float, dollars: float, objects: Objects, emitter: Emitter) -> None:
        self._whole, self._part = Amount(tokens, dollars), Amount(tokens / PARTS, dollars / PARTS)
        self._objects = objects
        self._emitter = emitter
        self._process = uuid.uuid4().hex
        self._lock, self._store_lock = threading.Lock(), threading.Lock()
        self._allowances: OrderedDict[str, _Allowance] = OrderedDict()
        self._retry_store_at = 0.0
        if objects.has_bucket:
            atexit.register(self.release)

    def reserve(self, caller: str, tokens: float, dollars: float) -> Reservation:
        """Set aside the most that a chat may use. Raises :class:`BudgetSpent`."""
        hour, needed = int(time.time()) // HOUR_SECONDS, Amount(tokens, dollars)
        while True:
            with self._lock:
                allowance = self._allowance(caller, hour)
                short = allowance.left.lacks(needed)
                if not short:
                    allowance.left -= needed
                    allowance.unreported += needed
                    return Reservation(caller, hour, needed)
                refused = time.monotonic() < allowance.refused_until
            if refused or not self._take_part(caller, hour, short):
                self._emitter.emit(BUDGET_REFUSALS, 1, reason=short)
                wait = (hour + 1) * HOUR_SECONDS - int(time.time())
                raise BudgetSpent(f"nothing is left for {short} until the next hour", retry_after=max(1, wait))

    def settle(self, reservation: Reservation, tokens: float, dollars: float) -> None:
        """Give back what a chat reserved and did not use."""
        unused = reservation.amount - Amount(tokens, dollars)
        with self._lock:
            allowance = self._allowances.get(reservation.caller)
            if allowance and allowance.hour == reservation.hour:
                allowance.unreported -= unused
                if time.monotonic() < allowance.ends:
                    allowance.left += unused

    def release(self) -> None:
        """Give back all leases, for :data:`RELEASE_SECONDS` at most: those of the latest callers first."""
        deadline = time.monotonic() + RELEASE_SECONDS
        with self._lock:
            callers = [(caller, allowance.hour) for caller, allowance in reversed(self._allowances.items())]
        hour = int(time.time()) // HOUR_SECONDS
        for caller, of_hour in callers:
            if of_hour == hour and time.monotonic() < deadline:
                self._exchange(caller, hour, Amount())

    def _allowance(self, caller: str, hour: int) -> _Allowance:
        """Return the caller's allowance, with nothing left where its lease has ended."""
        allowance = self._allowances.get(caller)
        if allowance is None or allowance.hour != hour:
            allowance = self._allowances[caller] = _Allowance(hour)
            if len(self._allowances) > MAX_CALLERS:
                self._allowances.popitem(last=False)
        elif time.monotonic() >= allowance.ends:
            allowance.left = Amount()
        self._allowances.move_to_end(caller)
        return allowance

    def _take_part(self, caller: str, hour: int, short: str) -> bool:
        """Add a part to the caller's allowance, and return whether there was any of what is short."""
        with self._store_lock:
            granted = self._exchange(caller, hour, self._part)
        with self._lock:
            allowance = self._allowance(caller, hour)
            if granted is None:
                limit = 1 if self._objects.has_bucket else PARTS
                if allowance.parts_without_store >= limit:
                    return False
                allowance.parts_without_store += 1
                allowance.left += self._part
                allowance.ends = float("inf")
                return True
            has_some = (granted.tokens if short == "tokens" else granted.dollars) > 0
            if not has_some:
                allowance.refused_until = time.monotonic() + RETRY_STORE_SECONDS
            return has_some

    def _exchange(self, caller: str, hour: int, wanted: Amount) -> Amount | None:
        """Report what was spent, lease more, and return how much; with nothing wanted, give back the lease.

        None when the store cannot be asked.
        """
        if not self._objects.has_bucket or time.monotonic() < self._retry_store_at:
            return None
        name = f"{PREFIX}{hour}/{caller}.json"
        with self._lock:
            allowance = replace(self._allowance(caller, hour))
        kept = allowance.left if wanted != Amount() else Amount()
        try:
            for _ in range(WRITE_ATTEMPTS):
                stored = self._objects.get(name)
                body, generation = stored or ({}, 0)
                asked_at, now = time.monotonic(), time.time()
                leases = _leases(body, now)
                leases.pop(self._process, None)
                spent = Amount(*body.get("spent", (0, 0))) + allowance.unreported
                free = self._whole - spent - sum((lease for lease, _ in leases.values()), kept)
                granted = free.within(wanted)
                if (kept + granted) != Amount():
                    leases[self._process] = kept + granted, now + LEASE_SECONDS
                if self._objects.put(name, _body(spent, leases), generation) is not None:
                    self._note_lease(caller, hour, allowance, granted - (allowance.left - kept), asked_at)
                    return granted
        except Unavailable:
            self._emitter.emit(STATE_READ_FAILURES, 1, reason="unavailable")
        self._retry_store_at = time.monotonic() + RETRY_STORE_SECONDS
        return None

    def _note_lease(self, caller: str, hour: int, before: _Allowance, change: Amount, asked_at: float) -> None:
        """Add what the store has granted; chats may have spent of the rest meanwhile."""
        with self._lock:
            allowance = self._allowance(caller, hour)
            allowance.unreported -= before.unreported
            allowance.left += change
            allowance.ends = asked_at + LEASE_SECONDS


def _leases(body: dict[str, Any], now: float) -> dict[str, tuple[Amount, float]]:
    """Return the leases that have not ended, by process."""
    stored = body.get("leases", {}).items()
    return {process: (Amount(*lease[:2]), lease[2]) for process, lease in stored if lease[2] > now}


def _body(spent: Amount, leases: dict[str, tuple[Amount, float]]) -> dict[str, Any]:
    return {
        "spent": [spent.tokens, spent.dollars],
        "leases": {process: [lease.tokens, lease.dollars, ends] for process, (lease, ends) in leases.items()},
    }
