"""A Datadog organisation that lacks a product answers 403: told with the key of the program that does without it."""

import re

REFUSED = re.compile(r"\b403\b")
PRODUCTS = {
    "on-call": ("On-Call", re.compile(r"/api/v2/on-call/|:OnCall")),
    "llm-observability": ("LLM Observability", re.compile(r"/llm-obs/")),
}
"""By the name in ``productsOff``: what people call it, and how an error of its API is known."""
TRACEBACK = "Traceback (most recent call last):\n"


def explained(message: str, urn: str) -> str:
    """An error of the engine, with what to do where it is a product that the organisation does not have.

    The Python SDK shows an exception of a dynamic resource with the head of a traceback, which is left out.
    """
    text = message.strip().removeprefix(TRACEBACK)
    project, kind = [*urn.split("::"), "", "", ""][1:3]
    for name, (called, known) in PRODUCTS.items():
        if REFUSED.search(text) and known.search(f"{text} {kind}"):
            key = f"{project or 'PROJECT'}:productsOff"
            return (
                f"{text}\nEither the Datadog organisation has no {called}, or the application key may not use it. "
                f"To do without: `pulumi config set --path '{key}[0]' {name}` ({key} is a list)."
            )
    return text
