"""The people: what do they use, do they get what they came for, and what does their browser see?"""

from infra.dashboards import widgets
from infra.dashboards.board import Json, board
from infra.dashboards.widgets import Widget
from infra.identity import Identity
from service.telemetry import ANSWER_RATED, ANSWER_SHOWN, ASK_SUBMITTED

QUESTION = "What do people use, do they get what they came for, and what does their browser see?"
STEPS = (
    ("@view.name", "/"),
    *(("@action.name", action) for action in (ASK_SUBMITTED, ANSWER_SHOWN, ANSWER_RATED)),
)
"""From opening the page to saying that the answer was good."""


def body(identity: Identity) -> Json:
    """The body of the dashboard."""
    parts = [
        widgets.group("What do people use?", *usage()),
        widgets.group("Do they get what they came for?", *conversion()),
        widgets.group("What does their browser see?", *browser()),
    ]
    return board(identity, "infra/dashboards/product.py", "people", QUESTION, parts, model=False)


def usage() -> list[Widget]:
    """Endpoints, features, actions."""
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
            "What do people do on the page?",
            {"actions": "sum:llm.web.actions{$scope} by {action}.as_count()"},
            display="bars",
        ),
        widgets.counted(
            "How many people come?",
            "rum",
            "@type:session @session.type:user",
            measure="@usr.id",
            aggregation="cardinality",
        ),
    ]


def conversion() -> list[Widget]:
    """From a question to an answer that helped."""
    return [
        widgets.funnel("Where do people stop, from the page to a rated answer?", "@session.type:user", STEPS),
        widgets.value(
            "query_value",
            "Which share of questions ends with an answer rated up?",
            "100 * default_zero(rated) / asked",
            {
                "rated": "sum:llm.web.conversions{$scope}.as_count()",
                "asked": "sum:llm.web.asks{$scope}.as_count()",
            },
            aggregator="sum",
            precision=1,
            custom_unit="%",
        ),
        widgets.counted("What annoys people?", "rum", "@type:action @action.frustration.type:*",
                        "@action.frustration.type"),
    ]  # fmt: skip


def browser() -> list[Widget]:
    """RUM: speed and errors as users have them."""
    return [
        widgets.lines(
            "How long until the page shows, in seconds of p75?",
            {"paint": "p75:llm.web.largest_contentful_paint{$scope} by {view}"},
            "paint / 1000000000",
        ),
        widgets.lines(
            "How long does the browser wait for an answer, in seconds of p95?",
            {"wait": "p95:llm.web.answer_wait{$scope}"},
            "wait / 1000000000",
        ),
        widgets.counted("Which errors do browsers see?", "rum", "@type:error", "@error.source"),
        widgets.stream("What went wrong on the page?", "rum_stream", "@type:error",
                       ["timestamp", "@view.name", "@error.source", "@error.message"]),
    ]  # fmt: skip
