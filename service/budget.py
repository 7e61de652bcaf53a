"""What one caller may use in an hour, in tokens and in dollars, over all instances.

The shared store holds, for each caller and hour, how many of :data:`PARTS` equal parts of the budget were handed out. A
process takes a part when it needs one, spends it without asking anybody, and takes the next one. So the sum over all
processes never exceeds the budget, whatever their number, and a chat waits for the store once in a part. The price: a
caller may be refused while other processes still hold unspent parts. While the store cannot be reached, each process
hands out one part by itself; without a store, a whole budget.
"""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from service.emission import Emitter
from service.objects import Objects
from service.problems import CallerError, Unavailable
from service.telemetry import BUDGET_REFUSALS, STATE_READ_FAILURES

PREFIX = "budget/"
PARTS = 20
HOUR = 3600
MOST_CALLERS = 10_000
ATTEMPTS = 5
RETRY_STORE_SECONDS = 5.0


class BudgetSpent(CallerError):
    """The caller's budget of this hour is used up."""

    status = 429
    title = "The caller's budget of this hour is spent"


@dataclass
class _Purse:
    """A process's unspent share of a caller's budget."""

    hour: int
    tokens: float = 0.0
    dollars: float = 0.0
    all_taken: bool = False
    own_parts: int = 0
    """Handed out without the store."""


@dataclass(frozen=True)
class Reservation:
    """What a chat may use at most."""

    caller: str
    hour: int
    tokens: float
    dollars: float


class Budget:
    """The budgets as a process sees them. Safe for threads."""

    def __init__(self, tokens: float, dollars: float, objects: Objects, emitter: Emitter) -> None:
        self._part = (tokens / PARTS, dollars / PARTS)
        self._objects = objects
        self._emitter = emitter
        self._lock = threading.Lock()
        self._purses: OrderedDict[str, _Purse] = OrderedDict()
        self._store_again_at = 0.0

    def reserve(self, caller: str, tokens: float, dollars: float) -> Reservation:
        """Set aside what a chat needs at most. Raises :class:`BudgetSpent`."""
        hour = int(time.time()) // HOUR
        while True:
            with self._lock:
                purse = self._purse(caller, hour)
                short = "tokens" if purse.tokens < tokens else "cost" if purse.dollars < dollars else ""
                if not short:
                    purse.tokens -= tokens
                    purse.dollars -= dollars
                    return Reservation(caller, hour, tokens, dollars)
                refused = purse.all_taken
            if refused or not self._take(caller, hour):
                self._emitter.emit(BUDGET_REFUSALS, 1, reason=short)
                wait = (hour + 1) * HOUR - int(time.time())
                raise BudgetSpent(f"nothing is left for {short} until the next hour", retry_after=max(1, wait))

    def settle(self, reserved: Reservation, tokens: float, dollars: float) -> None:
        """Give back what was not used."""
        with self._lock:
            purse = self._purses.get(reserved.caller)
            if purse and purse.hour == reserved.hour:
                purse.tokens += reserved.tokens - tokens
                purse.dollars += reserved.dollars - dollars

    def _purse(self, caller: str, hour: int) -> _Purse:
        purse = self._purses.get(caller)
        if purse is None or purse.hour != hour:
            purse = self._purses[caller] = _Purse(hour)
            if len(self._purses) > MOST_CALLERS:
                self._purses.popitem(last=False)
        self._purses.move_to_end(caller)
        return purse

    def _take(self, caller: str, hour: int) -> bool:
        """Whether there was another part, which is then in the purse."""
        got = self._take_shared(caller, hour)
        with self._lock:
            purse = self._purse(caller, hour)
            if got is None:
                got = purse.own_parts < (1 if self._objects.there else PARTS)
                purse.own_parts += got
            elif not got:
                purse.all_taken = True
            if got:
                purse.tokens += self._part[0]
                purse.dollars += self._part[1]
        return got

    def _take_shared(self, caller: str, hour: int) -> bool | None:
        """Whether the store handed out a part; None when it cannot be asked."""
        if not self._objects.there or time.monotonic() < self._store_again_at:
            return None
        name = f"{PREFIX}{hour}/{caller}.json"
        try:
            for _ in range(ATTEMPTS):
                found = self._objects.get(name)
                parts, generation = (int(found[0]["parts"]), found[1]) if found else (0, 0)
                if parts >= PARTS:
                    return False
                if self._objects.put(name, {"parts": parts + 1}, generation) is not None:
                    return True
        except Unavailable:
            self._emitter.emit(STATE_READ_FAILURES, 1, reason="unavailable")
        self._store_again_at = time.monotonic() + RETRY_STORE_SECONDS
        return None
