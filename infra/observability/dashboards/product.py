"""The dashboard Users: features they use, answers that help, and the page's speed and errors in browsers."""

from infra.identity import Identity
from infra.observability.dashboards import widgets
from infra.observability.dashboards.board import Json, board
from infra.observability.dashboards.widgets import Widget
from service.telemetry import ANSWER_RATED, ANSWER_SHOWN, ASK_SUBMITTED

QUESTION = "What do users use, do they get helpful answers, and how does the page perform?"
STEPS = (
    ("@view.name", "/"),
    *(("@action.name", action) for action in (ASK_SUBMITTED, ANSWER_SHOWN, ANSWER_RATED)),
)
"""The funnel from opening the page to rating an answer."""


def body(identity: Identity) -> Json:
    """Return the body of the dashboard."""
    groups = [
        widgets.group("What do users use?", *usage()),
        widgets.group("Do users get helpful answers?", *conversion()),
        widgets.group("How does the page perform in browsers?", *browser()),
    ]
    return board(identity, "Users", QUESTION, groups, model=False)


def usage() -> list[Widget]:
    """Return widgets on endpoints, features and actions."""
    return [
        widgets.value(
            "toplist",
            "Which endpoints are used?",
            "calls",
            {"calls": "sum:llm.product.endpoint_calls{$scope} by {endpoint,status_family}.as_count()"},
            aggregator="sum",
        ),
        widgets.lines(
            "Which features are used?",
            {"uses": "sum:llm.product.feature_uses{$scope} by {product_feature}.as_count()"},
            display="bars",
        ),
        widgets.lines(
            "What do users do on the page?",
            {"actions": "sum:llm.web.actions{$scope} by {action}.as_count()"},
            display="bars",
        ),
        widgets.event_count(
            "How many users?",
            "rum",
            "@type:session @session.type:user",
            measure="@usr.id",
            aggregation="cardinality",
        ),
    ]


def conversion() -> list[Widget]:
    """Return widgets on the way from a question to a helpful answer."""
    return [
        widgets.funnel("Where do users stop, from opening the page to a rating?", "@session.type:user", STEPS),
        widgets.value(
            "query_value",
            "What percentage of questions gets a thumbs-up answer?",
            "100 * default_zero(rated) / asked",
            {
                "rated": "sum:llm.web.conversions{$scope}.as_count()",
                "asked": "sum:llm.web.asks{$scope}.as_count()",
            },
            aggregator="sum",
            precision=1,
            custom_unit="%",
        ),
        widgets.event_count("Which frustration signals do sessions have?", "rum",
                            "@type:action @action.frustration.type:*", "@action.frustration.type"),
    ]  # fmt: skip


def browser() -> list[Widget]:
    """Return widgets on speed and errors in browsers."""
    return [
        widgets.lines(
            "How long until the page shows (LCP p75, seconds)?",
            {"paint": "p75:llm.web.largest_contentful_paint{$scope} by {view}"},
            "paint / 1000000000",
        ),
        widgets.lines(
            "How long do browsers wait for an answer (p95, seconds)?",
            {"wait": "p95:llm.web.answer_wait{$scope}"},
            "wait / 1000000000",
        ),
        widgets.event_count("How many browser errors, by source?", "rum", "@type:error", "@error.source"),
        widgets.stream("Which errors occurred on the page?", "rum_stream", "@type:error",
                       ["timestamp", "@view.name", "@error.source", "@error.message"]),
    ]  # fmt: skip
