"""The dashboard LLM cost and quality: answers by model, and the workflows that change the model or the cache."""

from collections.abc import Mapping

import pulumi

from infra.identity import Identity
from infra.objectives import COST_PER_HOUR, SLOW_CHAT, THROTTLED_CALLS
from infra.observability.dashboards import widgets
from infra.observability.dashboards.board import Json, board
from infra.observability.dashboards.widgets import Widget
from infra.observability.workflows.workflows import ENABLE_CACHE, SWITCH_MODEL

QUESTION = "What do answers cost, are they good, are they fast, and what can be done?"


def body(identity: Identity, workflow_ids: Mapping[str, pulumi.Input[str]]) -> Json:
    """Return the body of the dashboard."""
    groups = [
        widgets.group("What do answers cost?", *cost()),
        widgets.group("Are answers good?", *quality()),
        widgets.group("Are the models fast?", *speed()),
        widgets.group("What can be done now?", *remedies(workflow_ids)),
    ]
    return board(identity, "LLM cost and quality", QUESTION, groups, model=True)


def cost() -> list[Widget]:
    """Return widgets on cost, by model, route, feature and caller."""
    return [
        widgets.lines(
            "How much do chats cost per hour?",
            {"cost": "sum:llm.chat.cost{$scope} by {model}.as_count().rollup(sum, 3600)"},
            limit=COST_PER_HOUR,
            display="bars",
        ),
        widgets.lines(
            "How much will chats cost per hour in a week?",
            {"cost": "sum:llm.chat.cost{$scope}.as_count().rollup(sum, 3600)"},
            "forecast(cost, 'linear', 1)",
            limit=COST_PER_HOUR,
        ),
        widgets.value(
            "toplist",
            "How much does a chat cost, by model?",
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
                f"Which {tag} costs the most (dollars)?",
                "cost",
                {"cost": f"sum:llm.chat.cost{{$scope}} by {{{tag}}}.as_count()"},
                aggregator="sum",
            )
            for tag in ("route", "feature", "caller")
        ),
        widgets.lines(
            "How many chats are refused over caller budget?",
            {"refused": "sum:llm.budget.refusals{$scope} by {reason}.as_count()"},
            display="bars",
        ),
        widgets.lines(
            "How many input and output tokens?",
            {"tokens": "sum:llm.chat.tokens{$scope} by {direction}.as_count()"},
            display="bars",
        ),
        widgets.lines(
            "How many tokens per hour in a week?",
            {"tokens": "sum:llm.chat.tokens{$scope}.as_count().rollup(sum, 3600)"},
            "forecast(tokens, 'seasonal', 1)",
        ),
        widgets.lines(
            "Does LLM Observability measure the same cost (dollars)?",
            {"cost": "sum:ml_obs.span.llm.total.cost{$scope,span_kind:llm} by {model_name}.as_count()"},
            "cost / 1000000000",
            display="bars",
        ),
        widgets.table(
            "How do the models compare?",
            {
                "chats": ("sum:llm.chat.requests{$scope} by {model}.as_count()", "sum"),
                "p95 (s)": ("p95:llm.chat.latency{$scope} by {model}", "avg"),
                "first token p95 (s)": ("p95:llm.chat.time_to_first_token{$scope} by {model}", "avg"),
                "cost ($)": ("sum:llm.chat.cost{$scope} by {model}.as_count()", "sum"),
            },
        ),
    ]


def quality() -> list[Widget]:
    """Return widgets on evaluations, ratings and detections."""
    return [
        widgets.lines(
            "What percentage of evaluated answers passes, by evaluation?",
            {
                "good": "sum:llm.chat.evaluations{$scope AND verdict:pass} by {evaluation}.as_count()",
                "judged": "sum:llm.chat.evaluations{$scope} by {evaluation}.as_count()",
            },
            "100 * default_zero(good) / judged",
        ),
        widgets.table(
            "Which model's answers are worse?",
            {
                "evaluated": ("sum:llm.chat.evaluations{$scope} by {model}.as_count()", "sum"),
                "failed": ("sum:llm.chat.evaluations{$scope AND verdict:fail} by {model}.as_count()", "sum"),
                "rated up": ("sum:llm.chat.feedback{$scope AND rating:up} by {model}.as_count()", "sum"),
                "rated down": ("sum:llm.chat.feedback{$scope AND rating:down} by {model}.as_count()", "sum"),
            },
        ),
        widgets.lines(
            "How do users rate answers?",
            {"ratings": "sum:llm.chat.feedback{$scope} by {rating}.as_count()"},
            display="bars",
        ),
        widgets.lines(
            "Are there prompt injections or data leaks?",
            {"found": "sum:llm.chat.detections{$scope} by {detector}.as_count()"},
            display="bars",
        ),
        widgets.lines(
            "How many answers are blocked or empty?",
            {"chats": "sum:llm.chat.requests{$scope AND outcome IN (blocked, empty)} by {outcome}.as_count()"},
            display="bars",
        ),
        widgets.stream(
            "What are the latest prompts and answers?",
            "llm_observability_stream",
            "@event_type:span @parent_id:undefined",
            ["@status", "@content.prompt", "@content.response.content", "@duration"],
        ),
        widgets.stream(
            "Which model calls failed?",
            "llm_observability_stream",
            "@event_type:span @span_kind:llm @status:error",
            ["@name", "@model_name", "@error.type", "@duration"],
        ),
    ]


def speed() -> list[Widget]:
    """Return widgets on latency, retries and throttling."""
    return [
        widgets.lines(
            "How long until the first token (p95)?", {"first": "p95:llm.chat.time_to_first_token{$scope} by {model}"}
        ),
        widgets.lines(
            "How long do chats take, by model (p95)?",
            {"latency": "p95:llm.chat.latency{$scope} by {model}"},
            limit=SLOW_CHAT,
        ),
        widgets.heatmap("How is chat latency distributed?", "histogram:llm.chat.latency{$scope}"),
        widgets.lines(
            "Gemini or our own code: where is the time spent (p95, seconds)?",
            {
                "gemini": "p95:ml_obs.span.duration{$scope,span_kind:llm}",
                "all": "p95:ml_obs.span.duration{$scope,span_kind:workflow}",
            },
            "gemini",
            "all - gemini",
        ),
        widgets.lines(
            "How many retries, by reason?",
            {"retries": "sum:llm.chat.retries{$scope} by {reason}.as_count()"},
            display="bars",
        ),
        widgets.lines(
            "Did a circuit breaker open?",
            {"opened": "sum:llm.chat.breaker_opens{$scope} by {model}.as_count()"},
            display="bars",
        ),
        widgets.event_count("Does Gemini throttle, by model?", "logs", "@outcome:throttled", "@model"),
        widgets.lines(
            "How many chats does Gemini refuse in 5 minutes?",
            {"throttled": "sum:llm.chat.requests{$scope,outcome:throttled} by {model}.as_count().rollup(sum, 300)"},
            limit=THROTTLED_CALLS,
            display="bars",
        ),
    ]


def remedies(workflow_ids: Mapping[str, pulumi.Input[str]]) -> list[Widget]:
    """Return the buttons of the workflows, and their past runs."""
    return [
        widgets.run_workflow("Model slow or throttled? Switch the model", workflow_ids[SWITCH_MODEL]),
        widgets.run_workflow("Cost too high? Enable the cache", workflow_ids[ENABLE_CACHE]),
        widgets.stream(
            "When was the model or the cache changed, and why?",
            "logs_stream",
            "@event:control",
            ["timestamp", "@change", "@value", "@reason"],
        ),
    ]
