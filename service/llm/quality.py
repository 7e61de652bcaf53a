"""Evaluations of a sample of answers in the request, without cost: cut off, declined, repeating.

These failures of a language model can be recognized without understanding the text, with few false alarms. Each verdict
is counted, and submitted to LLM Observability for the chat's span. What needs a judge is graded by
``python -m service.evaluation_job``.
"""

import re

from ddtrace.llmobs import LLMObs

from service.telemetry import CHAT_EVALUATIONS
from service.telemetry.emission import Emitter

REFUSAL = re.compile(
    r"(?i)^\W{0,9}(?:i(?:'m| am)? (?:sorry|afraid|unable)|sorry|i (?:can(?:no|')t|can not|won't|must decline)|as an ai"
    r"|es tut mir leid|ich kann (?:das|dir|ihnen) (?:leider )?nicht|je (?:suis désolé|ne peux pas)|lo siento)\b"
)
WINDOW_WORDS, MAX_REPEATS = 8, 3
"""A model in a loop writes the same eight words in a row more than three times; people do not."""


def sampled(trace_id: str, share: float) -> bool:
    """Return whether a chat is in the sample; the trace id alone decides."""
    return int(trace_id[-8:], 16) < share * 2**32


def verdicts(answer: str, finish_reason: str | None) -> dict[str, bool]:
    """Return whether the answer passes, for each evaluation."""
    words = answer.lower().split()
    windows = [tuple(words[at : at + WINDOW_WORDS]) for at in range(len(words) - WINDOW_WORDS + 1)]
    return {
        "complete": finish_reason != "MAX_TOKENS",
        "no_refusal": REFUSAL.search(answer) is None,
        "no_repetition": not windows or max(map(windows.count, set(windows))) <= MAX_REPEATS,
    }


def submit(emitter: Emitter, model: str, span: dict[str, str] | None, passes: dict[str, bool]) -> None:
    """Report the verdicts on an answer; ``span`` is None without LLM Observability."""
    for name, passed in passes.items():
        verdict = "pass" if passed else "fail"
        emitter.emit(CHAT_EVALUATIONS, 1, model=model, evaluation=name, verdict=verdict)
        if span:
            LLMObs.submit_evaluation(name, "boolean", passed, span=span, tags={"model": model}, assessment=verdict)
