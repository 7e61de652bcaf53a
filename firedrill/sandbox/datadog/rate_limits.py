"""Rate limits of an organisation: https://docs.datadoghq.com/api/latest/rate-limits/ .

Windows are aligned to the calendar, as the page says. It has stopped naming most numbers: those here are the ones that
it named last, and endpoints without one answer without the headers and are not limited.
"""

import math
import re
from dataclasses import dataclass

HOUR, MINUTE = 3600, 60


@dataclass(frozen=True)
class Limit:
    """At most ``limit`` requests in each window of ``period`` seconds."""

    name: str
    method: str
    path: re.Pattern[str]
    limit: int
    period: int


LIMITS = (
    Limit("metrics_list", "GET", re.compile(r"/api/v1/metrics"), 100, HOUR),
    Limit("logs_config", "", re.compile(r"/api/v[12]/logs/config/.*"), 6000, MINUTE),
)


class RateLimits:
    """How often each organisation has asked in the window that runs."""

    def __init__(self, limits: tuple[Limit, ...] = LIMITS) -> None:
        self._limits = limits
        self._used: dict[tuple[str, str], tuple[int, int]] = {}

    def count(self, org: str, method: str, path: str, now: float) -> tuple[dict[str, str], bool]:
        """Count a request: the headers of its answer, and whether it is one too many."""
        for one in self._limits:
            if one.method in ("", method) and one.path.fullmatch(path):
                return self._count(org, one, now)
        return {}, False

    def _count(self, org: str, one: Limit, now: float) -> tuple[dict[str, str], bool]:
        window = int(now // one.period)
        known, used = self._used.get((org, one.name), (window, 0))
        used = used + 1 if known == window else 1
        self._used[org, one.name] = (window, used)
        left, reset = max(0, one.limit - used), (window + 1) * one.period - now
        return rate_limit_headers(one.limit, one.period, left, reset, one.name), used > one.limit


def rate_limit_headers(limit: int, period: int, left: int, seconds: float, name: str) -> dict[str, str]:
    """The headers of a limited endpoint; ``seconds`` until the window ends."""
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Period": str(period),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": str(max(1, math.ceil(seconds))),
        "X-RateLimit-Name": name,
    }
