"""Cloud Scheduler: calls the HTTP targets of the declared jobs on schedule.

Calls to Google's own APIs carry the job's service account as their token. Calls to services carry no token, because
the sandbox signs none; its services accept calls from this machine.
https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules
"""

import asyncio
import base64
import json
import logging
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from firedrill.sandbox.google.database import Database
from firedrill.sandbox.this_machine import GOOGLE, LOOPBACK
from firedrill.settings import ACCOUNT_TOKEN

log = logging.getLogger(__name__)

KIND = "gcp:cloudscheduler/job:Job"
FIELD_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""Ranges of minute, hour, day of the month, month, day of the week (0 and 7 are Sunday)."""


class InvalidSchedule(ValueError):
    """A schedule that is not five fields of numbers, ranges, lists, steps and ``*``."""


async def run(database: Database, http: httpx.AsyncClient, google_url: str) -> None:
    """Call the jobs that are due at each full minute, until cancelled; ``google_url`` stands for Google's hosts."""
    calls: set[asyncio.Task[None]] = set()
    while True:
        await asyncio.sleep(60 - time.time() % 60)
        for row in database.rows("SELECT id, properties FROM resources WHERE kind = ?", (KIND,)):
            job = json.loads(row["properties"])
            if not job.get("paused") and job.get("httpTarget") and _is_due(row["id"], job):
                task = asyncio.create_task(_call(row["id"], job, http, google_url))
                calls.add(task)
                task.add_done_callback(calls.discard)


def _is_due(name: str, job: dict[str, Any]) -> bool:
    try:
        return matches(job.get("schedule") or "", datetime.now(ZoneInfo(job.get("timeZone") or "Etc/UTC")))
    except (InvalidSchedule, KeyError) as error:
        log.warning("scheduler job %s not called: %s", name, error)
        return False


async def _call(name: str, job: dict[str, Any], http: httpx.AsyncClient, google_url: str) -> None:
    target = job["httpTarget"]
    url = local_url(target["uri"], google_url)
    if url is None:
        log.warning("scheduler job %s not called: %s is not on this machine", name, target["uri"])
        return
    body = base64.b64decode(target.get("body") or "")
    seconds = float((job.get("attemptDeadline") or "180s").removesuffix("s"))
    method, headers = target.get("httpMethod") or "POST", dict(target.get("headers") or {})
    if account := (target.get("oauthToken") or {}).get("serviceAccountEmail"):
        headers["Authorization"] = f"Bearer {ACCOUNT_TOKEN}{account}"
    try:
        response = await http.request(method, url, content=body, headers=headers, timeout=seconds)
    except httpx.HTTPError as error:
        log.warning("scheduler job %s: %s %s failed: %s", name, method, target["uri"], type(error).__name__)
        return
    if response.is_error:
        log.warning("scheduler job %s: %s %s returned %d", name, method, target["uri"], response.status_code)


def local_url(uri: str, google_url: str) -> str | None:
    """Return a target's URL on this machine, or None when it is elsewhere."""
    url, google = httpx.URL(uri), httpx.URL(google_url)
    if url.host in LOOPBACK or url.host.endswith(".localhost"):
        return uri
    if url.host.endswith(GOOGLE):
        return str(url.copy_with(scheme=google.scheme, host=google.host, port=google.port))
    return None


def matches(schedule: str, now: datetime) -> bool:
    """Return whether a cron schedule includes this minute. Raises :class:`InvalidSchedule`."""
    fields = schedule.split()
    if len(fields) != len(FIELD_RANGES):
        raise InvalidSchedule(f"{schedule!r} does not have five fields")
    day = now.isoweekday() % 7
    minute, hour, of_month, month, of_week = (
        _field_values(field, low, high) for field, (low, high) in zip(fields, FIELD_RANGES, strict=True)
    )
    in_month, in_week = now.day in of_month, bool({day, day or 7} & of_week)
    # As in cron: where both days are restricted, either is enough.
    either_day = not fields[2].startswith("*") and not fields[4].startswith("*")
    days = in_month or in_week if either_day else in_month and in_week
    return now.minute in minute and now.hour in hour and now.month in month and days


def _field_values(field: str, low: int, high: int) -> set[int]:
    values_named: set[int] = set()
    for part in field.split(","):
        values, _, step = part.partition("/")
        first, _, last = values.partition("-")
        try:
            begin = low if values == "*" else int(first)
            end = high if values == "*" or (step and not last) else int(last or first)
            values_named |= set(range(begin, end + 1, int(step or 1)))
        except ValueError:
            raise InvalidSchedule(f"{field!r} is not a number, range, list or step") from None
        if not low <= begin <= end <= high:
            raise InvalidSchedule(f"{field!r} is not within {low}-{high}")
    return values_named
