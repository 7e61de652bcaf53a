"""A program's traceback as one line: the last place in its own sources, the error's type and its message."""

import re
from pathlib import Path

TRACEBACK = "Traceback (most recent call last):"
FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE)
RAISED = re.compile(r"^(?:[A-Za-z_][\w.]*): .*|^[A-Za-z_]\w*(?:Error|Exception|Interrupt)$", re.MULTILINE)
"""The line of a traceback that has the type and the message."""


def in_one_line(text: str, root: Path) -> str:
    """Return ``infra/config.py:12: KeyError: 'crit'`` for the last traceback of a text; other texts as they are.

    A traceback without frames is what the SDK shows of an exception in a dynamic resource.
    """
    if TRACEBACK not in text:
        return text
    trace = text.rpartition(TRACEBACK)[2]
    own = [
        f"{Path(frame['file']).relative_to(root).as_posix()}:{frame['line']}: "
        for frame in FRAME.finditer(trace)
        if Path(frame["file"]).is_relative_to(root) and "site-packages" not in frame["file"]
    ]
    raised = list(RAISED.finditer(trace))
    message = trace[raised[-1].start() :].strip() if raised else trace.strip().rpartition("\n")[2]
    return f"{own[-1] if own else ''}{message}"
