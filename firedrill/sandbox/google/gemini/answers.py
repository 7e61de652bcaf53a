"""Answers of the sandbox's Gemini: the same prompt always gets the same answer, with matching token counts."""

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from firedrill.sandbox.google.errors import ErrorResponse

CHARACTERS_PER_TOKEN = 4
"""Google's rule of thumb: https://ai.google.dev/gemini-api/docs/tokens."""
CHUNK_WORDS = 8
MAX_OUTPUT_TOKENS = 65_536
SUBJECTS = ("An error budget", "A good alert", "The on-call engineer", "A slow answer", "Every deployment", "A runbook")
VERBS = ("tells", "protects", "limits", "explains", "measures", "needs")
OBJECTS = (
    "what users feel rather than what machines do",
    "how much failure a team may still afford this month",
    "one action that a tired person can take",
    "the difference between a cause and its symptom",
    "a number that somebody has agreed to",
    "the moment at which it is over again",
)


@dataclass(frozen=True)
class Answer:
    """An answer with its token counts."""

    text: str
    prompt_tokens: int
    thought_tokens: int
    finish_reason: str

    @property
    def usage(self) -> dict[str, Any]:
        """The API's ``usageMetadata``, which omits counts of zero."""
        candidates = count_tokens(self.text)
        counts = {"candidatesTokenCount": candidates, "thoughtsTokenCount": self.thought_tokens}
        return {
            "promptTokenCount": self.prompt_tokens,
            **{name: count for name, count in counts.items() if count},
            "totalTokenCount": self.prompt_tokens + candidates + self.thought_tokens,
            "trafficType": "ON_DEMAND",
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": self.prompt_tokens}],
        }

    @property
    def chunks(self) -> Iterator[str]:
        """The text in the pieces of a stream, at least one."""
        words = self.text.split(" ")
        for start in range(0, len(words), CHUNK_WORDS):
            yield ("" if start == 0 else " ") + " ".join(words[start : start + CHUNK_WORDS])

    def repeated(self, max_tokens: int) -> "Answer":
        """Return an answer whose text repeats up to the limit of output tokens."""
        max_characters = (max_tokens - self.thought_tokens) * CHARACTERS_PER_TOKEN
        text = (f"{self.text} " * (max_characters // (len(self.text) + 1) + 1))[:max_characters]
        return Answer(text, self.prompt_tokens, self.thought_tokens, "MAX_TOKENS")


def count_tokens(text: str) -> int:
    """Return the number of tokens of a text."""
    return math.ceil(len(text) / CHARACTERS_PER_TOKEN)


def prompt_text(body: object) -> str:
    """Return the text of a request. Raises ErrorResponse 400 for a body without text."""
    contents = body.get("contents") if isinstance(body, dict) else None
    contents = [contents] if isinstance(contents, dict) else contents
    if not isinstance(contents, list) or not contents:
        raise ErrorResponse(400, "Unable to submit request because it must have at least one content.")
    texts: list[str] = []
    for content in contents:
        parts = content.get("parts") if isinstance(content, dict) else None
        parts = [parts] if isinstance(parts, dict) else parts
        if not isinstance(parts, list) or not parts:
            raise ErrorResponse(400, "Unable to submit request because it must include at least one parts field.")
        if content.get("role", "user") not in {"user", "model"}:
            raise ErrorResponse(400, "Please use a valid role: user, model.")
        texts += [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]
    if not any(texts):
        raise ErrorResponse(400, "Unable to submit request because it has an empty text parameter.")
    return "\n".join(texts)


def max_output_tokens(body: dict[str, Any]) -> int:
    """Return the request's ``maxOutputTokens``. Raises ErrorResponse 400 for a value outside the models' range."""
    limit = (body.get("generationConfig") or {}).get("maxOutputTokens", MAX_OUTPUT_TOKENS)
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_OUTPUT_TOKENS:
        raise ErrorResponse(400, f"maxOutputTokens must be from 1 (inclusive) to {MAX_OUTPUT_TOKENS + 1} (exclusive).")
    return limit


def generate_answer(model: str, body: dict[str, Any]) -> Answer:
    """Return the model's answer. As with the real models, thoughts count against ``maxOutputTokens``."""
    text_of_prompt, max_tokens = prompt_text(body), max_output_tokens(body)
    seed = hashlib.sha256(json.dumps([model, text_of_prompt]).encode()).digest()
    thoughts = 0 if "lite" in model else min(max_tokens, 16 + seed[0] % 64)
    max_characters = (max_tokens - thoughts) * CHARACTERS_PER_TOKEN
    text = " ".join(
        f"{SUBJECTS[a % len(SUBJECTS)]} {VERBS[b % len(VERBS)]} {OBJECTS[c % len(OBJECTS)]}."
        for a, b, c in zip(seed[1:], seed[9:], seed[17 : 20 + seed[0] % 4], strict=False)
    )
    return Answer(
        text[:max_characters],
        count_tokens(text_of_prompt),
        thoughts,
        "STOP" if len(text) <= max_characters else "MAX_TOKENS",
    )
