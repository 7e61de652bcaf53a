"""The ways in which Datadog pages its lists."""

from typing import Any, TypeVar

from firedrill.sandbox.datadog.http.handler import Call

Item = TypeVar("Item")


def numbered_page(
    call: Call,
    items: list[Item],
    size: str = "page[size]",
    number: str = "page[number]",
    default: int = 10,
) -> list[Item]:
    """Return the page that the parameters ``size`` and ``number`` ask for; pages count from 0."""
    length = call.integer(size, default, 1, 1000)
    start = call.integer(number, 0, 0, 10**6) * length
    return items[start : start + length]


def offset_page(
    call: Call, items: list[Item], limit: str = "page[limit]", offset: str = "page[offset]", default: int = 100
) -> list[Item]:
    """Return the page that the parameters ``limit`` and ``offset`` ask for."""
    start = call.integer(offset, 0, 0, 10**6)
    return items[start : start + call.integer(limit, default, 1, 1000)]


def numbered_meta(call: Call, total: int, default: int) -> dict[str, Any]:
    """Return ``meta.pagination`` of a list that pages by number."""
    size, number = call.integer("page[size]", default, 1, 1000), call.integer("page[number]", 0, 0, 10**6)
    last = max(0, -(-total // size) - 1)
    return {
        "number": number,
        "first_number": 0,
        "prev_number": max(0, number - 1),
        "next_number": min(last, number + 1),
        "last_number": last,
        "size": size,
        "type": "number_size",
        "total": total,
    }


def offset_meta(call: Call, total: int, default: int = 100) -> dict[str, Any]:
    """Return ``meta.page`` or ``meta.pagination`` of a list that pages by offset."""
    limit, offset = call.integer("page[limit]", default, 1, 1000), call.integer("page[offset]", 0, 0, 10**6)
    return {
        "type": "offset_limit",
        "offset": offset,
        "limit": limit,
        "total": total,
        "first_offset": 0,
        "prev_offset": max(0, offset - limit) if offset else None,
        "next_offset": offset + limit if offset + limit < total else None,
        "last_offset": max(0, (total - 1) // limit * limit) if total else 0,
    }


def numbered_links(call: Call, total: int, default: int) -> dict[str, Any]:
    """Return ``links`` of a list that pages by number."""
    meta = numbered_meta(call, total, default)
    base = f"https://api.datadoghq.com{call.operation.path}"

    def link(number: int) -> str:
        return f"{base}?page[number]={number}&page[size]={meta['size']}"

    return {
        "self": base,
        "first": link(0),
        "last": link(meta["last_number"]),
        "next": link(meta["next_number"]) if meta["number"] < meta["last_number"] else None,
        "prev": link(meta["prev_number"]) if meta["number"] else None,
    }


def offset_links(call: Call, default: int = 100) -> dict[str, Any]:
    """Return ``links`` of a list that pages by offset."""
    limit, offset = call.integer("page[limit]", default, 1, 1000), call.integer("page[offset]", 0, 0, 10**6)
    base = f"https://api.datadoghq.com{call.operation.path.format(**call.path)}"

    def link(start: int) -> str:
        return f"{base}?page[offset]={start}&page[limit]={limit}"

    return {
        "self": base,
        "first": link(0),
        "last": None,
        "next": link(offset + limit),
        "prev": link(max(0, offset - limit)) if offset else None,
    }
