"""Lines that an account's log pipelines process, with the fields that each must have afterwards."""

from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from firedrill.evaluate.model import Json
from firedrill.logs.event import PipelineError, read_attribute
from firedrill.logs.pipelines import run_pipelines
from firedrill.logs.search import SearchError
from firedrill.scenario.scenario import Model, ScenarioError


class LogLine(Model):
    """A log line as it arrives, and what the pipelines make of it."""

    title: str
    line: dict[str, Any] = Field(
        description="`service`, `status`, `message`, `tags`, and its own fields in `attributes`"
    )
    becomes: dict[str, Any] = Field(
        description="by field (`status`) or attribute (`@cost_band`): its value; null for none"
    )


def load_lines(path: Path) -> list[LogLine]:
    """Read a file of lines; none where there is no file.

    Raises:
        ScenarioError: The file has no list of lines.
    """
    if not path.exists():
        return []
    try:
        return TypeAdapter(list[LogLine]).validate_python(yaml.safe_load(path.read_text()))
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path}: not YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ScenarioError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def line_problems(pipelines: Sequence[Json], lines: Sequence[LogLine]) -> list[str]:
    """Return the fields that differ from what the lines must become, one line each."""
    return [problem for line in lines for problem in _problems(pipelines, line)]


def _problems(pipelines: Sequence[Json], line: LogLine) -> list[str]:
    try:
        event = run_pipelines(pipelines, line.line)
    except (PipelineError, SearchError) as error:
        return [f"log line {line.title!r}: {error}"]
    return [
        f"log line {line.title!r}: {field} is {value!r}, not {expected!r}"
        for field, expected in line.becomes.items()
        if (value := _value(event, field)) != expected or type(value) is not type(expected)
    ]


def _value(event: MutableMapping[str, Any], field: str) -> Any:
    return read_attribute(event, field[1:]) if field.startswith("@") else event.get(field)
