"""Masks of the events of a block: which of them meet a condition."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from firedrill.sandbox.datadog.telemetry.column import Column, Mask

Masks = tuple[Mask, Mask]
"""Events that certainly match, and those that possibly match: a superset."""
LARGE = "e+"
"""Part of numbers that JSON prints in another way than a search reads them."""


class Block(Protocol):
    """A block of events."""

    events: int

    def column(self, name: str) -> Column | None:
        """Return a column, None if no event has it."""

    def all_columns(self) -> Mapping[str, Column]:
        """Return all columns by name."""


def both(mask: Mask) -> Masks:
    """Return the masks of a condition that is decided for each event."""
    return mask, mask


def none(block: Block) -> Mask:
    """Return the mask of no event."""
    return np.zeros(block.events, dtype=np.bool_)
