"""What Datadog makes of the service's log lines before it indexes them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd
from pulumi_datadog import (
    LogsCustomPipelineProcessorArgs,
    LogsCustomPipelineProcessorArithmeticProcessorArgs,
    LogsCustomPipelineProcessorAttributeRemapperArgs,
    LogsCustomPipelineProcessorCategoryProcessorArgs,
    LogsCustomPipelineProcessorCategoryProcessorCategoryArgs,
    LogsCustomPipelineProcessorCategoryProcessorCategoryFilterArgs,
    LogsCustomPipelineProcessorDateRemapperArgs,
    LogsCustomPipelineProcessorExcludeAttributeProcessorArgs,
    LogsCustomPipelineProcessorMessageRemapperArgs,
    LogsCustomPipelineProcessorSpanIdRemapperArgs,
    LogsCustomPipelineProcessorStatusRemapperArgs,
    LogsCustomPipelineProcessorTraceIdRemapperArgs,
)

from infra.identity import Identity
from infra.objectives import EXPENSIVE_CHAT, SLOW_CHAT, spelled

NUMBERS = {
    "cost_usd": "double",
    "duration_seconds": "double",
    "http.status_code": "integer",
    "input_tokens": "integer",
    "output_tokens": "integer",
}
"""Fields of the log line that a search compares as numbers, and as which."""

FEATURES = {
    "chat": "@event:chat",
    "incidents": "@event:product @endpoint:/incidents*",
    "notebooks": "@event:product @endpoint:/notebooks*",
    "on_call": "@event:product @endpoint:/oncall*",
    "workflows": "@event:product @endpoint:/workflows*",
    "synthetics": "@event:product @endpoint:/synthetics*",
    "log_pipelines": "@event:product @endpoint:/log-pipelines*",
    "ci": "@event:product @endpoint:/ci*",
    "errors": "@event:product @endpoint:/error-tracking*",
    "other": "@event:product",
}
"""Part of the service -> the lines that are about it, the first that matches: in the words of the contract."""
NEVER_KEPT = ("prompt", "answer", "messages", "http.request.headers.authorization", "http.request.headers.cookie")


@dataclass(frozen=True)
class LogPipelineArgs:
    """Whose lines."""

    identity: Identity


class LogPipelines(pulumi.ComponentResource):
    """``ids`` are the pipelines in the order in which they must run: each reads what those before it made."""

    ids: list[pulumi.Output[str]]

    def __init__(self, name: str, args: LogPipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:LogPipelines", name, None, opts)
        identity = args.identity
        scope = f"service:{identity.service} env:{identity.env}"

        def pipeline(
            key: str, query: str, says: str, *processors: LogsCustomPipelineProcessorArgs
        ) -> pulumi.Output[str]:
            return dd.LogsCustomPipeline(
                f"{name}-{key}",
                name=identity.named(key),
                description=says,
                is_enabled=True,
                tags=identity.tags,
                filters=[dd.LogsCustomPipelineFilterArgs(query=query)],
                processors=list(processors),
                opts=pulumi.ResourceOptions(parent=self),
            ).id

        self.ids = [
            pipeline(
                "requests",
                scope,
                "Makes the JSON line of each chat searchable: time, status, trace, numbers, how long it took",
                *_official_fields(),
                *_numbers(),
                _duration_band(),
            ),
            pipeline(
                "enrichment",
                scope,
                "Says of each line which part of the service it is about, and whose fault a failure was",
                *_enrichment(),
            ),
            pipeline(
                "cost",
                f"{scope} @event:chat",
                "Says of each chat what it cost in words, so that the expensive ones are found without a number",
                *_cost(),
            ),
            pipeline(
                "security",
                scope,
                "Drops what no log line of this service may carry, and marks what security should look at",
                *_security(),
            ),
        ]
        self.register_outputs({"ids": self.ids})


def _official_fields() -> list[LogsCustomPipelineProcessorArgs]:
    """The fields that Datadog itself uses. Processors are off unless they say that they are on."""
    return [
        LogsCustomPipelineProcessorArgs(
            date_remapper=LogsCustomPipelineProcessorDateRemapperArgs(
                name="Time of the request", is_enabled=True, sources=["timestamp"]
            )
        ),
        LogsCustomPipelineProcessorArgs(
            status_remapper=LogsCustomPipelineProcessorStatusRemapperArgs(
                name="Status from the level", is_enabled=True, sources=["level"]
            )
        ),
        LogsCustomPipelineProcessorArgs(
            message_remapper=LogsCustomPipelineProcessorMessageRemapperArgs(
                name="Message", is_enabled=True, sources=["message"]
            )
        ),
        LogsCustomPipelineProcessorArgs(
            trace_id_remapper=LogsCustomPipelineProcessorTraceIdRemapperArgs(
                name="Trace", is_enabled=True, sources=["dd.trace_id"]
            )
        ),
        LogsCustomPipelineProcessorArgs(
            span_id_remapper=LogsCustomPipelineProcessorSpanIdRemapperArgs(
                name="Span", is_enabled=True, sources=["dd.span_id"]
            )
        ),
    ]


def _numbers() -> list[LogsCustomPipelineProcessorArgs]:
    """A number that arrives as text is not comparable: cast it in place."""
    return [
        LogsCustomPipelineProcessorArgs(
            attribute_remapper=LogsCustomPipelineProcessorAttributeRemapperArgs(
                name=f"{field} is a number",
                is_enabled=True,
                sources=[field],
                source_type="attribute",
                target=field,
                target_type="attribute",
                target_format=format_,
                preserve_source=False,
                override_on_conflict=True,
            )
        )
        for field, format_ in NUMBERS.items()
    ]


def _duration_band() -> LogsCustomPipelineProcessorArgs:
    """``@duration_band``: the same limits as the latency alert, as a facet to group by."""
    assert SLOW_CHAT.warning is not None
    slow, noticeable = spelled(SLOW_CHAT.critical), spelled(SLOW_CHAT.warning)
    bands = {
        "slow": f"@duration_seconds:>{slow}",
        "noticeable": f"@duration_seconds:>{noticeable}",
        "fast": f"@duration_seconds:<={noticeable}",
    }
    return _category("How long the user waited", "duration_band", bands)


def _category(name: str, target: str, categories: Mapping[str, str]) -> LogsCustomPipelineProcessorArgs:
    """The first category whose search matches becomes the value of a new field."""
    return LogsCustomPipelineProcessorArgs(
        category_processor=LogsCustomPipelineProcessorCategoryProcessorArgs(
            name=name,
            is_enabled=True,
            target=target,
            categories=[
                LogsCustomPipelineProcessorCategoryProcessorCategoryArgs(
                    name=label, filter=LogsCustomPipelineProcessorCategoryProcessorCategoryFilterArgs(query=query)
                )
                for label, query in categories.items()
            ],
        )
    )


def _enrichment() -> list[LogsCustomPipelineProcessorArgs]:
    """``@product_feature`` and ``@status_family``: what product metrics group by, in few and stable words."""
    return [
        _category("Which part of the service", "product_feature", FEATURES),
        _category(
            "Whose fault",
            "status_family",
            {
                # A 429 of ours is Gemini's refusal passed on: never the caller's fault (infra/environment.py).
                "error": "@http.status_code:(429 OR >=500)",
                "caller_error": "@http.status_code:>=400",
                "ok": "@http.status_code:*",
            },
        ),
    ]


def _cost() -> list[LogsCustomPipelineProcessorArgs]:
    """``@total_tokens`` and ``@cost_band``, by the limits of infra/objectives.py."""
    assert EXPENSIVE_CHAT.warning is not None
    expensive, noticeable = spelled(EXPENSIVE_CHAT.critical), spelled(EXPENSIVE_CHAT.warning)
    return [
        LogsCustomPipelineProcessorArgs(
            arithmetic_processor=LogsCustomPipelineProcessorArithmeticProcessorArgs(
                name="Tokens in both directions",
                is_enabled=True,
                expression="input_tokens + output_tokens",
                target="total_tokens",
                is_replace_missing=False,
            )
        ),
        _category(
            "What it cost",
            "cost_band",
            {
                "expensive": f"@cost_usd:>{expensive}",
                "noticeable": f"@cost_usd:>{noticeable}",
                "ordinary": "@cost_usd:>0",
                "free": "@cost_usd:0",
            },
        ),
    ]


def _security() -> list[LogsCustomPipelineProcessorArgs]:
    """What must not be kept goes before the index and the archive; what is suspicious gets a field to search by.

    Text of prompts and answers is in no line of the contract. These are the fields in which libraries have put it, or
    a caller's credentials, when somebody turned their logging up.
    """
    return [
        *(
            LogsCustomPipelineProcessorArgs(
                exclude_attribute_processor=LogsCustomPipelineProcessorExcludeAttributeProcessorArgs(
                    name=f"Drop {field}", is_enabled=True, attribute_to_exclude=field
                )
            )
            for field in NEVER_KEPT
        ),
        _category(
            "What security should look at",
            "security_finding",
            {
                # The service's redactor gave a text up whole (service/redactor.py): somebody tries its limits.
                "withheld_text": '@error.message:"[dropped]"',
                "refused_caller": "@http.status_code:(401 OR 403)",
            },
        ),
    ]
