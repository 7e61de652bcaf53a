"""The models: what do answers cost, are they good, are they fast, and what can be done about it?"""

from collections.abc import Mapping

import pulumi

from infra.dashboards import widgets
from infra.dashboards.board import Json, board
from infra.dashboards.widgets import Widget
from infra.identity import Identity
from infra.objectives import COST_PER_HOUR, SLOW_CHAT, THROTTLED_CALLS
from infra.workflows import ENABLE_CACHE, SWITCH_MODEL

QUESTION = "What do answers cost, are they good, are they fast, and what can be done about it?"


def body(identity: Identity, workflow_ids: Mapping[str, pulumi.Input[str]]) -> Json:
    """The body of the dashboard."""
    parts = [
        widgets.group("What does it cost?", *cost()),
        widgets.group("Are answers good?", *quality()),
        widgets.group("Are the models fast?", *speed()),
        widgets.group("What can be done now?", *remedies(workflow_ids)),
    ]
    return board(identity, "infra/dashboards/llm.py", "LLM cost and quality", QUESTION, parts, model=True)


def cost() -> list[Widget]:
    """Money, by everything that it can be told by."""
    return [
        widgets.lines(
            "What do chats cost an hour?",
            {"cost": "sum:llm.chat.cost{$scope} by {model}.as_count().rollup(sum, 3600)"},
            limit=COST_PER_HOUR,
            display="bars",
        ),
        widgets.lines(
            "Where will the cost be in a week?",
            {"cost": "sum:llm.chat.cost{$scope}.as_count().rollup(sum, 3600)"},
            "forecast(cost, 'linear', 1)",
            limit=COST_PER_HOUR,
        ),
        widgets.value(
            "toplist",
            "What does a chat cost, by model?",
            "cost / chats",
            {
                "cost": "sum:llm.chat.cost{$scope} by {model}.as_count()",
                "chats": "sum:llm.chat.requests{$scope} by {model}.as_count()",
            },
            aggregator="sum",
        ),
        *(
            widgets.value(
                "toplist",
                f"Which {tag} costs the most, in dollars?",
                "cost",
                {"cost": f"sum:llm.chat.cost{{$scope}} by {{{tag}}}.as_count()"},
                aggregator="sum",
            )
            for tag in ("route", "feature", "caller")
        ),
        widgets.lines(
            "Does a caller spend more than the budget of an hour?",
            {"refused": "sum:llm.budget.refusals{$scope} by {reason}.as_count()"},
            display="bars",
        ),
        widgets.lines(
            "How many tokens go in and out?",
            {"tokens": "sum:llm.chat.tokens{$scope} by {direction}.as_count()"},
            display="bars",
        ),
        widgets.lines(
            "How many tokens will go in a week?",
            {"tokens": "sum:llm.chat.tokens{$scope}.as_count().rollup(sum, 3600)"},
            "forecast(tokens, 'seasonal', 1)",
        ),
        widgets.lines(
            "Does LLM Observability count the same cost, in dollars?",
            {"cost": "sum:ml_obs.span.llm.total.cost{$scope,span_kind:llm} by {model_name}.as_count()"},
            "cost / 1000000000",
            display="bars",
        ),
        widgets.table(
            "How do the models compare?",
            {
                "chats": ("sum:llm.chat.requests{$scope} by {model}.as_count()", "sum"),
                "p95 (s)": ("p95:llm.chat.latency{$scope} by {model}", "avg"),
                "first word p95 (s)": ("p95:llm.chat.time_to_first_token{$scope} by {model}", "avg"),
                "cost ($)": ("sum:llm.chat.cost{$scope} by {model}.as_count()", "sum"),
            },
        ),
    ]


