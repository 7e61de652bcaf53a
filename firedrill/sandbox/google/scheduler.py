"""Cloud Scheduler: the HTTP targets of the declared jobs are called when their schedules say so.

Calls of Google's own API carry their account's token; those of services carry none, since nothing here signs one: a
service of the sandbox takes calls of this machine.
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
from firedrill.sandbox.settings import ACCOUNT_TOKEN
from firedrill.sandbox.this_machine import GOOGLE, LOOPBACK

log = logging.getLogger(__name__)

KIND = "gcp:cloudscheduler/job:Job"
FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""Minute, hour, day of the month, month, day of the week (0 and 7 are Sunday)."""


class WrongSchedule(ValueError):
    """Not five fields of numbers, ranges, lists, steps and ``*``."""


async def run(database: Database, http: httpx.AsyncClient, google_url: str) -> None:
    """Call what is due at each full minute, for ever. Google's own hosts are ``google_url``."""
    calls: set[asyncio.Task[None]] = set()
    while True:
        await asyncio.sleep(60 - time.time() % 60)
        for row in database.rows("SELECT id, properties FROM resources WHERE kind = ?", (KIND,)):
            job = json.loads(row["properties"])
            if not job.get("paused") and job.get("httpTarget") and _due(row["id"], job):
                task = asyncio.create_task(_call(row["id"], job, http, google_url))
                calls.add(task)
                task.add_done_callback(calls.discard)


def _due(name: str, job: dict[str, Any]) -> bool:
    try:
        return matches(job.get("schedule") or "", datetime.now(ZoneInfo(job.get("timeZone") or "Etc/UTC")))
    except (WrongSchedule, KeyError) as error:
        log.warning("job %s is not called: %s", name, error)
        return False


async def _call(name: str, job: dict[str, Any], http: httpx.AsyncClient, google_url: str) -> None:
    target = job["httpTarget"]
    url = here(target["uri"], google_url)
    if url is None:
        log.warning("job %s: %s is not on this machine, and nothing here reaches further", name, target["uri"])
        return
    body = base64.b64decode(target.get("body") or "")
    seconds = float((job.get("attemptDeadline") or "180s").removesuffix("s"))
    method, headers = target.get("httpMethod") or "POST", dict(target.get("headers") or {})
    if account := (target.get("oauthToken") or {}).get("serviceAccountEmail"):
        headers["Authorization"] = f"Bearer {ACCOUNT_TOKEN}{account}"
    try:
        answer = await http.request(method, url, content=body, headers=headers, timeout=seconds)
    except httpx.HTTPError as error:
        log.warning("job %s: %s %s: %s", name, method, target["uri"], type(error).__name__)
        return
    if answer.is_error:
        log.warning("job %s: %s %s answered %d", name, method, target["uri"], answer.status_code)


def here(uri: str, google_url: str) -> str | None:
    """Where a target is on this machine; None when it is not."""
    url, google = httpx.URL(uri), httpx.URL(google_url)
    if url.host in LOOPBACK or url.host.endswith(".localhost"):
        return uri
    if url.host.endswith(GOOGLE):
        return str(url.copy_with(scheme=google.scheme, host=google.host, port=google.port))
    return None


def matches(schedule: str, now: datetime) -> bool:
    """Whether a schedule in cron's form names this minute. Raises :class:`WrongSchedule`."""
    fields = schedule.split()
    if len(fields) != len(FIELDS):
        raise WrongSchedule(f"{schedule!r} has not five fields")
    day = now.isoweekday() % 7
    minute, hour, of_month, month, of_week = (
        _names(field, low, high) for field, (low, high) in zip(fields, FIELDS, strict=True)
    )
    in_month, in_week = now.day in of_month, bool({day, day or 7} & of_week)
    # Where both days are told, either is enough.
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    days = in_month or in_week if either else in_month and in_week
    return now.minute in minute and now.hour in hour and now.month in month and days


def _names(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        values, _, step = part.partition("/")
        first, _, last = values.partition("-")
        try:
            begin = low if values == "*" else int(first)
            end = high if values == "*" or (step and not last) else int(last or first)
            found |= set(range(begin, end + 1, int(step or 1)))
        except ValueError:
            raise WrongSchedule(f"{field!r} is not understood") from None
        if not low <= begin <= end <= high:
            raise WrongSchedule(f"{field!r} is not within {low}-{high}")
    return found
