"""A comparison of our Datadog provider with recordings of the published one.

    python -m firedrill.sandbox.wire FILE [URL]

FILE has one JSON object a line, of one of two forms. An example, {"example", "resources": [{"type", "name", "inputs"}],
"requests": [{"method", "path", "body"}]}, is created with our provider; a request is equal when method, path and body
(as JSON) are. Without a URL the requests go to an echo; with one, to that API, with the keys of DD_API_KEY and
DD_APP_KEY. A case, which has "op", is an operation on one resource (see `cases`); it runs against the sandbox's API in
this process, and each of check, diff, create, update and delete is counted. What differs is listed.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from firedrill.datadog.client import DatadogClient
from firedrill.datadog.provider import configured_client, provider
from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.http.api import AccountApi
from firedrill.sandbox.datadog.store import Store
from firedrill.sandbox.wire import cases, examples

Json = Any


def compare_examples(rows: list[Json], url: str | None) -> bool:
    """Compare examples and print the result; return whether all are equal."""
    recorder = examples.RecordingTransport(httpx.HTTPTransport() if url else None)
    default = DatadogClient("http://echo.invalid", "", "", recorder)
    table = provider(configured_client({"apiUrl": url or default.url}, default))
    results = list(examples.compare(table, recorder, rows))
    for result in results:
        if result.differences:
            print(result)
    equal, compared = sum(result.equal for result in results), sum(result.compared for result in results)
    left_out = sum(result.not_declared for result in results)
    print(f"equal: {equal} of {compared} requests ({100 * equal / max(compared, 1):.1f} %)")
    if left_out:
        names = ", ".join(result.example for result in results if result.not_declared)
        print(f"not declared: {left_out} requests of kinds that the provider does not have, in {names}")
    return equal == compared


def compare_cases(rows: list[Json]) -> bool:
    """Compare cases and print the result; return whether all are equal."""
    with tempfile.TemporaryDirectory() as folder:
        api = AccountApi(Directory(Store(Path(folder) / "datadog.sqlite")))
        outcomes = list(cases.compare(api, rows))
    for outcome in outcomes:
        if outcome.differences:
            print(outcome)
    for operation, (equal, compared) in cases.score(outcomes).items():
        print(f"{operation}: {equal} of {compared}")
    return not any(outcome.differences for outcome in outcomes)


def main() -> None:
    """Compare a file; exit with 1 when something differs."""
    parser = argparse.ArgumentParser(
        prog="python -m firedrill.sandbox.wire", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("url", nargs="?", help="an API that examples are sent to, such as the sandbox's")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in arguments.file.read_text().splitlines() if line.strip()]
    of_cases = [row for row in rows if "op" in row]
    of_examples = [row for row in rows if "op" not in row]
    equal = compare_examples(of_examples, arguments.url) if of_examples else True
    equal = (compare_cases(of_cases) if of_cases else True) and equal
    sys.exit(0 if equal else 1)


if __name__ == "__main__":
    main()
