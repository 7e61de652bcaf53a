"""Mutants of log pipelines: one fault at a time in the processors, their order, their casts and their categories."""

import copy
import re
from collections.abc import Iterator, Sequence
from typing import Any

from firedrill.evaluate.model import Json
from firedrill.prove.log_lines import LogLine, line_problems
from firedrill.prove.mutation.score import Verdict

FIELD = re.compile(r"@([\w.-]+)|[A-Za-z_][\w.]*")


def score_pipelines(pipelines: Sequence[Json], lines: Sequence[LogLine]) -> list[Verdict]:
    """Return the verdict on every fault of the pipelines."""
    verdicts = []
    for name, fault, faulty, is_equivalent in _mutants(list(pipelines)):
        outcome = "caught" if line_problems(faulty, lines) else "equivalent" if is_equivalent else "survived"
        verdicts.append(Verdict(name, fault, outcome, "log pipeline"))
    return verdicts


def _mutants(pipelines: list[Json]) -> Iterator[tuple[str, str, list[Json], bool]]:
    """Yield the pipeline's name, the fault, all pipelines with it, and whether it cannot have an effect."""
    for place, pipeline in enumerate(pipelines):
        processors = pipeline.get("processors") or []
        for fault, changed in (*_without_each(processors), *_changed_processors(processors)):
            yield pipeline["name"], fault, _with(pipelines, place, changed), False
        for fault, changed, is_equivalent in _reordered(processors):
            yield pipeline["name"], fault, _with(pipelines, place, changed), is_equivalent


def _reordered(processors: list[Any]) -> Iterator[tuple[str, list[Any], bool]]:
    """Yield every two neighbours swapped, and every processor moved to the end."""
    for place, processor in enumerate(processors[:-1]):
        following = processors[place + 1]
        swapped = [*processors[:place], following, processor, *processors[place + 2 :]]
        fault = f"{following['name']} before {processor['name']}"
        yield fault, swapped, _are_independent(processor, following)
    for place, processor in enumerate(processors[:-2]):
        later = processors[place + 1 :]
        moved = [*processors[:place], *later, processor]
        yield f"{processor['name']} last", moved, all(_are_independent(processor, other) for other in later)


def _with(pipelines: list[Json], place: int, processors: list[Any]) -> list[Json]:
    return [*pipelines[:place], {**pipelines[place], "processors": processors}, *pipelines[place + 1 :]]


def _without_each(processors: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    for place, processor in enumerate(processors):
        yield f"{processor['name']} dropped", processors[:place] + processors[place + 1 :]


def _changed_processors(processors: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    for place, processor in enumerate(processors):
        for fault, changed in _faults(processor):
            yield f"{processor['name']}: {fault}", [*processors[:place], changed, *processors[place + 1 :]]


def _faults(processor: Json) -> Iterator[tuple[str, Json]]:
    if processor.get("target_format"):
        yield "no cast", {name: value for name, value in processor.items() if name != "target_format"}
    categories = processor.get("categories") or []
    for place, category in enumerate(categories):
        yield (
            f"category {category['name']} dropped",
            {**processor, "categories": categories[:place] + categories[place + 1 :]},
        )
    if len(categories) > 1:
        yield "categories reversed", {**processor, "categories": categories[::-1]}
    if processor.get("target"):
        changed = copy.deepcopy(processor)
        changed["target"] = f"{processor['target']}_2"
        yield "another target", changed


def _are_independent(first: Json, second: Json) -> bool:
    """Return whether neither processor reads or writes what the other writes."""
    return not (_writes(first) & (_reads(second) | _writes(second)) or _writes(second) & _reads(first))


def _reads(processor: Json) -> set[str]:
    searches = [str((category.get("filter") or {}).get("query")) for category in processor.get("categories") or ()]
    text = " ".join([*searches, str(processor.get("expression") or ""), str(processor.get("template") or "")])
    named = {match[1] or match[0] for match in FIELD.finditer(text)}
    return named | {str(source) for source in processor.get("sources") or ()}


def _writes(processor: Json) -> set[str]:
    excluded, target = processor.get("attribute_to_exclude"), processor.get("target")
    moved = () if processor.get("preserve_source") else processor.get("sources") or ()
    return {str(excluded or target or processor["type"]), *map(str, moved)}
