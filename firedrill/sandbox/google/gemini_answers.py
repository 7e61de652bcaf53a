"""What the sandbox's Gemini says: the same answer to the same prompt, with token counts that fit its length."""

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from firedrill.sandbox.google.errors import GoogleError

CHARACTERS_PER_TOKEN = 4
"""Google's rule of thumb: https://ai.google.dev/gemini-api/docs/tokens."""
CHUNK_WORDS = 8
LONGEST_OUTPUT = 65_536
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
        """``usageMetadata`` as the API gives it: counts of zero are left out."""
        candidates = tokens(self.text)
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
        """The text in the pieces in which it is streamed; at least one."""
        words = self.text.split(" ")
        for start in range(0, len(words), CHUNK_WORDS):
            yield ("" if start == 0 else " ") + " ".join(words[start : start + CHUNK_WORDS])

    def repeated(self, most: int) -> "Answer":
        """The text again and again until the request's limit of output tokens."""
        room = (most - self.thought_tokens) * CHARACTERS_PER_TOKEN
        text = (f"{self.text} " * (room // (len(self.text) + 1) + 1))[:room]
        return Answer(text, self.prompt_tokens, self.thought_tokens, "MAX_TOKENS")


def tokens(text: str) -> int:
    """How many tokens a text has."""
    return math.ceil(len(text) / CHARACTERS_PER_TOKEN)


def prompt(body: object) -> str:
    """A request's text; GoogleError 400 for a body without any."""
    contents = body.get("contents") if isinstance(body, dict) else None
    contents = [contents] if isinstance(contents, dict) else contents
    if not isinstance(contents, list) or not contents:
        raise GoogleError(400, "Unable to submit request because it must have at least one content.")
    texts: list[str] = []
    for content in contents:
        parts = content.get("parts") if isinstance(content, dict) else None
        parts = [parts] if isinstance(parts, dict) else parts
        if not isinstance(parts, list) or not parts:
            raise GoogleError(400, "Unable to submit request because it must include at least one parts field.")
        if content.get("role", "user") not in {"user", "model"}:
            raise GoogleError(400, "Please use a valid role: user, model.")
        texts += [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]
    if not any(texts):
        raise GoogleError(400, "Unable to submit request because it has an empty text parameter.")
    return "\n".join(texts)


def most_tokens(body: dict[str, Any]) -> int:
    """The request's ``maxOutputTokens``; GoogleError 400 outside what models can write."""
    given = (body.get("generationConfig") or {}).get("maxOutputTokens", LONGEST_OUTPUT)
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= LONGEST_OUTPUT:
        raise GoogleError(400, f"maxOutputTokens must be from 1 (inclusive) to {LONGEST_OUTPUT + 1} (exclusive).")
    return given


def answer(model: str, body: dict[str, Any]) -> Answer:
    """The model's answer. As with the real ones, thoughts count against ``maxOutputTokens``."""
    asked, most = prompt(body), most_tokens(body)
    seed = hashlib.sha256(json.dumps([model, asked]).encode()).digest()
    thoughts = 0 if "lite" in model else min(most, 16 + seed[0] % 64)
    room = (most - thoughts) * CHARACTERS_PER_TOKEN
    text = " ".join(
        f"{SUBJECTS[a % len(SUBJECTS)]} {VERBS[b % len(VERBS)]} {OBJECTS[c % len(OBJECTS)]}."
        for a, b, c in zip(seed[1:], seed[9:], seed[17 : 20 + seed[0] % 4], strict=False)
    )
    return Answer(text[:room], tokens(asked), thoughts, "STOP" if len(text) <= room else "MAX_TOKENS")
