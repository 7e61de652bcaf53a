"""The program of the resources that all environments of a Datadog organisation share.

Its stack is ``org``, in the sandbox ``local``. Each of these resources exists once in an organisation: ordered lists,
settings, metrics' metadata, the software catalog. Two environments that declared them would conflict (409) or overwrite
each other's. An environment's own resources are declared in infra/, with the environment in their names.

Deploy it last and destroy it first: it reads the exports of the environments' stacks, and Datadog refuses metadata of a
metric that was never sent, so the service must have had traffic. docs/deploy.md has the commands.
"""
# ruff: noqa: E402  # the path and the SDK's import come first

import os
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path[:] = [str(FOLDER.parents[1]), *(entry for entry in sys.path if Path(entry or ".").resolve() != FOLDER)]

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
Orders("orders", OrderArgs(stacks, settings.index_order, settings.has))
GuardRails("guard-rails", GuardRailArgs(settings.environments, settings.on_demand_tests, settings.has))

# --- People ----------------------------------------------------------------------------------------------------------
if settings.has("on-call"):
    PagedPeople("paged", PagedPeopleArgs(stacks, settings.paged))

# --- Metrics: metadata, and metrics that Datadog computes -------------------------------------------------------------
if settings.has("metrics"):
    Metrics("metrics")
if settings.has("apm"):
    SpanMetrics("spans")
if settings.has("logs"):
    LogMetrics("logs")
if settings.has("rum"):
    RumMetrics("rum")
if settings.has("product-analytics"):
    ProductAnalytics("product-analytics", logs=settings.has("logs"))

# --- Software catalog ------------------------------------------------------------------------------------------------
if settings.has("service-map"):
    ServiceCatalog("catalog")
