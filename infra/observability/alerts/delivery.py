"""Alerts on changes: new errors, failed pipelines and tests, chat errors after a deployment."""

from infra.objectives import Threshold
from infra.observability.alerts.alert import Alert, Incident
from infra.observability.workflows.workflows import ROLL_BACK

ALERTS = (
    Alert(
        key="error-new",
        title="New error in Error Tracking",
        type="error-tracking alert",
        query=(
            'error-tracking("service:$service env:$env").source("backend").new().rollup("count").by("@issue.id")'
            '.last("1h") > $critical'
        ),
        limit=Threshold(0, "errors", because="an error that never occurred before is most likely today's release"),
        description="Error Tracking has a new issue, {{[@issue.id].name}}: {{issue.attributes.error.type}}.",
        impact="requests on the failing code path; the issue says how many.",
        look_first=(
            "What is it? Error Tracking, the issue of this id: type, stack, first version",
            "How many chats? `sum:llm.chat.requests{$scope,outcome:error} by {version}.as_count()`",
            "Which requests? logs `service:$service env:$env status:error` by @error.kind",
        ),
        priority=3,
        missing_data="default",
    ),
    Alert(
        key="errors-multiply",
        title="Occurrences of one error above $limit",
        type="error-tracking alert",
        query=(
            'error-tracking("service:$service env:$env").source("backend").impact().rollup("count").by("@issue.id")'
            '.last("1h") > $critical'
        ),
        limit=Threshold(
            50,
            "in an hour",
            warning=20,
            recovery=10,
            because="so many are a broken code path, not an exceptional case",
        ),
        description="Issue {{[@issue.id].name}} occurred {{value}} times in the last hour.",
        impact="everyone on this code path gets an error; a known issue may have come back.",
        look_first=(
            "A regression? Error Tracking, the issue of this id: state, versions",
            "Since a deployment? `sum:trace.flask.request.errors{$scope} by {version}.as_count()`",
            "Which route? `sum:trace.flask.request.errors{$scope} by {resource_name}.as_count()`",
        ),
        priority=3,
        missing_data="default",
    ),
    Alert(
        key="signal-deployed",
        title="Signal: recent deployment",
        type="event-v2 alert",
        query='events("event_type:deployment service:$service env:$env").rollup("count").last("30m") > $critical',
        limit=Threshold(
            0, "deployments", because="a deployment is the first suspect for what fails within half an hour after it"
        ),
        description="A version was deployed within the last 30 minutes.",
        priority=4,
        missing_data="default",
        signal=True,
    ),
    Alert(
        key="deploy-breaks-chats",
        title="Chat errors after a deployment",
        type="composite",
        query="$requests_fail && $signal_deployed",
        description="Chats fail, and a version was deployed less than half an hour ago: it is the first suspect.",
        impact="users see errors that the previous version did not have.",
        look_first=(
            "Only the new version? `sum:trace.flask.request.errors{$scope} by {version}.as_count()`",
            "Which errors? logs `service:$service env:$env status:error` by @error.kind",
            "Or Gemini? `sum:ml_obs.span.error{$scope,span_kind:llm} by {model_name}.as_count()`",
        ),
        priority=2,
        # Some failures more than usual are a reason to look at a deployment, and not to undo it unasked.
        warns=True,
        incident=Incident("SEV-2", "availability"),
        workflows=(ROLL_BACK,),
    ),
    Alert(
        key="main-is-red",
        title="CI pipeline failed on main",
        type="ci-pipelines alert",
        query=(
            'ci-pipelines("service:$service ci_level:pipeline @git.branch:main @ci.status:error").rollup("count")'
            '.by("@ci.pipeline.name").last("1h") > $critical'
        ),
        limit=Threshold(0, "failed pipelines", because="nothing can be deployed while main is red, not even a fix"),
        description="Pipeline {{[@ci.pipeline.name].name}} failed on main.",
        impact="no deployment is possible, including the fix for the next incident.",
        look_first=(
            "Which job? CI Visibility, pipeline executions of main, the failed stage",
            "One test? CI Visibility, tests of main, status fail",
            "The runner or the code? the executions before it",
        ),
        priority=3,
        missing_data="default",
    ),
    Alert(
        key="tests-fail-on-main",
        title="Test failed on main by suite",
        type="ci-tests alert",
        query=(
            'ci-tests("service:$service test_level:test @git.branch:main @test.status:fail").rollup("count")'
            '.by("@test.suite").last("1h") > $critical'
        ),
        limit=Threshold(0, "failed tests", because="a test that fails on main passed when it was merged"),
        description="A test of {{[@test.suite].name}} failed on main.",
        impact="a flaky test hides the next real failure; a real failure is already on main.",
        look_first=(
            "Which test? Test Optimization, failed tests of main",
            "Flaky or broken? the test's history over the last commits",
            "Since which commit? the first failed run",
        ),
        priority=4,
        missing_data="default",
    ),
)
