"""Rate limits of an organisation: https://docs.datadoghq.com/api/latest/rate-limits/ .

Windows are aligned to the calendar, as the page says. The page no longer names most limits: those here are the last
that it named. Endpoints without a limit respond without the headers.
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
    """Requests of each organisation in the current window."""

    def __init__(self, limits: tuple[Limit, ...] = LIMITS) -> None:
        self._limits = limits
        self._used: dict[tuple[str, str], tuple[int, int]] = {}

    def count(self, org: str, method: str, path: str, now: float) -> tuple[dict[str, str], bool]:
        """Count a request; return the headers of its response and whether it exceeds the limit."""
        for limit in self._limits:
            if limit.method in ("", method) and limit.path.fullmatch(path):
                return self._count(org, limit, now)
        return {}, False

    def _count(self, org: str, limit: Limit, now: float) -> tuple[dict[str, str], bool]:
        window = int(now // limit.period)
        counted_window, used = self._used.get((org, limit.name), (window, 0))
        used = used + 1 if counted_window == window else 1
        self._used[org, limit.name] = (window, used)
        left, reset = max(0, limit.limit - used), (window + 1) * limit.period - now
        return rate_limit_headers(limit.limit, limit.period, left, reset, limit.name), used > limit.limit


def rate_limit_headers(limit: int, period: int, left: int, seconds: float, name: str) -> dict[str, str]:
    """Return the headers of a rate-limited endpoint; ``seconds`` until the window ends."""
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Period": str(period),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": str(max(1, math.ceil(seconds))),
        "X-RateLimit-Name": name,
    }
