"""The telemetry contract: everything that the service says about itself, declared once, as data.

Standard library only: the service emits through it (:mod:`service.emission`), and the stack, its policies and proofs
read it to check every query. A metric is *emitted* (the service sends it), *derived* (Datadog computes it from what
the service sends: ``origin`` says from what) or *external* (another system sends it: ``origin`` says which).

On Cloud Run the agent takes custom metrics of type distribution only, so that every emitted metric travels as one
(``Metric.type``), whatever its kind: a Count as the amount that it grew by, read with ``sum:NAME{...}.as_count()``.
https://docs.datadoghq.com/serverless/google_cloud_run/

Its parts stand in service/contract/: a metric that is new goes into emitted.py, a field of a log line into logs.py.
"""

# ruff: noqa: F403
from service.contract.derived import *
from service.contract.emitted import *
from service.contract.events import *
from service.contract.kinds import *
from service.contract.logs import *
from service.contract.metrics import *
from service.contract.spans import *
from service.contract.tags import *
