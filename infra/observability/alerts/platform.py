"""Alerts on the service's own parts: telemetry, shared state, redaction, writes to Datadog, Cloud Run."""

from infra.objectives import Threshold
from infra.observability.alerts.alert import Alert, Incident

ALERTS = (
    Alert(
        key="telemetry-stops",
        title="No telemetry: fewer than $limit",
        type="query alert",
        # By service, of which there is one: a group exists once it had data, so that a new account does not alert.
        query="sum(last_15m):sum:trace.flask.request.hits{$scope} by {service}.as_count() < $critical",
        limit=Threshold(1, "request in 15 minutes", because="the health check alone sends a request every minute"),
        description="No request from {{service.name}} was reported for 15 minutes, not even the health check's.",
        impact="every other alert on the service's own telemetry is blind.",
        look_first=(
            "Does the service answer? monitor health-fails, and `/health` itself",
            "Does the agent run? Cloud Run, the revision's containers and their logs",
            "Was the key changed? Datadog, API keys, and the secret DD_API_KEY",
        ),
        priority=2,
        missing_data="default",
        incident=Incident("SEV-3", "availability"),
    ),
    Alert(
        key="signal-no-chat-lines",
        title="Signal: log lines of chats fewer than $limit",
        type="log alert",
        query='logs("service:$service env:$env @event:chat").index("*").rollup("count").last("1h") < $critical',
        limit=Threshold(1, "in an hour", because="every chat writes a line, and one in ten of the cached is kept"),
        description="No log line of a chat arrived for an hour.",
        priority=4,
        missing_data="default",
        signal=True,
    ),
    Alert(
        key="logs-vanish",
        title="Chats without log lines",
        type="composite",
        query="$signal_no_chat_lines && $signal_enough_chats && !$signal_no_chats",
        description="Metrics count chats, and no log line of a chat arrived for an hour.",
        impact="alerts on log lines are blind, gemini-throttled first, and an incident has no logs to read.",
        look_first=(
            "Are they written? Cloud Logging, the service's container",
            "Are they dropped? Datadog, the index's daily limit and exclusion filters",
            "Renamed? logs `service:$service env:$env -@event:*`",
        ),
        priority=3,
    ),
    Alert(
        key="state-unreadable",
        title="Shared state read failures above $limit",
        type="query alert",
        query="sum(last_15m):default_zero(sum:llm.state.read_failures{$scope}.as_count()) > $critical",
        limit=Threshold(
            5,
            "in 15 minutes",
            warning=2,
            recovery=1,
            because="instances go on with the last state that they read, and miss a switch of the model",
        ),
        description="The shared run-time state could not be read {{value}} times in the last 15 minutes.",
        impact="a switch of the model or the cache reaches no instance: the workflows of other alerts have no effect.",
        look_first=(
            "Why? `sum:llm.state.read_failures{$scope} by {reason}.as_count()`",
            "Which error? logs `service:$service env:$env @event:state_read_failed` by @error.message",
            "The bucket: Google Cloud console, Cloud Storage, the stack's output state_bucket",
        ),
        priority=2,
        missing_data="default",
    ),
    Alert(
        key="texts-dropped",
        title="Texts dropped by redaction: more than $limit",
        type="query alert",
        query="sum(last_15m):default_zero(sum:llm.redaction.drops{$scope}.as_count()) > $critical",
        limit=Threshold(
            3,
            "in 15 minutes",
            warning=1,
            recovery=1,
            because="the redactor failed or a text was too long, and its content is missing from telemetry",
        ),
        description="The redactor dropped {{value}} texts in the last 15 minutes.",
        impact="no user's text has leaked, but traces and logs lack what was dropped.",
        look_first=(
            "Since a deployment? `sum:llm.redaction.drops{$scope} by {version}.as_count()`",
            "Longer prompts? `max:llm.chat.tokens{$scope,direction:input}`",
            "Which error? logs `service:$service env:$env status:error` by @error.kind",
        ),
        priority=4,
        missing_data="default",
    ),
    Alert(
        key="writes-fail",
        title="Failed writes to Datadog: more than $limit by kind",
        type="log alert",
        query=(
            'logs("service:$service env:$env @event:outbox @status:(given_up OR refused)").index("*").rollup("count")'
            '.by("@kind").last("15m") > $critical'
        ),
        limit=Threshold(
            5,
            "in 15 minutes",
            warning=2,
            recovery=1,
            because="an incident, a page or a notebook that a caller asked for was not created",
        ),
        description="{{value}} writes of kind {{[@kind].name}} did not reach Datadog in the last 15 minutes.",
        impact="incidents, pages or notebooks that callers requested are missing in Datadog.",
        look_first=(
            "Refused or given up? logs `service:$service env:$env @event:outbox` by @status",
            "A key without its permission? Datadog, service account llm-api, its application key",
            "A Datadog outage? status.datadoghq.com",
        ),
        priority=3,
        missing_data="default",
    ),
    Alert(
        key="front-fails",
        title="Cloud Run 5xx responses above $limit",
        type="query alert",
        query=(
            "sum(last_15m):default_zero("
            "sum:gcp.run.request_count{service_name:$service,project_id:$project,response_code_class:5xx}.as_count())"
            " / (sum:gcp.run.request_count{service_name:$service,project_id:$project}.as_count() + $guard) > $critical"
        ),
        limit=Threshold(
            0.05,
            "of requests",
            warning=0.02,
            recovery=0.02,
            guard=20,
            because="some of these requests never reach the service, so that only Cloud Run counts them",
        ),
        description="The share of requests that Cloud Run answered with 5xx was {{value}} over the last 15 minutes.",
        impact="users see an error page of Google's: no instance was free, or one died during the request.",
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
    ),
    Alert(
        key="watchdog-tells",
        title="Watchdog found an anomaly in traces or logs",
        type="event-v2 alert",
        query=(
            'events("source:watchdog (story_category:apm OR story_category:logs) service:$service env:$env")'
            '.rollup("count").by("story_key").last("30m") > $critical'
        ),
        limit=Threshold(0, "stories", because="Watchdog reports only what it is sure of"),
        description="Watchdog found an anomaly: story {{story_key.name}}.",
        impact="see the story; none of our own alerts covers it yet.",
        look_first=(
            "What is it? Watchdog, the story of this key",
            "Does another alert cover it? Monitors, service:$service, triggered",
            "Since a deployment? `sum:trace.flask.request.hits{$scope} by {version}.as_count()`",
        ),
        priority=4,
        missing_data="default",
    ),
)
