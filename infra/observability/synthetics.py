"""Synthetic tests: the service answers, a chat continues, the chat page works, the operations API checks its keys.

A failed test also stops a deployment (``executionRule: blocking``).
https://docs.datadoghq.com/continuous_testing/cicd_integrations/configuration
"""

import json
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity
from infra.objectives import (
    CHAT_CHECK_SECONDS,
    HEALTH_ANSWER_MILLISECONDS,
    HEALTH_CHECK_SECONDS,
    OPERATIONS_CHECK_SECONDS,
    PAGE_CHECK_SECONDS,
    SLOW_CHAT,
)
from infra.observability.alerts.message import Message
from infra.observability.products_read import readable
from infra.products import Product
from service.telemetry import WEB_SERVICE

FAILED_LOCATIONS = 2
"""Locations that must fail: a single one is more often that location's network than the service."""
ADDRESS = "SERVICE_URL"
"""The test's variable with the service's address: a deployment sets it to the new revision's."""
QUESTION, FOLLOW_UP = "What is an error budget? One sentence.", "And who spends it? One sentence."
DEVICE = "chrome.laptop_large"
WRONG_KEY = "nobodys-key"
RETRY = dd.SyntheticsTestOptionsListRetryArgs(count=2, interval=300)
"""Retries of a request that costs nothing, after 300 ms: a lost packet is not a failure."""
PAID_RETRY = dd.SyntheticsTestOptionsListRetryArgs(count=1, interval=5000)
"""The one retry of a chat, which is paid for, after 5 s: longer than a burst of throttling."""


@dataclass(frozen=True)
class SyntheticsArgs:
    """The arguments of :class:`Synthetics`.

    ``locations`` are Datadog's, such as ``gcp:europe-west3``; ``rum_application_id`` is the chat page's;
    ``reader_token`` (a secret) may read ``/datadog/*``; ``runbooks`` is the URL of the folder with the runbooks;
    ``site`` is Datadog's; ``pager`` is the handle, with its ``@``, of the person on call; ``off`` are products that the
    organisation lacks.
    """

    identity: Identity
    service_uri: pulumi.Input[str]
    locations: Sequence[str]
    rum_application_id: pulumi.Input[str] | None
    reader_token: pulumi.Input[str]
    runbooks: str
    site: str
    pager: str
    off: Set[Product] = frozenset()


