"""What a change brought: new errors, failing pipelines and tests, chats that fail after a deployment."""

from infra.alert import Alert, Incident
from infra.objectives import (
    DEPLOYED,
    MANY_ERRORS,
    NEW_ISSUE,
    RED_PIPELINES,
    RED_TESTS,
)
from infra.workflows import ROLL_BACK

ERROR_NEW = Alert(
    key="error-new",
    title="an error that was never seen before",
    type="error-tracking alert",
    query=(
        'error-tracking("service:$service env:$env").source("backend").new().rollup("count").by("@issue.id").last("1h")'
        " > $critical"
    ),
    limit=NEW_ISSUE,
    says="Error Tracking has a new issue, {{[@issue.id].name}}: {{issue.attributes.error.type}} ($because).",
    impact="whoever takes the path that fails; how many, the issue says.",
    look_first=(
        "What is it? Error Tracking, the issue of this id: type, stack, first version",
        "How many chats? `sum:llm.chat.requests{$scope,outcome:error} by {version}.as_count()`",
        "Which requests? logs `service:$service env:$env status:error` by @error.kind",
    ),
    priority=3,
    missing_data="default",
)

ERRORS_MULTIPLY = Alert(
    key="errors-multiply",
    title="one error happens very often",
    type="error-tracking alert",
    query=(
        'error-tracking("service:$service env:$env").source("backend").impact().rollup("count").by("@issue.id")'
        '.last("1h") > $critical'
    ),
    limit=MANY_ERRORS,
    says="Issue {{[@issue.id].name}} happened {{value}} times in an hour; the limit is $limit ($because).",
    impact="one path through the code fails for everybody who takes it; a known issue may have come back.",
    look_first=(
        "Is it a regression? Error Tracking, the issue of this id: state, versions",
        "Since a deploy? `sum:trace.flask.request.errors{$scope} by {version}.as_count()`",
        "Which route? `sum:trace.flask.request.errors{$scope} by {resource_name}.as_count()`",
    ),
    priority=3,
    missing_data="default",
)

DEPLOYED_LATELY = Alert(
    key="signal-deployed",
    title="signal: deployed within half an hour",
    type="event-v2 alert",
    query='events("event_type:deployment service:$service env:$env").rollup("count").last("30m") > $critical',
    limit=DEPLOYED,
    says="A version was deployed within the last 30 minutes ($because).",
    impact="",
    look_first=(),
    priority=4,
    missing_data="default",
    signal=True,
)

DEPLOY_BREAKS_CHATS = Alert(
    key="deploy-breaks-chats",
    title="chats fail since the deployment",
    type="composite",
    query="$requests_fail && $signal_deployed",
    limit=None,
    says="Chats fail, and a version was deployed less than half an hour ago: it is the first suspect "
    f"({DEPLOYED.because}).",
    impact="users see errors that the version before did not have.",
    look_first=(
        "Only the new version? `sum:trace.flask.request.errors{$scope} by {version}.as_count()`",
        "What do failures say? logs `service:$service env:$env status:error` by @error.kind",
        "Or is it Gemini? `sum:ml_obs.span.error{$scope,span_kind:llm} by {model_name}.as_count()`",
    ),
    priority=2,
    incident=Incident("SEV-2", "availability"),
    starts=(ROLL_BACK,),
)

MAIN_IS_RED = Alert(
    key="main-is-red",
    title="the pipeline of main fails",
    type="ci-pipelines alert",
    query=(
        'ci-pipelines("service:$service ci_level:pipeline @git.branch:main @ci.status:error").rollup("count")'
        '.by("@ci.pipeline.name").last("1h") > $critical'
    ),
    limit=RED_PIPELINES,
    says="Pipeline {{[@ci.pipeline.name].name}} failed on main ($because).",
    impact="no deployment, and no way to deploy a fix for the next incident.",
    look_first=(
        "Which job? CI Visibility, pipeline executions of main, the failed stage",
        "One test? CI Visibility, tests of main, status fail",
        "The runner or the code? the executions before it",
    ),
    priority=3,
    missing_data="default",
)

TESTS_FAIL_ON_MAIN = Alert(
    key="tests-fail-on-main",
    title="a test fails on main",
    type="ci-tests alert",
    query=(
        'ci-tests("service:$service test_level:test @git.branch:main @test.status:fail").rollup("count")'
        '.by("@test.suite").last("1h") > $critical'
    ),
    limit=RED_TESTS,
    says="A test of {{[@test.suite].name}} failed on main ($because).",
    impact="a flaky test hides the next real failure; a real failure is in main already.",
    look_first=(
        "Which test? Test Optimization, failed tests of main",
        "Flaky or broken? the test's history over the last commits",
        "Since which commit? the first red run",
    ),
    priority=4,
    missing_data="default",
)

ALERTS = (
    ERROR_NEW,
    ERRORS_MULTIPLY,
    DEPLOYED_LATELY,
    DEPLOY_BREAKS_CHATS,
    MAIN_IS_RED,
    TESTS_FAIL_ON_MAIN,
)
