r"""Regular expressions of grok rules, in Java's syntax, as Python's.

Datadog's engine runs on the JVM, as recorded results show: ``(?<name>..)``, ``\p{..}``, ``(?i)`` in the middle.
A plain group does not capture; a named group is an attribute, like a block.
"""

import re
import unicodedata
from functools import lru_cache

FLAGS = re.compile(r"\(\?([a-zA-Z]*)(?:-([a-zA-Z]+))?(\)|:)")
NAMED = re.compile(r"\(\?<([A-Za-z]\w*)>")
PROPERTY = re.compile(r"\\([pP])(?:\{\^?(\w+)\}|(\w))")
# POSIX classes are ASCII; other properties are general categories.
POSIX = {
    "Lower": "a-z", "Upper": "A-Z", "ASCII": "\\x00-\\x7f", "Alpha": "a-zA-Z", "Digit": "0-9", "Alnum": "a-zA-Z0-9",
    "Punct": "!-/:-@\\[-`{-~", "Graph": "!-~", "Print": " -~", "Blank": " \\t", "Cntrl": "\\x00-\\x1f\\x7f",
    "XDigit": "0-9a-fA-F", "Space": "\\s",
}  # fmt: skip
NAMES = {"IsAlphabetic": "L", "IsLetter": "L", "IsDigit": "Nd", "IsPunctuation": "P", "IsUppercase": "Lu",
         "IsLowercase": "Ll", "IsControl": "Cc", "IsWhite_Space": "Z"}  # fmt: skip
ESCAPES = {"h": " \\t\\xa0\\u2000-\\u200a\\u3000", "e": "\\x1b"}
KNOWN_FLAGS = "imsx"


def translate(source: str) -> tuple[str, dict[str, str]]:
    """Return a regular expression for Python, and its named groups: Python's name and Java's."""
    return _Translation(source).run()


class _Translation:
    """State of one translation: position, output, and the brackets to close at the end of each open group."""

    def __init__(self, source: str) -> None:
        self.source, self.at = source, 0
        self.output: list[str] = []
        self.closing = [""]
        self.named: dict[str, str] = {}

    def run(self) -> tuple[str, dict[str, str]]:
        while self.at < len(self.source):
            character = self.source[self.at]
            if character == "\\":
                self._take(*_escape(self.source, self.at, inside=False))
            elif character == "[":
                self._take(*_set(self.source, self.at))
            elif character == "(":
                self._open()
            elif character == ")" and len(self.closing) > 1:
                self._take(self.closing.pop() + ")", 1)
            else:
                self._take(character, 1)
        return "".join(self.output) + "".join(reversed(self.closing)), self.named

    def _take(self, text: str, length: int) -> None:
        self.output.append(text)
        self.at += length

    def _open(self) -> None:
        named, flags = NAMED.match(self.source, self.at), FLAGS.match(self.source, self.at)
        if named:
            group = f"named{len(self.named)}"
            self.named[group] = named[1]
            self._take(f"(?P<{group}>", len(named[0]))
        elif flags and flags[3] == ")":
            # Python has flags for a group only: they end where the group around them ends.
            self._take(f"(?{_flags(flags)}:", len(flags[0]))
            self.closing[-1] += ")"
            return
        elif flags and flags[1]:
            self._take(f"(?{_flags(flags)}:", len(flags[0]))
        elif self.source.startswith("(?", self.at):
            self._take("(?", 2)
        else:
            self._take("(?:", 1)
        self.closing.append("")


def _flags(match: re.Match[str]) -> str:
    added = "".join(flag for flag in match[1] if flag in KNOWN_FLAGS)
    removed = "".join(flag for flag in match[2] or "" if flag in KNOWN_FLAGS)
    return added + (f"-{removed}" if removed else "")


def _escape(source: str, at: int, inside: bool) -> tuple[str, int]:
    """Return an escape at a position for Python, and its length in the source."""
    quoted = re.compile(r"\\Q(.*?)(?:\\E|\Z)", re.DOTALL).match(source, at)
    if quoted:
        return re.escape(quoted[1]), len(quoted[0])
    known = PROPERTY.match(source, at)
    if known:
        ranges = _ranges(known[2] or known[3], known[1] == "P")
        return ranges if inside else f"[{ranges}]", len(known[0])
    code = re.compile(r"\\x\{([0-9a-fA-F]+)\}").match(source, at)
    if code:
        return re.escape(chr(int(code[1], 16))), len(code[0])
    letter = source[at + 1 : at + 2]
    if letter in ESCAPES:
        return ESCAPES[letter] if inside else f"[{ESCAPES[letter]}]", 2
    if letter == "R" and not inside:
        return r"(?:\r\n|[\n\r])", 2
    if letter in ("z", "Z") and not inside:
        return r"\Z" if letter == "z" else r"(?=\n?\Z)", 2
    return f"\\{letter}", 2


def _set(source: str, at: int) -> tuple[str, int]:
    """Return a set of characters at a position for Python, and its length in the source."""
    start = at
    output = "[^" if source.startswith("[^", at) else "["
    at += len(output)
    if source.startswith("]", at):
        output, at = output + "\\]", at + 1
    while at < len(source) and source[at] != "]":
        text, length = source[at], 1
        if text == "\\":
            text, length = _escape(source, at, inside=True)
        elif text in "[&~|":
            text = f"\\{text}"
        output, at = output + text, at + length
    return f"{output}]", at + 1 - start


@lru_cache(maxsize=64)
def _ranges(name: str, negated: bool) -> str:
    """Return a property's characters of the basic plane as ranges of a set."""
    if name in POSIX and not negated:
        return POSIX[name]
    inside = re.compile(f"[{POSIX[name]}]").match if name in POSIX else None
    category = NAMES.get(name, name.removeprefix("Is"))

    def belongs(character: str) -> bool:
        found = inside(character) if inside else unicodedata.category(character).startswith(category)
        return bool(found) is not negated

    ranges: list[list[int]] = []
    for code in range(0x10000):
        if belongs(chr(code)):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"\\u{low:04x}-\\u{high:04x}" for low, high in ranges)
