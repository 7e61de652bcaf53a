"""Grok's filters: conversions of a matched text. None means no value."""

import csv as comma_separated
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree

from firedrill.logs.attributes import as_stored
from firedrill.logs.event import PipelineError, as_number, int_if_whole
from firedrill.logs.grok.expression import Function
from firedrill.logs.grok.keyvalue import keyvalue
from firedrill.logs.urls import url_details


def apply_filter(function: Function, value: Any) -> Any:
    """Run a filter. Raises :class:`PipelineError` for one that Datadog does not have."""
    text = value if isinstance(value, str) else str(value)
    if function.name in PLAIN:
        return PLAIN[function.name](text)
    if function.name in WITH_ARGUMENTS:
        return WITH_ARGUMENTS[function.name](function, text)
    if function.name in EXTERNAL:
        return NEEDS_DATADOG
    raise PipelineError(f"grok has no filter {function.name!r}")


def _number(text: str) -> Any:
    number = as_number(text)
    return None if number is None else int_if_whole(number)


def _integer(text: str) -> Any:
    number = as_number(text)
    return None if number is None else int(number)


def _boolean(text: str) -> Any:
    return {"true": True, "false": False}.get(text.lower())


def _null_if(function: Function, text: str) -> Any:
    return None if text == function.text(0) else text


def _json(text: str) -> Any:
    try:
        return as_stored(json.loads(text))
    except ValueError:
        return None


RUBY = re.compile(r'("(?:\\.|[^"\\])*")|\s*=>\s*|:?([A-Za-z_]\w*)')


def _rubyhash(text: str) -> Any:
    words = {"nil": "null", "true": "true", "false": "false"}

    def token(match: re.Match[str]) -> str:
        if match[1]:
            return match[1]
        return words.get(match[2], json.dumps(match[2])) if match[2] else ":"

    return _json(RUBY.sub(token, text))


def _querystring(text: str) -> Any:
    return dict(parse_qsl(text.partition("?")[2] if "?" in text else text, keep_blank_values=False))


def _scale(function: Function, text: str) -> Any:
    number, factor = as_number(text), as_number(function.text(0))
    return None if number is None or factor is None else int_if_whole(number * factor)


def _xml(text: str) -> Any:
    try:
        root = ElementTree.fromstring(text.strip())  # noqa: S314 (the text is the user's own drill data)
    except ElementTree.ParseError:
        return None
    return {root.tag: _element(root)}


def _element(element: ElementTree.Element) -> Any:
    content: dict[str, Any] = dict(element.attrib)
    for child in element:
        earlier, value = content.get(child.tag), _element(child)
        content[child.tag] = (
            value if earlier is None else [*(earlier if isinstance(earlier, list) else [earlier]), value]
        )
    text = (element.text or "").strip()
    if not content:
        return text
    return {**content, "value": text} if text else content


def _csv(function: Function, text: str) -> Any:
    separator, quote = function.text(1, ","), function.text(2, '"')
    separator = "\t" if separator == "tab" else separator
    if len(separator) != 1 or len(quote) != 1:
        raise PipelineError("csv() takes one character as separator and one as quote")
    headers = [header.strip() for header in function.text(0).split(",")]
    try:
        row = next(comma_separated.reader([text], delimiter=separator, quotechar=quote), [])
    except comma_separated.Error:
        return None
    typed = {header: _cell(value) for header, value in zip(headers, row, strict=False)}
    return {header: value for header, value in typed.items() if value != ""}


def _cell(text: str) -> Any:
    return int_if_whole(float(text)) if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else text


def _array(function: Function, text: str) -> Any:
    texts = [argument for argument in function.arguments if isinstance(argument, str)]
    brackets, separator = "[]", ","
    if len(texts) == 1:
        brackets, separator = "", texts[0]
    elif texts:
        brackets, separator = texts[0], texts[1]
    # An array without the brackets is read, too, as recorded results show; blanks inside belong to the elements.
    inside = text.strip()
    if brackets and inside.startswith(brackets[0]) and inside.endswith(brackets[-1]):
        inside = inside[1:-1]
    if not inside:
        return None
    values: list[Any] = list(inside.split(separator.replace("\\n", "\n")))
    for argument in function.arguments:
        if isinstance(argument, Function):
            values = [apply_filter(argument, value) for value in values]
    return values


PLAIN: dict[str, Callable[[str], Any]] = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "json": _json,
    "rubyhash": _rubyhash,
    "querystring": _querystring,
    "decodeuricomponent": unquote,
    "lowercase": str.lower,
    "uppercase": str.upper,
    "xml": _xml,
    "url": url_details,
}
WITH_ARGUMENTS: dict[str, Callable[[Function, str], Any]] = {
    "nullIf": _null_if,
    "keyvalue": keyvalue,
    "csv": _csv,
    "scale": _scale,
    "array": _array,
}
# No value rather than a wrong one: user agents are parsed with Datadog's own tables.
EXTERNAL = {"useragent"}
NEEDS_DATADOG = object()
