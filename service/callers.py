"""Who a chat is for: a caller by hash, a feature by name. What callers say of themselves becomes a few fixed values."""

import hashlib
from dataclasses import dataclass

from flask import Request, g

from service.identity import Known, known
from service.problems import Unavailable
from service.settings import Settings
from service.telemetry import CALLER_BUCKETS, FEATURE

HEADER = "X-Caller-Id"
FEATURE_HEADER = "X-Feature"


@dataclass(frozen=True)
class Caller:
    """``key`` tells callers apart, for their budgets; ``bucket`` is what telemetry may say."""

    key: str
    bucket: str


def caller_of(request: Request, settings: Settings) -> Caller:
    """The caller: who the request's token says, else its address as Cloud Run's front saw it.

    What a request calls itself (:data:`HEADER`) counts only where everybody is trusted (the sandbox), or from the role
    operate, which speaks for others: else anybody could spend another's budget, or have a new one for each chat.
    """
    if "caller" not in g:  # a request has one, and it may take a look at Google's keys
        g.caller = _caller(request, settings)
    found: Caller = g.caller
    return found


def _caller(request: Request, settings: Settings) -> Caller:
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    named = request.headers.get(HEADER, "").strip()
    who = forwarded or request.remote_addr or ""
    if settings.api_auth == "loopback":
        who = named or who
    elif sender := _sender(request, settings):
        who = named if named and sender.role == "operate" else f"known: {sender.name}"
    digest = hashlib.sha256(who.encode()).digest()
    # Many callers share a bucket, so that none can be told from it.
    return Caller(digest[:16].hex(), f"{int.from_bytes(digest[16:20]) % CALLER_BUCKETS:02d}")


def _sender(request: Request, settings: Settings) -> Known | None:
    """Who the token says; a chat needs none, so one that cannot be looked at now is as good as none."""
    try:
        return known(settings, request.headers.get("Authorization", ""))
    except Unavailable:
        return None


def feature_of(request: Request) -> str:
    """What the chat is for: ``api`` unless the caller names another one, ``other`` for a name nobody declared."""
    named = request.headers.get(FEATURE_HEADER, "").strip() or "api"
    return named if named in FEATURE.values else "other"
