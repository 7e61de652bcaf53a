"""The service: which requests fail or are slow, since which version, on which instances, and what do its errors say?"""

from infra.dashboards import widgets
from infra.dashboards.board import Json, board
from infra.dashboards.widgets import Widget
from infra.identity import Identity
from infra.objectives import ERROR_RATIO

QUESTION = "Which requests fail or are slow, since which version, on which instances, and what do the errors say?"


def body(identity: Identity) -> Json:
    """The body of the dashboard."""
    parts = [
        widgets.group("Which requests fail or are slow?", *requests(identity)),
        widgets.group("What do the errors say?", *errors()),
        widgets.group("Where does it run?", *instances()),
        widgets.group("What was delivered?", *delivery()),
    ]
    return board(identity, "infra/dashboards/health.py", "service health", QUESTION, parts, model=False)


def requests(identity: Identity) -> list[Widget]:
    """Rate, errors, duration, by route and version."""
    hits = "sum:trace.flask.request.hits{$scope}.as_count()"
    return [
        widgets.lines(
            "How many requests come, by route?",
            {"requests": "sum:trace.flask.request.hits{$scope} by {resource_name}.as_count()"},
            display="bars",
        ),
        widgets.lines(
            "Which share of requests fails?",
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
            "How long do requests take, by route, in seconds of p95?",
            {"p95": "p95:trace.flask.request{$scope} by {resource_name}"},
        ),
        widgets.heatmap("Are there two kinds of request, fast and slow?", "histogram:trace.flask.request{$scope}"),
        widgets.table(
            "Is the new version worse?",
            {
                "requests": ("sum:trace.flask.request.hits{$scope} by {version}.as_count()", "sum"),
                "errors": ("sum:trace.flask.request.errors{$scope} by {version}.as_count()", "sum"),
                "p95 (s)": ("p95:trace.flask.request{$scope} by {version}", "avg"),
            },
        ),
        widgets.lines(
            "How many requests will come in a week?",
            {"requests": "sum:trace.flask.request.hits{$scope}.as_count().rollup(sum, 3600)"},
            "forecast(requests, 'seasonal', 1)",
        ),
        widgets.topology("What does the service depend on?", identity.service),
        widgets.stream(
            "Which requests were slow?",
            "trace_stream",
            "operation_name:flask.request @duration:>4000000000",
            ["timestamp", "resource_name", "@duration", "@http.status_code"],
        ),
    ]


def errors() -> list[Widget]:
    """Issues, log patterns, and what the service gave up."""
    return [
        widgets.stream("Which errors are new?", "issue_stream", "", ["issue", "status", "count", "first_seen"]),
        widgets.counted("Which errors happen?", "logs", "status:error", "@error.kind"),
        widgets.stream("What do errors have in common?", "logs_pattern_stream", "status:error", ["volume", "message"]),
        widgets.counted("Did writes to Datadog get there?", "logs", "@event:outbox", "@status"),
        widgets.lines(
            "Could the shared state be read?",
            {"failures": "sum:llm.state.read_failures{$scope} by {reason}.as_count()"},
            display="bars",
        ),
        widgets.lines(
            "Was a text dropped, since it could not be redacted?",
            {"drops": "sum:llm.redaction.drops{$scope}.as_count()"},
            display="bars",
        ),
    ]


def instances() -> list[Widget]:
    """Cloud Run, as Google counts it: with some minutes of delay."""
    return [
        widgets.lines(
            "How many instances run?",
            {"instances": "sum:gcp.run.container.instance_count{$scope} by {revision_name,state}"},
        ),
        widgets.lines(
            "What did Cloud Run answer?",
            {"requests": "sum:gcp.run.request_count{$scope} by {response_code_class}.as_count()"},
            display="bars",
        ),
        widgets.note("Google's metrics come some minutes late: during an incident, believe the traces first."),
    ]


def delivery() -> list[Widget]:
    """CI: pipelines and tests of the main branch."""
    return [
        widgets.stream(
            "Which pipelines ran last?",
            "ci_pipeline_stream",
            "ci_level:pipeline @git.branch:main",
            ["@ci.status", "@ci.pipeline.name", "@git.commit.sha", "@duration"],
        ),
        widgets.counted("Is main green?", "ci_pipelines", "ci_level:pipeline @git.branch:main", "@ci.status"),
        widgets.stream(
            "Which tests fail on main?",
            "ci_test_stream",
            "test_level:test @test.status:fail @git.branch:main",
            ["@test.name", "@test.suite", "@error.message"],
        ),
    ]
