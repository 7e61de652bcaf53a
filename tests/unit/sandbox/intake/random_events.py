"""Random events and searches of them: operators, kinds of keys, negation, nesting, and values that no event has."""

import json
from typing import Any

import numpy as np

Random = np.random.Generator
WORDS = (
    "chat", "timeout", "Timeout", "caf\u00e9", "warn", "error", "a-b", "true", "200", "line\nbreak", 'q"uote', "none",
    "nul\0x", "[a-b]", "\u65e5\u672c", "\u212aelvin", "back\\slash", "10.0.0.7", "fe80::1", "a.b", "x_y",
)  # fmt: skip
NUMBERS = (5, 5.0, 200, 0.25, 503, "200", "200.0", "5", True, False, None, 2**60 + 1, 1e20, -3, 0)
NESTED: tuple[dict[str, Any], ...] = (
    {"a": {"b": {"c": "chat"}}}, {"a.b": {"c": "chat"}}, {"a": {"b.c": "chat"}}, {"a.b.c": "chat"},
          {"a": [{"b": {"c": "chat"}}, {"b": 7}]}, {"a": [[{"b.c": "chat"}], "chat"]}, {"a": {"0": {"c": "chat"}}},
          {"list": []}, {"list": ["chat", None, ["x"], {"y": "chat"}]}, {"empty": {}}, {"": "chat"})  # fmt: skip
"""Forms of attributes whose paths are read in several ways."""

KEYS = (
    "@user.id:", "@user.roles:", "@user.roles.0:", "@user.roles.1:", "@user:", "@count:", "@duration:", "@ip:",
    "@a.b.c:", "@a.b:", "@a:", "@a.0.b.c:", "@a.0.c:", "@list:", "@list.y:", "@list.3.y:", "@empty:",
    "@http.status_code:", "@missing:", "env:", "service:", "status:", "message:", "host:", "tags:", "extra:",
    "attributes:", "*:", "",
)  # fmt: skip
TEXTS = (
    "chat", "Chat", "t*", "*a*", "ch?t", "*", "200", "5", "-3", "nul*", "web", "error", "warning", "none", "None",
    "a-b", "tim*t", "*out", "zzz", "*zzz*", "caf\xe9", "caf*", "\u65e5\u672c", "\u65e5*", "kelvin", "k*n",
    "env\\:chat", "true", "1152921504606846977", "1e20", "100000000000000000000", "10*", "x_y", "*_*", "7",
    "back\\\\slash", "\\[a-b\\]", "\\[a*", '"chat timeout"', '"a-b"', "\"q\\\"uote\"", '"line break"', '"error"',
    '"chat*"', "service\\:web", "a.b", "a?b",
)  # fmt: skip
RANGES = (">4", "<=200", "<0", ">=1e20", "[5 TO 503]", "[* TO 5]", "[200 TO *]", ">9e99", "<5", ">200.5")
NETWORKS = ("10.0.0.0/8", "10.0.0.7", "fe80::/10", "192.168.0.0/16, 10.0.0.0/29", "0.0.0.0/0")


def choose(random: Random, choices: tuple[object, ...]) -> object:
    """Return any of some values."""
    return choices[random.integers(len(choices))]


def random_event(random: Random) -> dict[str, object]:
    """Return an event with values of all kinds."""

    def word() -> object:
        return choose(random, WORDS)

    def number() -> object:
        return choose(random, NUMBERS)

    attributes = {
        "duration": number(),
        "user": {"id": word(), "roles": [word(), word()]},
        "count": number(),
        "ip": word(),
    }
    if random.integers(2):
        attributes["http"] = {"status_code": number()}
    if not random.integers(5):
        attributes["http.status_code"] = number()
    for form in NESTED:
        if not random.integers(6):
            attributes |= json.loads(json.dumps(form).replace('"chat"', json.dumps(word())))
    event = {
        "service": choose(random, ("web", "api", "", 7, None, ["web", "api"], [])),
        "status": choose(random, ("ok", "warning", "warn", "error", "info", ["warning"], None)),
        "message": choose(
            random, (f"{word()} {word()}\t{word()}", f"{word()}", f"{word()}-{word()}", "", 200, ["a b"])
        ),
        "tags": [f"env:{word()}", f"service:{word()}", "status:error", f"env:{word()}"][: random.integers(5)],
        "attributes": attributes,
        "extra": choose(random, (None, {"deep": [word()]}, [], 1e20, True, word())),
    }
    return {key: value for key, value in event.items() if random.integers(12)}


def random_search(random: Random, depth: int = 3) -> str:
    """Return a search of keys, values, wildcards, ranges, networks, exclusions and groups."""
    negation = choose(random, ("", "", "-", "NOT "))
    if depth and random.integers(3):
        parts = [random_search(random, depth - 1) for _ in range(random.integers(2, 4))]
        joined = f" {choose(random, ('AND', 'OR'))} ".join(parts)
        return f"{negation}({joined})"
    key = str(choose(random, KEYS))
    kind = random.integers(8)
    if kind == 0 and key.startswith("@"):
        return f"{negation}CIDR({key[:-1]}, {choose(random, NETWORKS)})"
    if kind <= 2 and key not in ("", "*:"):
        return f"{negation}{key}{choose(random, RANGES)}"
    if kind == 3 and key:
        values = f" {choose(random, ('OR', 'AND'))} ".join(str(choose(random, TEXTS)) for _ in range(3))
        return f"{negation}{key}({values})"
    return f"{negation}{key}{choose(random, TEXTS)}"
