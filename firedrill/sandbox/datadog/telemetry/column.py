"""A column of a block of events: distinct values, and which events have them."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
LINE = "\n"
"""Separator of values: a text in JSON has it as an escape."""
MANY = 4
"""All values are decoded at once where more than one in this many needs a closer look."""
ROW_TYPE = np.uint16
MAX_BLOCK = 2**16
"""Events of a block at most, by the type of their numbers."""


@dataclass(frozen=True)
class Column:
    """Distinct values in JSON, one on each line, and for each value of an event its place and the event's number.

    Empty ``codes`` are all places in order (of one value: this one), empty ``rows`` all events in order.
    """

    text: str
    codes: bytes
    rows: bytes
    events: int

    @cached_property
    def values(self) -> list[Any]:
        """The distinct values."""
        return list(json.loads(f"[{self.text.replace(LINE, ',')}]"))

    @cached_property
    def size(self) -> int:
        """The number of distinct values."""
        return self.text.count(LINE) + 1

    @property
    def has_plain_texts_only(self) -> bool:
        """Return whether all values are texts that JSON has as they are."""
        is_text = self.text.startswith('"') and self.text.count(f'{LINE}"') + 1 == self.size
        return is_text and "\\" not in self.text

    def having(self, test: Callable[[Any], bool]) -> Mask:
        """Return which events have a value that passes a test."""
        return self.having_places([place for place, value in enumerate(self.values) if test(value)])

    def having_text(self, text: str) -> Mask:
        """Return which events have a text."""
        at = f"{LINE}{self.text}{LINE}".find(f"{LINE}{json.dumps(text)}{LINE}")
        return self.having_places([] if at < 0 else [self.text.count(LINE, 0, at)])

    def having_containing(self, needle: str, test: Callable[[Any], bool]) -> Mask:
        """Return which events have a value that passes a test, which needs ``needle`` in JSON in small letters."""
        lower = self.text.lower()
        if lower.count(needle) * MANY > self.size:
            return self.having(test)
        places, place, start = list[int](), 0, 0
        while (at := lower.find(needle, start)) >= 0:
            place += lower.count(LINE, start, at)
            begin, end = lower.rfind(LINE, 0, at) + 1, lower.find(LINE, at)
            end = len(lower) if end < 0 else end
            if test(json.loads(self.text[begin:end])):
                places.append(place)
            place, start = place + 1, end + 1
        return self.having_places(places)

    def having_lines(self, pattern: re.Pattern[str]) -> Mask:
        """Return which events have a value in whose line a pattern is found; values must be plain texts."""
        lower = self.text.lower()
        ends = np.flatnonzero(np.frombuffer(lower.encode(), np.uint8) == ord(LINE))
        found = np.searchsorted(ends, [match.start() for match in pattern.finditer(lower)])
        return self.having_places(found.tolist())

    def having_number(self, lies: Callable[[Any], Any], test: Callable[[Any], bool]) -> Mask:
        """Return which events have a number that passes a test: ``lies`` for an array, ``test`` for any value."""
        if not set(map(type, self.values)) <= {int, float}:
            return self.having(test)
        return self.having_places(np.flatnonzero(lies(np.array(self.values, dtype=np.float64))).tolist())

    def having_places(self, places: Sequence[int]) -> Mask:
        """Return which events have one of the values."""
        mask = np.zeros(self.events, dtype=np.bool_)
        if self.size == 1:
            mask[self._rows] = bool(places)
        elif places:
            wanted = np.zeros(self.size, dtype=np.bool_)
            wanted[places] = True
            mask[self._rows[wanted[self._codes]]] = True
        return mask

    @property
    def present(self) -> Mask:
        """The mask of the events that have a value."""
        mask = np.zeros(self.events, dtype=np.bool_)
        mask[self._rows] = True
        return mask

    def places(self, events: NDArray[np.intp]) -> list[tuple[int, int]]:
        """Return number and place of the value of those events that have exactly one."""
        rows, place = self._rows, np.zeros(self.events, dtype=np.int64)
        place[rows] = self._codes
        chosen = events[np.bincount(rows, minlength=self.events)[events] == 1]
        return list(zip(chosen.tolist(), place[chosen].tolist(), strict=True))

    @property
    def _rows(self) -> NDArray[Any]:
        return np.frombuffer(self.rows, ROW_TYPE) if self.rows else np.arange(self.events)

    @property
    def _codes(self) -> NDArray[Any]:
        if self.codes:
            return np.frombuffer(self.codes, code_type(self.size))
        return np.arange(self.size) if self.size > 1 else np.zeros(len(self._rows), np.uint8)


def code_type(count: int) -> type[np.unsignedinteger[Any]]:
    """Return the smallest type for indexes of ``count`` values."""
    if count <= 2**8:
        return np.uint8
    return np.uint16 if count <= 2**16 else np.uint32
