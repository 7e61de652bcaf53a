"""Measurement of the redactor: ``python -m benchmarks.redaction``.

Counts what it finds in private texts of many kinds, and what it changes in clean technical ones, both by generators
that share nothing with its rules (tests/integration/service). Where detect-secrets is installed, it is measured on the
same texts. Writes the result to docs/service.md, between its markers.
"""

import importlib
import importlib.util
import time
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path

from service.telemetry.redactor import Redactor
from tests.integration.service.clean_texts import clean_texts
from tests.integration.service.private_kinds import PrivateText, private_texts

PAGE = Path(__file__).parents[1] / "docs" / "service.md"
BEGIN, END = "<!-- benchmarks.redaction: begin -->\n", "<!-- benchmarks.redaction: end -->"
SEED, EACH, CLEAN, COMPARED = 20261224, 12, 10_000, 2000
FAMILIES = ("card", "iban", "phone", "name and value", "escaped json", "connection", "header", "block",
            "password in a language", "sentence", "e-mail", "id")  # fmt: skip
TOKENS = "tokens by issuer"

Finds = Callable[[PrivateText], bool]


def family(kind: str) -> str:
    """Return the family of a kind."""
    first, comma, _ = kind.partition(", ")
    name = first.rpartition(" ")[2] if first.endswith(" card") else first
    return name if comma and name in FAMILIES else TOKENS


def kinds_found(texts: list[PrivateText], finds: Finds) -> dict[str, tuple[int, int, int]]:
    """Return for each family the kinds, the kinds of which every text was found, and the texts that were missed."""
    missed: dict[str, dict[str, int]] = defaultdict(dict)
    for text in texts:
        kinds = missed[family(text.kind)]
        kinds[text.kind] = kinds.get(text.kind, 0) + (not finds(text))
    return {name: (len(kinds), list(kinds.values()).count(0), sum(kinds.values())) for name, kinds in missed.items()}


def table() -> str:
    """Return the page's part."""
    texts, clean, redactor = private_texts(SEED, EACH), clean_texts(SEED, CLEAN), Redactor()
    ours = kinds_found(texts, lambda text: text.secret not in redactor.redact(text.text))
    theirs = (
        kinds_found(texts, lambda text: found_by_detect_secrets(text.text, text.secret)) if has_detect_secrets() else {}
    )
    lines = [
        "| family | kinds | found | texts missed |" + (" found by detect-secrets |" if theirs else ""),
        "|---|---|---|---|" + ("---|" if theirs else ""),
    ]
    for name, (kinds, found, left) in sorted(ours.items()):
        lines.append(
            f"| {name} | {kinds} | {found} | {left} of {kinds * EACH} |" + (f" {theirs[name][1]} |" if theirs else "")
        )
    sums = [sum(column) for column in zip(*ours.values(), strict=True)]
    lines.append(f"| **all** | {sums[0]} | {sums[1]} ({sums[1] / sums[0]:.1%}) | {sums[2]} of {len(texts)} |"
                 + (f" {sum(row[1] for row in theirs.values())} |" if theirs else ""))  # fmt: skip
    began = time.process_time()
    changed = sum(redactor.redact(text) != text for _, text in clean)
    seconds = (time.process_time() - began) / len(clean)
    lines += [
        "",
        f"Of {len(clean)} clean technical texts (lines of logs, of Python's library, of installed packages and of this "
        f"documentation, commits, digests, ids, package names), {changed} were changed ({changed / len(clean):.2%}). "
        f"A text took {seconds * 1e6:.0f} µs.",
        "",
    ]  # fmt: skip
    if theirs:
        reported = sum(found_by_detect_secrets(text) for _, text in clean[:COMPARED])
        lines[-2] += f" detect-secrets reported {reported} of the first {COMPARED}."
    return "\n".join(lines)


def has_detect_secrets() -> bool:
    """Return whether detect-secrets is installed."""
    return importlib.util.find_spec("detect_secrets") is not None


@cache
def detect_secrets_plugins() -> list[dict[str, str]]:
    """Return its plugins without those that report any text of high entropy, such as every digest."""
    util = importlib.import_module("detect_secrets.core.plugins.util")
    names = {plugin.__name__ for plugin in util.get_mapping_from_secret_type_to_class().values()}
    return [{"name": name} for name in sorted(names) if "HighEntropy" not in name]


def found_by_detect_secrets(text: str, secret: str = "") -> bool:
    """Return whether detect-secrets' plugins report the secret, by default anything, in a text."""
    scan = importlib.import_module("detect_secrets.core.scan")
    settings = importlib.import_module("detect_secrets.settings")
    with settings.transient_settings({"plugins_used": detect_secrets_plugins()}):
        values = [str(item.secret_value) for line in text.splitlines() for item in scan.scan_line(line)]
    return any(value in secret or secret in value for value in values if value) if secret else bool(values)


def main() -> None:
    """Write the table."""
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}")


if __name__ == "__main__":
    main()
