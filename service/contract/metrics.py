"""All metrics together."""

from collections.abc import Mapping

from service.contract.derived import DERIVED, EXTERNAL
from service.contract.emitted import EMITTED
from service.contract.kinds import Metric

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in (*EMITTED, *DERIVED, *EXTERNAL)}
"""Every metric that a query may name."""
