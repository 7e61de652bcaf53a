"""The service's own parts: what it sends, keeps and cannot say."""

from infra.alert import Alert, Incident
from infra.objectives import (
    DROPPED_TEXTS,
    FAILED_WRITES,
    FRONT_ERRORS,
    ONE_STORY,
    SILENCE,
    STATE_FAILURES,
)

TELEMETRY_STOPS = Alert(
    key="telemetry-stops",
    title="no telemetry arrives",
    type="query alert",
    # By service, of which there is one: a group is known once it was heard, so that a new account is not an alert.
    query="sum(last_15m):sum:trace.flask.request.hits{$scope} by {service}.as_count() < $critical",
    limit=SILENCE,
    says="Nothing has arrived from {{service.name}} for 15 minutes, not even the health check's requests ($because).",
    impact="every other alert on the service's own telemetry is blind until it comes back.",
    look_first=(
        "Does the service answer? monitor health-fails, and `/health` itself",
        "Does the agent run? Cloud Run, the revision's containers and their log",
        "Was the key changed? Datadog, API keys, and the secret DD_API_KEY",
    ),
    priority=2,
    missing_data="default",
    incident=Incident("SEV-3", "availability"),
)

STATE_UNREADABLE = Alert(
    key="state-unreadable",
    title="the shared state cannot be read",
    type="query alert",
    query="sum(last_15m):default_zero(sum:llm.state.read_failures{$scope}.as_count()) > $critical",
    limit=STATE_FAILURES,
    says="The shared run-time state could not be read {{value}} times in 15 minutes; the limit is $limit ($because).",
    impact="a switch of the model or the cache reaches no instance: the remedies of other alerts do not work.",
    look_first=(
        "Why? `sum:llm.state.read_failures{$scope} by {reason}.as_count()`",
        "What does the error say? logs `service:$service env:$env @event:state_read_failed` by @error.message",
        "The bucket: Google Cloud console, Cloud Storage, the stack's output state_bucket",
    ),
    priority=2,
    missing_data="default",
)

TEXTS_DROPPED = Alert(
    key="texts-dropped",
    title="texts are dropped before they leave",
    type="query alert",
    query="sum(last_15m):default_zero(sum:llm.redaction.drops{$scope}.as_count()) > $critical",
    limit=DROPPED_TEXTS,
    says="{{value}} texts were dropped whole in 15 minutes; the limit is $limit ($because).",
    impact="no text of a user has leaked; traces and logs lack what was dropped.",
    look_first=(
        "Since a deploy? `sum:llm.redaction.drops{$scope} by {version}.as_count()`",
        "Longer prompts? `max:llm.chat.tokens{$scope,direction:input}`",
        "Which error? logs `service:$service env:$env status:error` by @error.kind",
    ),
    priority=4,
    missing_data="default",
)

WRITES_FAIL = Alert(
    key="writes-fail",
    title="writes to Datadog are given up",
    type="log alert",
    query=(
        'logs("service:$service env:$env @event:outbox @status:(given_up OR refused)").index("*").rollup("count")'
        '.by("@kind").last("15m") > $critical'
    ),
    limit=FAILED_WRITES,
    says="{{value}} writes of the kind {{[@kind].name}} did not reach Datadog in 15 minutes; the limit is $limit "
    "($because).",
    impact="what somebody asked the service to tell Datadog is not there.",
    look_first=(
        "Refused or given up? logs `service:$service env:$env @event:outbox` by @status",
        "A key that lost a permission? Datadog, service account llm-api, its application key",
        "Datadog itself? status.datadoghq.com",
    ),
    priority=3,
    missing_data="default",
)

FRONT_FAILS = Alert(
    key="front-fails",
    title="requests fail before they reach the service",
    type="query alert",
    query=(
        "sum(last_15m):default_zero("
        "sum:gcp.run.request_count{service_name:$service,project_id:$project,response_code_class:5xx}.as_count())"
        " / (sum:gcp.run.request_count{service_name:$service,project_id:$project}.as_count() + $guard) > $critical"
    ),
    limit=FRONT_ERRORS,
    says="Cloud Run answered {{value}} of the requests with 5xx in 15 minutes; the limit is $limit ($because).",
    impact="users see an error of Google's front: no instance was free, or one died with the request.",
    look_first=(
        "Does the service see them? `sum:trace.flask.request.errors{$scope}.as_count()`",
        "Instances at their limit? `sum:gcp.run.container.instance_count{service_name:$service} by {state}`",
        "One revision? "
        "`sum:gcp.run.request_count{service_name:$service,response_code_class:5xx} by {revision_name}.as_count()`",
    ),
    priority=2,
    missing_data="default",
    # Google's metrics arrive minutes late: without a delay the newest points are incomplete.
    delay_seconds=900,
)

WATCHDOG_TELLS = Alert(
    key="watchdog-tells",
    title="Watchdog tells a story",
    type="event-v2 alert",
    query=(
        'events("source:watchdog (story_category:apm OR story_category:logs) service:$service env:$env")'
        '.rollup("count").by("story_key").last("30m") > $critical'
    ),
    limit=ONE_STORY,
    says="Watchdog found something unusual: story {{story_key.name}} ($because).",
    impact="the story says what it concerns; no rule of ours looks at it yet.",
    look_first=(
        "What does it say? Watchdog, the story of this key",
        "Does any alert know it? Monitors, service:$service, triggered",
        "Since a deploy? `sum:trace.flask.request.hits{$scope} by {version}.as_count()`",
    ),
    priority=4,
    missing_data="default",
)

ALERTS = (TELEMETRY_STOPS, STATE_UNREADABLE, TEXTS_DROPPED, WRITES_FAIL, FRONT_FAILS, WATCHDOG_TELLS)