def quality() -> list[Widget]:
    """Whether what people get is an answer."""
    return [
        widgets.lines(
            "Which share of judged answers is good, by what they are judged for?",
            {
                "good": "sum:llm.chat.evaluations{$scope AND verdict:pass} by {evaluation}.as_count()",
                "judged": "sum:llm.chat.evaluations{$scope} by {evaluation}.as_count()",
            },
            "100 * default_zero(good) / judged",
        ),
        widgets.table(
            "Which model's answers are judged worse?",
            {
                "judged": ("sum:llm.chat.evaluations{$scope} by {model}.as_count()", "sum"),
                "failed": ("sum:llm.chat.evaluations{$scope AND verdict:fail} by {model}.as_count()", "sum"),
                "rated up": ("sum:llm.chat.feedback{$scope AND rating:up} by {model}.as_count()", "sum"),
                "rated down": ("sum:llm.chat.feedback{$scope AND rating:down} by {model}.as_count()", "sum"),
            },
        ),
        widgets.lines(
            "What do people say of answers?",
            {"ratings": "sum:llm.chat.feedback{$scope} by {rating}.as_count()"},
            display="bars",
        ),
        widgets.lines(
            "Does somebody attack the model, or does it give data away?",
            {"found": "sum:llm.chat.detections{$scope} by {detector}.as_count()"},
            display="bars",
        ),
        widgets.lines(
            "Which answers are none: blocked, or empty?",
            {"chats": "sum:llm.chat.requests{$scope AND outcome IN (blocked, empty)} by {outcome}.as_count()"},
            display="bars",
        ),
        widgets.stream(
            "What was asked and answered last?",
            "llm_observability_stream",
            "@event_type:span @parent_id:undefined",
            ["@status", "@content.prompt", "@content.response.content", "@duration"],
        ),
        widgets.stream(
            "Which calls of a model failed?",
            "llm_observability_stream",
            "@event_type:span @span_kind:llm @status:error",
            ["@name", "@model_name", "@error.type", "@duration"],
        ),
    ]


def speed() -> list[Widget]:
    """Where the time goes."""
    return [
        widgets.lines(
            "How long until the first word?", {"first": "p95:llm.chat.time_to_first_token{$scope} by {model}"}
        ),
        widgets.lines(
            "How long do chats take, by model?",
            {"latency": "p95:llm.chat.latency{$scope} by {model}"},
            limit=SLOW_CHAT,
        ),
        widgets.heatmap("Are there two kinds of chat, fast and slow?", "histogram:llm.chat.latency{$scope}"),
        widgets.lines(
            "Is it Gemini or us, in seconds of p95?",
            {
                "gemini": "p95:ml_obs.span.duration{$scope,span_kind:llm}",
                "all": "p95:ml_obs.span.duration{$scope,span_kind:workflow}",
            },
            "gemini",
            "all - gemini",
        ),
        widgets.lines(
            "How often is a call repeated, and why?",
            {"retries": "sum:llm.chat.retries{$scope} by {reason}.as_count()"},
            display="bars",
        ),
        widgets.lines(
            "Did the service stop calling a model?",
            {"opened": "sum:llm.chat.breaker_opens{$scope} by {model}.as_count()"},
            display="bars",
        ),
        widgets.counted("Does Gemini throttle us?", "logs", "@outcome:throttled", "@model"),
        widgets.lines(
            "How near is the quota, in refused chats of 5 minutes?",
            {"throttled": "sum:llm.chat.requests{$scope,outcome:throttled} by {model}.as_count().rollup(sum, 300)"},
            limit=THROTTLED_CALLS,
            display="bars",
        ),
    ]


def remedies(workflow_ids: Mapping[str, pulumi.Input[str]]) -> list[Widget]:
    """The workflows that change what answers."""
    return [
        widgets.run_workflow("Is a model slow or refused? Switch it", workflow_ids[SWITCH_MODEL]),
        widgets.run_workflow("Too dear? Enable the cache", workflow_ids[ENABLE_CACHE]),
        widgets.stream(
            "Who changed the model or the cache, and why?",
            "logs_stream",
            "@event:control",
            ["timestamp", "@change", "@value", "@reason"],
        ),
    ]
