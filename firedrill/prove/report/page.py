"""One page with everything in it, which a browser opens from a file: the built page of ``web/report`` and its data.

The page's policy allows its own script and style by their digests, and nothing else: no request leaves it.
"""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from firedrill.evaluate.model import Json
from firedrill.prove.proof import Proof
from firedrill.prove.report.data import proof_data
from firedrill.prove.report.markdown import markdown
from firedrill.prove.report.plays import plays
from firedrill.scenario.definitions import Definitions

SCRIPT = re.compile(r'<script type="module"[^>]* src="([^"]+)"></script>')
STYLE = re.compile(r'<link rel="stylesheet"[^>]* href="([^"]+)">')
DATA = '<script type="application/json" id="data"></script>'
CHARSET = '<meta charset="utf-8" />'


def write(proof: Proof, definitions: Definitions, folder: Path) -> None:
    """Write the page ``index.html`` and the table ``README.md``."""
    data: Json = {"title": "Proof of the alerts", **proof_data(proof, definitions)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(markdown(proof, definitions))
    alerts = [alert | {"plays": plays(proof, alert["alert"])} for alert in data.pop("alerts")]
    (folder / "index.html").write_text(page(data, alerts))


def page(data: Json, alerts: Sequence[Json]) -> str:
    """Return the page with its data in it, one alert a line."""
    built = files("firedrill.prove") / "report_page"
    text = (built / "index.html").read_text()
    script = _linked(SCRIPT, text, built)
    style = _linked(STYLE, text, built)
    policy = f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; img-src data:"
    text = SCRIPT.sub("", STYLE.sub("", text))
    text = text.replace(CHARSET, f'{CHARSET}\n<meta http-equiv="Content-Security-Policy" content="{policy}">')
    text = text.replace("</head>", f"<style>{style}</style>\n</head>")
    rows = ",\n".join(json.dumps(alert, separators=(",", ":")) for alert in alerts)
    document = json.dumps(data, separators=(",", ":")).removesuffix("}") + f',"alerts":[\n{rows}\n]}}'
    # In a script element, JSON may hold neither a closing tag nor a comment.
    escaped = document.replace("<", "\\u003c")
    content = f'{DATA.replace("></", f">{escaped}</")}\n<script type="module">{script}</script>'
    return text.replace(DATA, content)


def _linked(pattern: re.Pattern[str], text: str, built: Traversable) -> str:
    """Return the one file that the built page links to by a pattern."""
    [link] = pattern.finditer(text)
    return (built / link[1]).read_text()


def _digest(text: str) -> str:
    """Return the source of a Content-Security-Policy that allows an element with this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