class Synthetics(pulumi.ComponentResource):
    """The tests. ``health_id`` is the public id of the health check, ``health_monitor_id`` its monitor's id."""

    health_id: pulumi.Output[str]
    health_monitor_id: pulumi.Output[int]

    def __init__(self, name: str, args: SyntheticsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Synthetics", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        health = self._health()
        self._chat()
        self._page()
        self._operations()
        self.health_id, self.health_monitor_id = health.id, health.monitor_id
        self.register_outputs({"health_id": self.health_id})

    def _health(self) -> dd.SyntheticsTest:
        """Declare the health check. It pages: it is the one alert that works without the service's telemetry."""
        args, identity = self._args, self._args.identity
        message = Message(
            "/health did not answer with status 200 in time, from two locations.",
            "users cannot reach the service, whatever its own telemetry shows.",
            (
                "Is a revision running? Cloud Run, service llm-api, revisions and their logs",
                "Does it still send telemetry? `sum:trace.flask.request.hits{$scope}.as_count()`",
                "Since a deployment? `sum:trace.flask.request.hits{$scope} by {version}.as_count()`",
            ),
            f"{args.runbooks}/health-fails.md",
        )
        return dd.SyntheticsTest(
            f"{self._name}-health",
            name=identity.named("Health check: GET /health"),
            type="api",
            subtype="http",
            status="live",
            locations=list(args.locations),
            request_definition=dd.SyntheticsTestRequestDefinitionArgs(
                method="GET", url=pulumi.Output.concat(args.service_uri, "/health"), timeout=10
            ),
            assertions=[
                dd.SyntheticsTestAssertionArgs(type="statusCode", operator="is", target="200"),
                dd.SyntheticsTestAssertionArgs(
                    type="responseTime", operator="lessThan", target=str(HEALTH_ANSWER_MILLISECONDS)
                ),
            ],
            options_list=_options(
                args, HEALTH_CHECK_SECONDS, (identity.named("Health check failed from outside"), 1), RETRY
            ),
            message=self._text(message, args.pager),
            tags=identity.tags,
            opts=self._child,
        )

    def _chat(self) -> None:
        """Declare the chat test. It notifies the team only: when many users get no answer, a burn rate pages."""
        args, identity = self._args, self._args.identity
        message = Message(
            f"A conversation of two questions failed from two locations: no whole answer within {SLOW_CHAT}, or the "
            "second question was answered without knowing the first.",
            "users wait too long, get no answer, or lose their conversation.",
            (
                "Which step, and which assertion? The test's results",
                "Other callers too? `sum:llm.chat.requests{$scope} by {feature,outcome}.as_count()`",
                "Only the conversation memory? `sum:llm.state.read_failures{$scope}.as_count()`",
            ),
            f"{args.runbooks}/chat-fails-from-outside.md",
        )
        dd.SyntheticsTest(
            f"{self._name}-chat",
            name=identity.named("Chat: two questions in a conversation"),
            type="api",
            subtype="multi",
            status="live",
            locations=list(args.locations),
            config_variables=[
                dd.SyntheticsTestConfigVariableArgs(name=ADDRESS, type="text", pattern=args.service_uri),
                # The caller names its conversation, by an id that nobody can guess: a new one in each run.
                dd.SyntheticsTestConfigVariableArgs(name="CONVERSATION", type="text", pattern="{{ uuid }}"),
            ],
            api_steps=[
                _ask("Ask a question", {"message": QUESTION}, extracts={"MODEL": "$.model"}),
                # To the model that answered first: another one would have another latency.
                _ask("Ask a follow-up", {"message": FOLLOW_UP, "model": "{{ MODEL }}"}, follows=True),
            ],
            options_list=_options(
                args, CHAT_CHECK_SECONDS, (identity.named("Chat failed from outside"), 2), PAID_RETRY
            ),
            message=self._text(message, f"@{identity.team}"),
            tags=identity.tags,
            opts=self._child,
        )

    def _page(self) -> None:
        """Declare the browser test of the chat page, which notifies the team."""
        args, identity = self._args, self._args.identity
        message = Message(
            "A browser opened the chat page from two locations, asked a question, and showed no whole answer.",
            "the page does not work for users, even if the API does.",
            (
                "Which step? The test's results, with a screenshot of each",
                "Does the API answer? The synthetic test of a chat",
                f"Users' browsers too? RUM, errors of `service:{WEB_SERVICE} env:$env`",
            ),
            f"{args.runbooks}/page-fails-from-outside.md",
        )
        dd.SyntheticsTest(
            f"{self._name}-page",
            name=identity.named("Chat page: ask a question in a browser"),
            type="browser",
            status="live",
            locations=list(args.locations),
            device_ids=[DEVICE],
            request_definition=dd.SyntheticsTestRequestDefinitionArgs(
                method="GET", url=pulumi.Output.concat(args.service_uri, "/")
            ),
            browser_steps=[
                _step("Heading is present", "assertElementContent", "header h1", check="equals", value="Chat"),
                _step("Type a question", "typeText", "#message", value=QUESTION),
                _step("Press Ask", "click", "#send"),
                # The rating buttons appear when the answer is whole.
                _step("Answer is whole", "assertElementPresent", "#answers article .actions:not([hidden])"),
                _step("Answer has text", "assertElementContent", "#answers article .answer", check="notIsEmpty"),
            ],
            options_list=_options(
                args,
                PAGE_CHECK_SECONDS,
                (identity.named("Chat page failed from outside"), 3),
                PAID_RETRY,
                # The test's sessions appear in RUM beside users' sessions, marked as synthetic.
                rum=None
                if args.rum_application_id is None
                else dd.SyntheticsTestOptionsListRumSettingsArgs(
                    is_enabled=True, application_id=args.rum_application_id
                ),
            ),
            message=self._text(message, f"@{identity.team}"),
            tags=identity.tags,
            opts=self._child,
        )

    def _operations(self) -> None:
        """Declare the test of the operations API's keys, which notifies the team."""
        args, identity = self._args, self._args.identity
        message = Message(
            "The operations API refused the reader's key, or allowed more than it should, from two locations.",
            "workflows and operators may be refused during an incident, or anyone may read and write.",
            (
                "Which step? 1: the key is refused; 2: a wrong key is accepted; 3: the reader's key may write",
                "Who is refused? logs `service:$service env:$env @http.status_code:(401 OR 403)`",
                "Was a key changed in only one place? Audit trail, and the secret's versions in Secret Manager",
            ),
            f"{args.runbooks}/operations-refused.md",
        )
        # Secure: the value cannot be read back, neither from the variable nor from a test's results.
        key = f"LLM_API_{identity.env.upper().replace('-', '_')}_READER_TOKEN"
        variable = dd.SyntheticsGlobalVariable(
            f"{self._name}-reader-token",
            name=key,
            description=f"Opens GET /datadog/* of {identity.service} in {identity.env}; the same as its READER_TOKEN.",
            value=args.reader_token,
            secure=True,
            tags=identity.tags,
            opts=self._child,
        )
        dd.SyntheticsTest(
            f"{self._name}-operations",
            name=identity.named("Operations API: keys are checked"),
            type="api",
            subtype="multi",
            status="live",
            locations=list(args.locations),
            config_variables=[
                dd.SyntheticsTestConfigVariableArgs(name=ADDRESS, type="text", pattern=args.service_uri),
                dd.SyntheticsTestConfigVariableArgs(name=key, type="global", id=variable.id),
            ],
            api_steps=[
                _operate("Read with the reader's key", "GET", "/datadog/products", f"{{{{ {key} }}}}", status=200),
                _operate("Read with a wrong key", "GET", "/datadog/products", WRONG_KEY, status=401),
                # Draining does no harm if it should succeed.
                _operate(
                    "Write with the reader's key", "POST", "/datadog/writes/drain", f"{{{{ {key} }}}}", status=403
                ),
            ],
            options_list=_options(
                args, OPERATIONS_CHECK_SECONDS, (identity.named("Operations API key check failed"), 3), RETRY
            ),
            message=self._text(message, f"@{identity.team}"),
            tags=identity.tags,
            opts=self._child,
        )

    def _text(self, message: Message, recipient: str) -> str:
        identity = self._args.identity
        values = {"scope": identity.scope, "service": identity.service, "env": identity.env}
        message = replace(message, look_first=readable(message.look_first, self._args.off))
        return message.write(values, self._args.site, recipient, pages=recipient == self._args.pager)


def _options(
    args: SyntheticsArgs,
    seconds: int,
    monitor: tuple[str, int],
    retry: dd.SyntheticsTestOptionsListRetryArgs,
    rum: dd.SyntheticsTestOptionsListRumSettingsArgs | None = None,
) -> dd.SyntheticsTestOptionsListArgs:
    """Return a test's schedule and retries, and the name and priority of its ``monitor``."""
    return dd.SyntheticsTestOptionsListArgs(
        tick_every=seconds,
        min_location_failed=min(FAILED_LOCATIONS, len(args.locations)),
        retry=retry,
        monitor_name=monitor[0],
        monitor_priority=monitor[1],
        ci=dd.SyntheticsTestOptionsListCiArgs(execution_rule="blocking"),
        rum_settings=rum,
    )


def _ask(
    name: str, body: dict[str, str], extracts: dict[str, str] | None = None, follows: bool = False
) -> dd.SyntheticsTestApiStepArgs:
    """Return a step that sends ``POST /v1/chat``. ``follows``: the answer must know the earlier turns."""
    paths = [("$.text", "matches", r"\S"), *([("$.history", "moreThan", "0")] if follows else [])]
    return dd.SyntheticsTestApiStepArgs(
        name=name,
        subtype="http",
        request_definition=dd.SyntheticsTestApiStepRequestDefinitionArgs(
            method="POST",
            url=f"{{{{ {ADDRESS} }}}}/v1/chat",
            body=json.dumps({**body, "conversation": "{{ CONVERSATION }}"}, separators=(",", ":"), sort_keys=True),
            body_type="application/json",
            timeout=30,
        ),
        # A conversation belongs to its caller, and a location's address may be another one a step later.
        request_headers={
            "Content-Type": "application/json",
            "X-Caller-Id": "datadog-synthetics",
            "X-Feature": "synthetics",
        },
        assertions=[
            dd.SyntheticsTestApiStepAssertionArgs(type="statusCode", operator="is", target="200"),
            dd.SyntheticsTestApiStepAssertionArgs(
                type="responseTime", operator="lessThan", target=f"{SLOW_CHAT.critical * 1000:.0f}"
            ),
            *(
                dd.SyntheticsTestApiStepAssertionArgs(
                    type="body",
                    operator="validatesJSONPath",
                    targetjsonpath=dd.SyntheticsTestApiStepAssertionTargetjsonpathArgs(
                        jsonpath=path, operator=operator, targetvalue=value
                    ),
                )
                for path, operator, value in paths
            ),
        ],
        extracted_values=[
            dd.SyntheticsTestApiStepExtractedValueArgs(
                name=variable,
                type="http_body",
                parser=dd.SyntheticsTestApiStepExtractedValueParserArgs(type="json_path", value=path),
            )
            for variable, path in (extracts or {}).items()
        ],
    )


def _operate(name: str, method: str, path: str, key: str, *, status: int) -> dd.SyntheticsTestApiStepArgs:
    """Return a step that calls the operations API and expects a status."""
    return dd.SyntheticsTestApiStepArgs(
        name=name,
        subtype="http",
        request_definition=dd.SyntheticsTestApiStepRequestDefinitionArgs(
            method=method, url=f"{{{{ {ADDRESS} }}}}{path}", timeout=10
        ),
        request_headers={"Authorization": f"Bearer {key}"},
        assertions=[dd.SyntheticsTestApiStepAssertionArgs(type="statusCode", operator="is", target=str(status))],
    )


def _step(
    name: str, type: str, css: str, *, check: str | None = None, value: str | None = None
) -> dd.SyntheticsTestBrowserStepArgs:
    """Return a step on the element of a CSS selector, which Datadog, unlike its own locators, never rewrites."""
    return dd.SyntheticsTestBrowserStepArgs(
        name=name,
        type=type,
        params=dd.SyntheticsTestBrowserStepParamsArgs(
            check=check,
            value=value,
            click_type="primary" if type == "click" else None,
            element_user_locator=dd.SyntheticsTestBrowserStepParamsElementUserLocatorArgs(
                value=dd.SyntheticsTestBrowserStepParamsElementUserLocatorValueArgs(type="css", value=css),
                fail_test_on_cannot_locate=True,
            ),
        ),
    )
