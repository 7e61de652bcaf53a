"""The telemetry contract: everything that the service emits, declared once, as data.

It needs only the standard library. The service emits through it (:mod:`service.telemetry.emission`), and the stack, its
policies and proofs check every query against it. A metric is *emitted* (the service sends it), *derived* (Datadog
computes it from ``origin``, which the service sends) or *external* (another system, ``origin``, sends it).

On Cloud Run the agent takes custom metrics of type distribution only, so every emitted metric is sent as one
(``Metric.type``), whatever its kind: a Count as the amount that it grew by, read with ``sum:NAME{...}.as_count()``.
https://docs.datadoghq.com/serverless/google_cloud_run/

A new metric goes into contract/emitted.py, a field of a log line into contract/logs.py. The other modules of this
package emit: :mod:`.chat_record` the record of a chat; :mod:`.process` sets up what the tracer and the log add, redact
and withhold.
"""

# ruff: noqa: F403
from service.telemetry.contract.derived import *
from service.telemetry.contract.emitted import *
from service.telemetry.contract.events import *
from service.telemetry.contract.kinds import *
from service.telemetry.contract.logs import *
from service.telemetry.contract.metrics import *
from service.telemetry.contract.spans import *
from service.telemetry.contract.tags import *
