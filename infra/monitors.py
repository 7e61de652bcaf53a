"""The stack's alerts, in the order of registration. Each says what happened, from which telemetry, against which
objective, and who cares; those about one thing stand together in a file ``monitors_*.py``."""

from infra import (
    monitors_chat,
    monitors_cost,
    monitors_delivery,
    monitors_gemini,
    monitors_page,
    monitors_platform,
    monitors_quality,
    monitors_slo,
)
from infra.alert import Alert
from infra.identity import Identity
from infra.objectives import SLOW_CHAT
from service.telemetry import WEB_SERVICE

ALERTS: tuple[Alert, ...] = (
    *monitors_chat.ALERTS,
    *monitors_gemini.ALERTS,
    *monitors_cost.ALERTS,
    *monitors_quality.ALERTS,
    *monitors_slo.ALERTS,
    *monitors_platform.ALERTS,
    *monitors_delivery.ALERTS,
    *monitors_page.ALERTS,
)
"""A composite after its members."""


def health_message(identity: Identity, runbooks: str, pager: str) -> str:
    """The text of the synthetic test's own monitor: the one alert that works when the service sends nothing at all."""
    return _outside(
        "/health did not answer 200 in time from two places outside.",
        "users cannot reach the service, whatever its own telemetry says.",
        (
            "Does a revision run? Cloud Run, service llm-api, revisions and their log",
            f"Does it still send? `sum:trace.flask.request.hits{{{identity.scope}}}.as_count()`",
            f"Was something deployed? `sum:trace.flask.request.hits{{{identity.scope}}} by {{version}}.as_count()`",
        ),
        f"{runbooks}/health-fails.md",
        f"Calling {pager}",
    )


def chat_message(identity: Identity, runbooks: str) -> str:
    """Of the test that asks and asks again. A ticket: when many users have no answer, a burn rate pages."""
    return _outside(
        f"Two places outside asked twice and did not get two whole answers, each within {SLOW_CHAT}, of which the "
        "second knew the first.",
        "people wait too long, get no answer, or a chat forgets what was said before.",
        (
            "Which step, and which assertion? The test's results",
            f"Other callers too? `sum:llm.chat.requests{{{identity.scope}}} by {{feature,outcome}}.as_count()`",
            f"The memory alone? `sum:llm.state.read_failures{{{identity.scope}}}.as_count()`",
        ),
        f"{runbooks}/chat-fails-from-outside.md",
        f"Telling @{identity.team}",
    )


def page_message(identity: Identity, runbooks: str) -> str:
    """Of the test that asks on the chat page in a browser. A ticket, as the page's other alerts are."""
    return _outside(
        "From two places outside a browser opened the chat page, asked, and saw no whole answer.",
        "people look at a page that does nothing, while the API may be well.",
        (
            "Which step? The test's results, with a picture of each",
            "Does the API answer? The test of a chat from outside",
            f"Do people's browsers fail too? RUM, errors of `service:{WEB_SERVICE} env:{identity.env}`",
        ),
        f"{runbooks}/page-fails-from-outside.md",
        f"Telling @{identity.team}",
    )


def operations_message(identity: Identity, runbooks: str) -> str:
    """Of the test that shows its key at the operations API. A ticket: nobody waits for it before an incident does."""
    return _outside(
        "From two places outside the operations API did not open to the reader's key alone, as far as it should.",
        "workflows and people are refused in the middle of an incident, or anybody can look and write.",
        (
            "Which step? 1: its key is refused, 2: a wrong key is not, 3: the reader's key may write",
            f"Who is refused? Logs, `service:{identity.service} env:{identity.env} @http.status_code:(401 OR 403)`",
            "Was a key changed in one place only? Audit trail, and versions of the secret in Secret Manager",
        ),
        f"{runbooks}/operations-refused.md",
        f"Telling @{identity.team}",
    )


def _outside(says: str, impact: str, look_first: tuple[str, ...], runbook: str, telling: str) -> str:
    """``telling``: the verb and the handle of whoever is told."""
    handle = telling.partition(" ")[2]
    return "\n".join(
        [
            says,
            "",
            f"**Impact**: {impact}",
            "",
            "**Look first**",
            *(f"{number}. {look}" for number, look in enumerate(look_first, 1)),
            "",
            f"**Runbook**: {runbook}",
            "",
            f"{{{{#is_alert}}}}{telling} {{{{/is_alert}}}}",
            f"{{{{#is_recovery}}}}Answers again, telling {handle} {{{{/is_recovery}}}}",
        ]
    )
