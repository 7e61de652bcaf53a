"""The dashboard Service health: requests, errors, instances and deliveries."""

from infra.identity import Identity
from infra.objectives import ERROR_RATIO, SLOW_CHAT, format_number
from infra.observability.dashboards import widgets
from infra.observability.dashboards.board import Json, board
from infra.observability.dashboards.widgets import Widget

QUESTION = "Which requests fail or are slow, since which version, on which instances, with which errors?"


def body(identity: Identity) -> Json:
    """Return the body of the dashboard."""
    groups = [
        widgets.group("Which requests fail or are slow?", *requests(identity)),
        widgets.group("Which errors occur?", *errors()),
        widgets.group("Which instances run?", *instances()),
        widgets.group("What was delivered?", *delivery()),
    ]
    return board(identity, "Service health", QUESTION, groups, model=False)


def requests(identity: Identity) -> list[Widget]:
    """Return widgets on rate, errors and duration, by route and version."""
    hits = "sum:trace.flask.request.hits{$scope}.as_count()"
    return [
        widgets.lines(
            "How many requests, by route?",
            {"requests": "sum:trace.flask.request.hits{$scope} by {resource_name}.as_count()"},
            display="bars",
        ),
        widgets.lines(
            "What share of requests fails?",
            {"errors": "sum:trace.flask.request.errors{$scope}.as_count()", "requests": hits},
            "default_zero(errors) / requests",
            limit=ERROR_RATIO,
        ),
        widgets.value(
            "toplist",
            "Which routes fail?",
            "errors",
            {"errors": "sum:trace.flask.request.errors{$scope} by {resource_name}.as_count()"},
            aggregator="sum",
        ),
        widgets.lines(
            "How long do requests take, by route (p95, seconds)?",
            {"p95": "p95:trace.flask.request{$scope} by {resource_name}"},
        ),
        widgets.heatmap("How is request duration distributed?", "histogram:trace.flask.request{$scope}"),
        widgets.table(
            "Is the new version worse?",
            {
                "requests": ("sum:trace.flask.request.hits{$scope} by {version}.as_count()", "sum"),
                "errors": ("sum:trace.flask.request.errors{$scope} by {version}.as_count()", "sum"),
                "p95 (s)": ("p95:trace.flask.request{$scope} by {version}", "avg"),
            },
        ),
        widgets.lines(
            "How many requests per hour in a week?",
            {"requests": "sum:trace.flask.request.hits{$scope}.as_count().rollup(sum, 3600)"},
            "forecast(requests, 'seasonal', 1)",
        ),
        widgets.topology("What does the service depend on?", identity.service),
        widgets.stream(
            "Which requests were slow?",
            "trace_stream",
            f"operation_name:flask.request @duration:>{format_number(SLOW_CHAT.critical * 1e9)}",
            ["timestamp", "resource_name", "@duration", "@http.status_code"],
        ),
    ]


def errors() -> list[Widget]:
    """Return widgets on errors, failed writes, state reads and redaction."""
    return [
        widgets.stream("Which errors are new?", "issue_stream", "", ["issue", "status", "count", "first_seen"]),
        widgets.event_count("How many errors, by kind?", "logs", "status:error", "@error.kind"),
        widgets.stream(
            "Which patterns do error logs have?", "logs_pattern_stream", "status:error", ["volume", "message"]
        ),
        widgets.event_count("Do writes to Datadog arrive, by status?", "logs", "@event:outbox", "@status"),
        widgets.lines(
            "Are there failed reads of the shared state?",
            {"failures": "sum:llm.state.read_failures{$scope} by {reason}.as_count()"},
            display="bars",
        ),
        widgets.lines(
            "Are texts dropped by redaction?",
            {"drops": "sum:llm.redaction.drops{$scope}.as_count()"},
            display="bars",
        ),
    ]


def instances() -> list[Widget]:
    """Return widgets on Cloud Run, from Google's own metrics."""
    return [
        widgets.lines(
            "How many instances run?",
            {"instances": "sum:gcp.run.container.instance_count{$scope} by {revision_name,state}"},
        ),
        widgets.lines(
            "Which responses does Cloud Run send, by status class?",
            {"requests": "sum:gcp.run.request_count{$scope} by {response_code_class}.as_count()"},
            display="bars",
        ),
        widgets.note("Google's metrics arrive some minutes late: in an incident, trust the traces first."),
    ]


def delivery() -> list[Widget]:
    """Return widgets on pipelines and tests of the main branch."""
    return [
        widgets.stream(
            "Which pipelines ran on main?",
            "ci_pipeline_stream",
            "ci_level:pipeline @git.branch:main",
            ["@ci.status", "@ci.pipeline.name", "@git.commit.sha", "@duration"],
        ),
        widgets.event_count("Is main green?", "ci_pipelines", "ci_level:pipeline @git.branch:main", "@ci.status"),
        widgets.stream(
            "Which tests fail on main?",
            "ci_test_stream",
            "test_level:test @test.status:fail @git.branch:main",
            ["@test.name", "@test.suite", "@error.message"],
        ),
    ]
