"""``--json``: the report of a command as one JSON document. docs/schemas has the schema of each."""

import json
from typing import Annotated, Any

import typer

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the report as JSON and nothing else; docs/schemas has its schema.")
]


def print_json(document: Any) -> None:
    """Print a document on standard output."""
    print(json.dumps(document, indent=2, ensure_ascii=False, default=str))
