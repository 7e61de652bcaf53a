"""Detectors of prompt injection and of leaked data. They report (a log line and a metric), and refuse nothing.

Limits: patterns find attacks that look like known ones, in English, German, French and Spanish; they do not find
paraphrases, other languages, or text hidden in encodings. A leak is private data that the redactor knows (keys, cards,
e-mails ...) in an answer, but not in the conversation that led to it; private facts without a form are not found.
Both are for trends and alerts, not for decisions about one chat.
"""

import re

from service.telemetry.redactor import find_private

_OVERRIDE = r"(?:ignor\w*|disregard\w*|forget|overrid\w*|vergiss|ignorier\w*|oublie\w*|olvid\w*)"
_RULES = r"(?:instructions?|prompts?|rules?|guidelines?|directions?|anweisung\w*|regeln|consignes|instrucciones|reglas)"
_SAY = r"(?:reveal|show|print|repeat|output|tell|give|leak|zeige?|montre\w*|muestra)"
_FREED = r"(?:DAN|unrestricted|unfiltered|jailbroken|without (?:any )?(?:rules|restrictions|filters))"


def _near(first: str, words: int, then: str) -> re.Pattern[str]:
    """Return a pattern for two expressions in one sentence with at most ``words`` words between them."""
    gap = r"[^\w.!?\n]{1,9}"
    return re.compile(rf"(?i)\b{first}\b(?:{gap}\w{{1,40}}){{0,{words}}}?{gap}{then}\b")


INJECTIONS: dict[str, re.Pattern[str]] = {
    "override": _near(_OVERRIDE, 4, _RULES),
    "reveal": _near(
        _SAY, 4, r"(?:system|hidden|initial|secret|original)\W{1,9}(?:prompt|instructions?|message|rules?)"
    ),
    "persona": _near("(?:you are now|act as|pretend to be|du bist jetzt)", 5, _FREED),
    "mode": _near("(?:developer|debug|god|jailbreak|DAN)[ -]mode", 3, "(?:on|enabled?|activated?)"),
    "turn": re.compile(r"(?im)^[ \t]{0,9}(?:<\|?im_start\|?>|\[|#{2,6}[ \t]{0,9})(?:system|assistant)\b"),
}
"""Patterns by rule. Every repetition is bounded, so that no message is slow to search."""


def prompt_injection(message: str) -> str | None:
    """Return the first rule that the message matches, None for none."""
    return next((name for name, pattern in INJECTIONS.items() if pattern.search(message)), None)


def data_leak(conversation: str, answer: str) -> str | None:
    """Return a kind of private data that is new in the answer, None for none."""
    return next((kind for kind, text in find_private(answer) if text not in conversation), None)
