"""What Datadog checks from outside: the service answers, a chat goes on, the page works, a key opens what it should.

A failure of one of them keeps the deployment workflow from going on (``executionRule: blocking``).
https://docs.datadoghq.com/continuous_testing/cicd_integrations/configuration
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

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

FAILED_LOCATIONS = 2
"""One location alone is more often that location's network than the service."""
ADDRESS = "SERVICE_URL"
"""The test's variable that holds the service's address: a run for a deployment sets it to the new revision's."""
QUESTION, FOLLOW_UP = "What is an error budget? One sentence.", "And who spends it? One sentence."
DEVICE = "chrome.laptop_large"
WRONG_KEY = "nobodys-key"
RETRY = dd.SyntheticsTestOptionsListRetryArgs(count=2, interval=300)
"""Of what costs nothing: soon, since a lost packet is no failure."""
PAID_RETRY = dd.SyntheticsTestOptionsListRetryArgs(count=1, interval=5000)
"""Of a chat: once, since it is paid for, and after milliseconds that a burst of throttling does not last."""


@dataclass(frozen=True)
class Messages:
    """What a failure of each test means, and whom it tells."""

    health: str
    chat: str
    page: str
    operations: str


@dataclass(frozen=True)
class SyntheticsArgs:
    """``locations`` are Datadog's, such as ``gcp:europe-west3``; ``rum_application_id`` is the chat page's, and
    ``reader_token`` (a secret) may look at ``/datadog/*``."""

    identity: Identity
    service_uri: pulumi.Input[str]
    locations: Sequence[str]
    messages: Messages
    rum_application_id: pulumi.Input[str]
    reader_token: pulumi.Input[str]


class Synthetics(pulumi.ComponentResource):
    """``health_id`` is the test's public id, ``health_monitor_id`` the monitor that Datadog makes with it."""

    health_id: pulumi.Output[str]
    health_monitor_id: pulumi.Output[int]

    def __init__(self, name: str, args: SyntheticsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Synthetics", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        identity, locations = args.identity, list(args.locations)
        health = dd.SyntheticsTest(
            f"{name}-health",
            name=identity.named("/health answers from outside"),
            type="api",
            subtype="http",
            status="live",
            locations=locations,
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
                args,
                HEALTH_CHECK_SECONDS,
                (identity.named("/health fails from outside"), 1),
                RETRY,
            ),
            message=args.messages.health,
            tags=identity.tags,
            opts=child,
        )
        dd.SyntheticsTest(
            f"{name}-chat",
            name=identity.named("a chat goes on from outside"),
            type="api",
            subtype="multi",
            status="live",
            locations=locations,
            config_variables=[
                dd.SyntheticsTestConfigVariableArgs(name=ADDRESS, type="text", pattern=args.service_uri),
                # The caller names its conversation, by an id that nobody can guess: a new one in each run.
                dd.SyntheticsTestConfigVariableArgs(name="CONVERSATION", type="text", pattern="{{ uuid }}"),
            ],
            api_steps=[
                _ask("ask", {"message": QUESTION}, extracts={"MODEL": "$.model"}),
                # Of the model that answered: another one would be another wait. It must have been told the first turn.
                _ask("ask what follows from it", {"message": FOLLOW_UP, "model": "{{ MODEL }}"}, goes_on=True),
            ],
            options_list=_options(
                args, CHAT_CHECK_SECONDS, (identity.named("a chat fails from outside"), 2), PAID_RETRY
            ),
            message=args.messages.chat,
            tags=identity.tags,
            opts=child,
        )
        dd.SyntheticsTest(
            f"{name}-page",
            name=identity.named("the chat page answers from outside"),
            type="browser",
            status="live",
            locations=locations,
            device_ids=[DEVICE],
            request_definition=dd.SyntheticsTestRequestDefinitionArgs(
                method="GET", url=pulumi.Output.concat(args.service_uri, "/")
            ),
            browser_steps=[
                _step("the page's heading is there", "assertElementContent", "header h1", check="equals", value="Chat"),
                _step("type a question", "typeText", "#message", value=QUESTION),
                _step("press Ask", "click", "#send"),
                # The rating's buttons show when the answer is whole.
                _step("the answer is whole", "assertElementPresent", "#answers article .actions:not([hidden])"),
                _step("it has a text", "assertElementContent", "#answers article .answer", check="notIsEmpty"),
            ],
            options_list=_options(
                args,
                PAGE_CHECK_SECONDS,
                (identity.named("the chat page fails from outside"), 3),
                PAID_RETRY,
                # The test's sessions stand with those of people, marked as synthetic ones.
                rum=dd.SyntheticsTestOptionsListRumSettingsArgs(
                    is_enabled=True, application_id=args.rum_application_id
                ),
            ),
            message=args.messages.page,
            tags=identity.tags,
            opts=child,
        )
        # Secure: nobody reads it back, neither in the variable nor in a test's results.
        key = f"LLM_API_{identity.env.upper().replace('-', '_')}_READER_TOKEN"
        variable = dd.SyntheticsGlobalVariable(
            f"{name}-reader-token",
            name=key,
            description=f"Opens GET /datadog/* of {identity.service} in {identity.env}; the same as its READER_TOKEN.",
            value=args.reader_token,
            secure=True,
            tags=identity.tags,
            opts=child,
        )
        dd.SyntheticsTest(
            f"{name}-operations",
            name=identity.named("the operations API knows its keys from outside"),
            type="api",
            subtype="multi",
            status="live",
            locations=locations,
            config_variables=[
                dd.SyntheticsTestConfigVariableArgs(name=ADDRESS, type="text", pattern=args.service_uri),
                dd.SyntheticsTestConfigVariableArgs(name=key, type="global", id=variable.id),
            ],
            api_steps=[
                _operate("look with the key", "GET", "/datadog/products", f"{{{{ {key} }}}}", status=200),
                _operate("look with another key", "GET", "/datadog/products", WRONG_KEY, status=401),
                # Draining does no harm if it should succeed.
                _operate("write with the key", "POST", "/datadog/writes/drain", f"{{{{ {key} }}}}", status=403),
            ],
            options_list=_options(
                args,
                OPERATIONS_CHECK_SECONDS,
                (identity.named("the operations API does not know its keys"), 3),
                RETRY,
            ),
            message=args.messages.operations,
            tags=identity.tags,
            opts=child,
        )
        self.health_id, self.health_monitor_id = health.id, health.monitor_id
        self.register_outputs({"health_id": self.health_id})


def _options(
    args: SyntheticsArgs,
    seconds: int,
    monitor: tuple[str, int],
    retry: dd.SyntheticsTestOptionsListRetryArgs,
    rum: dd.SyntheticsTestOptionsListRumSettingsArgs | None = None,
) -> dd.SyntheticsTestOptionsListArgs:
    """How often, from how many places, tried how often again; and its monitor's name and priority."""
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
    name: str, body: dict[str, str], extracts: dict[str, str] | None = None, goes_on: bool = False
) -> dd.SyntheticsTestApiStepArgs:
    """One ``POST /v1/chat`` of the conversation. The route is public: it takes no key (docs/deploy.md)."""
    paths = [("$.text", "matches", r"\S"), *([("$.history", "moreThan", "0")] if goes_on else [])]
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
    """One call of the operations API, and the status that it must have."""
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
    """A step on the element that a CSS selector finds. Datadog rewrites its own locators, but never these."""
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
