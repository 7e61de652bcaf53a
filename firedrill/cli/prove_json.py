"""The reports of backtests and calibrations as data, for ``--json``."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firedrill.prove.account.calibrate import Agreement
    from firedrill.prove.backtest import Comparison


def backtest_data(comparison: "Comparison", base: str) -> dict[str, Any]:
    """Return the changes of alerts between two versions. ``charts`` are Markdown."""
    return {"base": base, **asdict(comparison)}


def calibrate_data(agreements: Sequence["Agreement"]) -> dict[str, Any]:
    """Return the agreement on each monitor."""
    return {
        "agree": not any(agreement.first for agreement in agreements),
        "monitors": [{**asdict(agreement), "share": agreement.share} for agreement in agreements],
    }
