"""All metrics together."""

from collections.abc import Mapping

from service.telemetry.contract.derived import DERIVED, EXTERNAL
from service.telemetry.contract.emitted import EMITTED
from service.telemetry.contract.kinds import Metric

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in (*EMITTED, *DERIVED, *EXTERNAL)}
"""Every metric that a query may name."""
