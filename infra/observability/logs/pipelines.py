"""The log pipelines, which process the service's log lines before Datadog indexes them."""

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
from infra.objectives import EXPENSIVE_CHAT, SLOW_CHAT, format_number

NUMBERS = {
    "cost_usd": "double",
    "duration_seconds": "double",
    "http.status_code": "integer",
    "input_tokens": "integer",
    "output_tokens": "integer",
}
"""The numeric fields of a log line, and their types."""

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
"""By product feature: the search of its log lines. The first that matches applies."""
EXCLUDED_FIELDS = ("prompt", "answer", "messages", "http.request.headers.authorization", "http.request.headers.cookie")


@dataclass(frozen=True)
class LogPipelineArgs:
    """The arguments of :class:`LogPipelines`."""

    identity: Identity


class LogPipelines(pulumi.ComponentResource):
    """The pipelines. ``ids`` are in the order in which they must run: each reads fields of those before it."""

    ids: list[pulumi.Output[str]]

    def __init__(self, name: str, args: LogPipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:LogPipelines", name, None, opts)
        identity = args.identity
        scope = f"service:{identity.service} env:{identity.env}"

        def pipeline(
            key: str, query: str, description: str, *processors: LogsCustomPipelineProcessorArgs
        ) -> pulumi.Output[str]:
            return dd.LogsCustomPipeline(
                f"{name}-{key}",
                name=identity.named(key),
                description=description,
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
                "Maps time, status, trace and numbers, and adds a duration band",
                *_official_fields(),
                *_numbers(),
                _duration_band(),
            ),
            pipeline(
                "enrichment",
                scope,
                "Adds the product feature, and whether a failure is the caller's",
                *_enrichment(),
            ),
            pipeline(
                "cost",
                f"{scope} @event:chat",
                "Adds total tokens and a cost band to each chat",
                *_cost(),
            ),
            pipeline(
                "security",
                scope,
                "Drops fields that no log line may have, and marks security findings",
                *_security(),
            ),
        ]
        self.register_outputs({"ids": self.ids})


def _official_fields() -> list[LogsCustomPipelineProcessorArgs]:
    """Return the processors for Datadog's reserved attributes. A processor is off unless declared as on."""
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
    """Return the processors that turn numbers that arrive as text into numbers, so that they can be compared."""
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
    """Return the processor of ``@duration_band``, which has the limits of the latency alert."""
    assert SLOW_CHAT.warning is not None
    slow, noticeable = format_number(SLOW_CHAT.critical), format_number(SLOW_CHAT.warning)
    bands = {
        "slow": f"@duration_seconds:>{slow}",
        "noticeable": f"@duration_seconds:>{noticeable}",
        "fast": f"@duration_seconds:<={noticeable}",
    }
    return _category("Duration band", "duration_band", bands)


def _category(name: str, target: str, categories: Mapping[str, str]) -> LogsCustomPipelineProcessorArgs:
    """Return a processor that sets a field to the first category whose search matches."""
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
    """Return the processors of ``@product_feature`` and ``@status_family``, by which product metrics are grouped."""
    return [
        _category("Product feature", "product_feature", FEATURES),
        _category(
            "Status family",
            "status_family",
            {
                # A 429 is Gemini's refusal passed on, not the caller's error (infra/gcp/environment.py).
                "error": "@http.status_code:(429 OR >=500)",
                "caller_error": "@http.status_code:>=400",
                "ok": "@http.status_code:*",
            },
        ),
    ]


def _cost() -> list[LogsCustomPipelineProcessorArgs]:
    """Return the processors of ``@total_tokens`` and ``@cost_band``, which has the limits of infra/objectives.py."""
    assert EXPENSIVE_CHAT.warning is not None
    expensive, noticeable = format_number(EXPENSIVE_CHAT.critical), format_number(EXPENSIVE_CHAT.warning)
    return [
        LogsCustomPipelineProcessorArgs(
            arithmetic_processor=LogsCustomPipelineProcessorArithmeticProcessorArgs(
                name="Total tokens",
                is_enabled=True,
                expression="input_tokens + output_tokens",
                target="total_tokens",
                is_replace_missing=False,
            )
        ),
        _category(
            "Cost band",
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
    """Return the processors that drop forbidden fields before index and archive, and mark suspicious lines.

    No line of the contract has the text of prompts or answers. Libraries have put it, or a caller's credentials, into
    these fields when their log level was raised.
    """
    return [
        *(
            LogsCustomPipelineProcessorArgs(
                exclude_attribute_processor=LogsCustomPipelineProcessorExcludeAttributeProcessorArgs(
                    name=f"Drop {field}", is_enabled=True, attribute_to_exclude=field
                )
            )
            for field in EXCLUDED_FIELDS
        ),
        _category(
            "Security finding",
            "security_finding",
            {
                # Dropped by the redactor (service/telemetry/redactor.py): a caller may be testing its limits.
                "withheld_text": '@error.message:"[dropped]"',
                "refused_caller": "@http.status_code:(401 OR 403)",
            },
        ),
    ]
