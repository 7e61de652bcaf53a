"""What all environments share in one Datadog organisation, as a table of contents.

A stack of its own (``org``, in the sandbox ``local``), because each of these exists once in an organisation: ordered
lists, settings, metrics and their meaning, the software catalog. Two environments that declared them would collide
(409) or undo each other's. What is one environment's (its index, archive, pipelines, filters, monitors) is declared in
infra/ and has the environment in its name; what is here has not.

Deployed last, and destroyed first: it reads what the environments export (stack references), and Datadog refuses to
describe a metric that was never sent, so that the service must have answered once. docs/deploy.md has the commands.
"""
# ruff: noqa: E402  # the path and the SDK's import come first

import os
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path[:] = [str(FOLDER.parents[1]), *(one for one in sys.path if Path(one or ".").resolve() != FOLDER)]

if os.environ.get("FIREDRILL_LEAN_SDK") == "1":  # docs/lean-sdk.md
    from firedrill import lean_sdk

    lean_sdk.install()

from infra import contract
from infra.org import config
from infra.org.apm import SpanMetrics
from infra.org.environments import environments
from infra.org.guard_rails import GuardRailArgs, GuardRails
from infra.org.logs import LogMetrics
from infra.org.metrics import Metrics
from infra.org.orders import OrderArgs, Orders
from infra.org.paged_people import PagedPeople, PagedPeopleArgs
from infra.org.product_analytics import ProductAnalytics
from infra.org.rum import RumMetrics
from infra.org.service_catalog import ServiceCatalog

contract.enforce()
settings = config.load()

# --- Settings and ordered lists --------------------------------------------------------------------------------------
stacks = environments(settings.environments)
orders = Orders("orders", OrderArgs(stacks, settings.index_order))
guard_rails = GuardRails("guard-rails", GuardRailArgs(settings.environments, settings.on_demand_tests))

# --- People ----------------------------------------------------------------------------------------------------------
if "on-call" not in settings.products_off:
    people = PagedPeople("paged", PagedPeopleArgs(stacks, settings.paged))

# --- Metrics: what they mean, and those that Datadog computes --------------------------------------------------------
metrics = Metrics("metrics")
span_metrics = SpanMetrics("spans")
log_metrics = LogMetrics("logs")
rum_metrics = RumMetrics("rum")
product_analytics = ProductAnalytics("product-analytics")

# --- What the system is made of --------------------------------------------------------------------------------------
catalog = ServiceCatalog("catalog")
