"""All alerts of the stack, in the order in which their monitors are declared."""

from infra.observability.alerts import chat, cost, delivery, gemini, page, platform, quality, slo
from infra.observability.alerts.alert import Alert

ALERTS: tuple[Alert, ...] = (
    *chat.ALERTS,
    *gemini.ALERTS,
    *cost.ALERTS,
    *quality.ALERTS,
    *slo.ALERTS,
    *platform.ALERTS,
    *delivery.ALERTS,
    *page.ALERTS,
)
"""A composite stands after its members."""
