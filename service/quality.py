"""Evaluations that cost nothing, of a sample of answers, in the request: did it end, did it answer, did it loop.

Each is submitted to LLM Observability for the chat's span and counted. What needs a judge is graded later, by
``python -m service.evaluation_job``. The set: an answer that was cut off, one that declines, and one that repeats
itself are the failures of a language model that can be told without understanding the text, with few false alarms.
"""

import re

from ddtrace.llmobs import LLMObs

from service.emission import Emitter
from service.telemetry import CHAT_EVALUATIONS

REFUSAL = re.compile(
    r"(?i)^\W{0,9}(?:i(?:'m| am)? (?:sorry|afraid|unable)|sorry|i (?:can(?:no|')t|can not|won't|must decline)|as an ai"
    r"|es tut mir leid|ich kann (?:das|dir|ihnen) (?:leider )?nicht|je (?:suis désolé|ne peux pas)|lo siento)\b"
)
WINDOW_WORDS, MOST_REPEATS = 8, 3
"""The same eight words in a row, four times: no person writes so, a model in a loop does."""


def sampled(trace_id: str, share: float) -> bool:
    """Whether this chat is of the sample: the same answer wherever it is asked."""
    return int(trace_id[-8:], 16) < share * 2**32


def verdicts(answer: str, finish: str | None) -> dict[str, bool]:
    """Whether the answer passes, by evaluation."""
    words = answer.lower().split()
    windows = [tuple(words[at : at + WINDOW_WORDS]) for at in range(len(words) - WINDOW_WORDS + 1)]
    return {
        "complete": finish != "MAX_TOKENS",
        "no_refusal": REFUSAL.search(answer) is None,
        "no_repetition": not windows or max(map(windows.count, set(windows))) <= MOST_REPEATS,
    }


def submit(emitter: Emitter, model: str, span: dict[str, str] | None, found: dict[str, bool]) -> None:
    """Tell the verdicts; ``span`` is None without LLM Observability."""
    for name, passed in found.items():
        verdict = "pass" if passed else "fail"
        emitter.emit(CHAT_EVALUATIONS, 1, model=model, evaluation=name, verdict=verdict)
        if span:
            LLMObs.submit_evaluation(name, "boolean", passed, span=span, tags={"model": model}, assessment=verdict)
