"""The chat page as people's browsers see it: the application, and whose sessions are kept.

Order of an application's filters: the first one whose query matches a session decides how many of its like are kept.
https://docs.datadoghq.com/real_user_monitoring/rum_without_limits/retention_filters/
"""

from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity
from infra.objectives import ORDINARY_SESSIONS_KEPT
from service.telemetry import ANSWER_RATED, WEB_SERVICE


@dataclass(frozen=True)
class RumArgs:
    """Whose page."""

    identity: Identity


class Rum(pulumi.ComponentResource):
    """``application_id`` and ``client_token`` are what the page starts the SDK with; both are readable by everybody."""

    application_id: pulumi.Output[str]
    client_token: pulumi.Output[str]

    def __init__(self, name: str, args: RumArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Rum", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        application = dd.RumApplication(
            f"{name}-application",
            name=f"{WEB_SERVICE} {args.identity.env}",
            type="browser",
            rum_event_processing_state="ALL",
            # Product Analytics keeps the events of product use for 15 months, however few sessions RUM keeps.
            product_analytics_retention_state="MAX",
            opts=child,
        )
        scope = f"service:{WEB_SERVICE} env:{args.identity.env}"
        kept = {
            # A page that failed for somebody is looked at session by session.
            "errors": ("session", f"{scope} @session.error.count:>0", 100.0),
            # Who took the trouble to rate an answer says something about it: kept with what was asked before.
            "rated": ("action", f"{scope} @action.name:{ANSWER_RATED}", 100.0),
            # Of the rest a sample is enough to compare with; metrics count all of them.
            "ordinary": ("session", scope, ORDINARY_SESSIONS_KEPT),
        }
        filters = [
            dd.RumRetentionFilter(
                f"{name}-{key}",
                application_id=application.id,
                name=args.identity.named(f"{key} sessions"),
                event_type=event,
                query=query,
                sample_rate=rate,
                enabled=True,
                opts=child,
            )
            for key, (event, query, rate) in kept.items()
        ]
        known = dd.get_rum_retention_filters_output(application_id=application.id).apply(
            lambda found: [one.id for one in found.retention_filters or ()]
        )
        # Of this application alone, so it stands here and not with the organisation's lists (infra/org/).
        dd.RumRetentionFiltersOrder(
            f"{name}-order",
            application_id=application.id,
            # A new application comes with filters of Datadog's own, and the order must name every one.
            retention_filter_ids=pulumi.Output.all(ours=[one.id for one in filters], known=known).apply(
                lambda ids: [*ids["ours"], *(one for one in ids["known"] if one not in ids["ours"])]
            ),
            opts=child,
        )
        self.application_id = application.id
        # The provider marks the token as a secret; every visitor of the page reads it in /config.js.
        self.client_token = pulumi.Output.unsecret(application.client_token)
        self.register_outputs({"application_id": self.application_id})
