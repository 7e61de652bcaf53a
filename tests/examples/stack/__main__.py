"""The alerts of three services, each checked against the contract of what that service emits."""

from pathlib import Path

import pulumi

from firedrill.contract.check import contract_faults
from firedrill.contract.contract import load_contract
from infra.identity import Identity
from infra.observability.alerts.monitors import Alerts, AlertsArgs
from infra.observability.teams import Team, TeamArgs
from tests.examples.stack.bookings import BOOKINGS
from tests.examples.stack.orders import ORDERS
from tests.examples.stack.thumbnails import THUMBNAILS

SERVICES = {"orders": ORDERS, "thumbnails": THUMBNAILS, "bookings": BOOKINGS}
EXAMPLES = Path(__file__).parents[1]
RUNBOOKS = "https://github.com/example/shop/blob/main/docs/runbooks"
contracts = {service: load_contract(EXAMPLES / service / "contract.yaml") for service in SERVICES}


def refuse_unknown(args: pulumi.ResourceTransformationArgs) -> None:
    """Refuse a monitor that reads what its service does not emit."""
    service = next((name for name, alerts in SERVICES.items() if args.name in {alert.key for alert in alerts}), None)
    if service is not None:
        for fault in contract_faults(contracts[service], {"type": args.props["type"], "query": args.props["query"]}):
            raise pulumi.RunError(f"Monitor {args.name!r} of {service}: {fault}")


pulumi.runtime.register_stack_transformation(refuse_unknown)
env = pulumi.Config().require("env")
Team("shop-team", TeamArgs(Identity(env, "1"), ("ann@example.com",), RUNBOOKS))
for service, alerts in SERVICES.items():
    arguments = AlertsArgs(
        Identity(env, "1", service),
        "shop",
        alerts,
        slo_ids={},
        runbooks=RUNBOOKS,
        primary="",
        fallback="",
        site="datadoghq.eu",
        pager="@llm-platform",
        workflows=frozenset(),
    )
    Alerts(f"{service}-alerts", arguments)
