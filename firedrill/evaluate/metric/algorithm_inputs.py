"""Input and output of the approximated algorithms: arguments of the call, history of the query, values by group."""

import re
from dataclasses import dataclass

import numpy as np

from firedrill.evaluate.metric.buckets import buckets
from firedrill.evaluate.metric.table import GroupKey, Table
from firedrill.evaluate.model import Refused
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.query.build import parse_window
from firedrill.query.tree import NOWHERE, Call, Expression, Keyword, Number, QueryName, QuotedString

MAD_TO_DEVIATION = 1.4826
"""Factor from the median absolute deviation to a standard deviation of normal values."""

LENGTH = re.compile(r"(last_)?[0-9]{1,6}(mo|m|h|d|w)")
HOUR, DAY, WEEK = 3600, 86400, 604800
MIN_POINTS = 3


@dataclass(frozen=True)
class Arguments:
    """The arguments of a call after its query: positional texts and numbers, and keywords."""

    positional: list[str]
    keywords: dict[str, str]

    @classmethod
    def from_call(cls, call: Call) -> "Arguments":
        """Read the arguments of a call. Raises :class:`Refused` for anything but texts and numbers."""
        positional, keywords = [], {}
        for argument in call.arguments[1:]:
            value = argument.value if isinstance(argument, Keyword) else argument
            match value:
                case QuotedString():
                    text = value.value
                case Number():
                    text = value.text
                case QueryName():
                    text = value.name
                case _:
                    raise Refused(f"{call.name}()", "takes texts and numbers after its query")
            if isinstance(argument, Keyword):
                keywords[argument.name] = text
            else:
                positional.append(text)
        return cls(positional, keywords)

    def text(self, position: int, default: str) -> str:
        """Return a positional text."""
        return self.positional[position] if len(self.positional) > position else default

    def number(self, position: int, default: float) -> float:
        """Return a positional number."""
        if len(self.positional) <= position:
            return default
        try:
            return float(self.positional[position])
        except ValueError as error:
            raise Refused(f"argument {position + 2}", f"{self.positional[position]!r} is not a number") from error

    def seconds(self, name: str, default: int) -> int:
        """Return the seconds of a keyword's length: ``60``, ``'60m'`` or ``'last_15m'``."""
        text = self.keywords.get(name)
        if text is None:
            return default
        if text.isdecimal():
            return int(text)
        if not LENGTH.fullmatch(text):
            raise Refused(name, f"{text!r} is not a length such as 60, '60m' or 'last_15m'")
        return parse_window(text, NOWHERE).seconds


@dataclass(frozen=True)
class AlgorithmResult:
    """Values of each group (rows) at each evaluation, and the time of the last bucket with a point in each window."""

    values: FloatArray
    keys: tuple[GroupKey, ...]
    by: GroupKey
    latest: FloatArray


def read_history(
    query: Expression, telemetry: Telemetry, start: float, end: float, seconds: int
) -> tuple[Table, FloatArray]:
    """Return the query's points in buckets from start to end, and the buckets' ends."""
    first, last = np.floor(start / seconds) * seconds, np.floor(end / seconds) * seconds
    table, ends, _ = buckets(query, telemetry, float(first), float(last), seconds)
    return table, ends


def latest_bucket(values: FloatArray, ends: FloatArray, times: FloatArray, length: float) -> FloatArray:
    """Return the end of the last bucket with a point in each window; minus infinity for an empty window."""
    result = np.full((values.shape[0], times.size), -np.inf)
    for row, points in enumerate(values):
        filled = ends[~np.isnan(points)]
        position = np.searchsorted(filled, times, side="right") - 1
        latest = np.where(position >= 0, filled[np.maximum(position, 0)] if filled.size else -np.inf, -np.inf)
        result[row] = np.where(latest > times - length, latest, -np.inf)
    return result
