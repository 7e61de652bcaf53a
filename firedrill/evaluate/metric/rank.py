"""``top()`` and its short forms: the first groups by a summary of their points (docs: dashboards/functions/rank)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from firedrill.evaluate.metric.functions import last_index
from firedrill.evaluate.model import Refused
from firedrill.evaluate.telemetry import FloatArray
from firedrill.query.functions import RANKS
from firedrill.query.tree import Call, Number, QuotedString


@dataclass(frozen=True)
class Rank:
    """The number of groups that stay, the summary that ranks them, and whether the largest come first."""

    count: int
    by: str
    largest: bool

    @classmethod
    def from_call(cls, call: Call) -> "Rank | None":
        """Read ``top(q, 10, 'mean', 'desc')`` or ``bottom10_min(q)``; None for any other function."""
        short = RANKS.fullmatch(call.name.text)
        if short is not None and short["count"]:
            return cls(int(short["count"]), short["by"] or "mean", short["end"] == "top")
        if call.name.text != "top":
            return None
        count, *texts = call.arguments[1:]
        words = [text.value for text in texts if isinstance(text, QuotedString)]
        by, direction = [*words, *("mean", "desc")[len(words) :]]
        if not isinstance(count, Number) or by not in _SUMMARIES or direction not in {"asc", "desc"}:
            raise Refused("top()", f"takes a number, one of {', '.join(_SUMMARIES)}, and asc or desc")
        return cls(int(count.value), by, direction == "desc")

    def keeps(self, values: FloatArray, seconds: float) -> FloatArray:
        """Return the values (groups first, points last) of the groups that rank high enough; NaN for the others.

        Groups of the same rank stay in the order of their names. A group without a point has no rank.
        """
        has_point = ~np.isnan(values).all(axis=-1)
        summary = _SUMMARIES[self.by](np.where(np.isnan(values), 0.0, values), ~np.isnan(values), seconds)
        order = np.argsort(np.where(has_point, -summary if self.largest else summary, np.inf), axis=0, kind="stable")
        place = np.argsort(order, axis=0, kind="stable")
        return np.where(((place < self.count) & has_point)[..., None], values, np.nan)


Summary = Callable[[FloatArray, np.ndarray, float], FloatArray]


def _last(values: FloatArray, present: np.ndarray, _seconds: float) -> FloatArray:
    place = last_index(np.where(present, values, np.nan))[..., -1:]
    return np.take_along_axis(values, np.maximum(place, 0), axis=-1)[..., 0]


_SUMMARIES: dict[str, Summary] = {
    "mean": lambda values, present, _: values.sum(axis=-1) / np.maximum(present.sum(axis=-1), 1),
    "max": lambda values, present, _: np.where(present, values, -np.inf).max(axis=-1),
    "min": lambda values, present, _: np.where(present, values, np.inf).min(axis=-1),
    "sum": lambda values, _present, _: values.sum(axis=-1),
    "last": _last,
    "l2norm": lambda values, _present, _: np.sqrt((values**2).sum(axis=-1)),
    "area": lambda values, _present, seconds: values.sum(axis=-1) * seconds,
}
