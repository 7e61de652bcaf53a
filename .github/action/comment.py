"""Post a report as one comment of a pull request, and update that comment in place. Standard library only."""

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

MARK = "<!-- firedrill-monitors -->"
"""The first line of the comment, by which the next run finds it."""
LONGEST = 60_000
"""Characters of a comment that GitHub surely takes (65,536)."""
PAGE = 100


def call(method: str, path: str, body: Any = None) -> Any:
    """Return the JSON answer of GitHub's API."""
    url = f"{os.environ.get('GITHUB_API_URL', 'https://api.github.com')}/repos/{os.environ['GITHUB_REPOSITORY']}{path}"
    headers = {"Authorization": f"Bearer {os.environ['TOKEN']}", "Accept": "application/vnd.github+json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - GitHub's own address
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def own_comment(number: str) -> str | None:
    """Return the id of the comment that an earlier run posted."""
    page = 1
    while comments := call("GET", f"/issues/{number}/comments?per_page={PAGE}&page={page}"):
        for comment in comments:
            if comment["body"].startswith(MARK):
                return str(comment["id"])
        page += 1
    return None


def main() -> int:
    """Post or update the comment. A refusal is one line, and fails no job: the report is in its summary, too."""
    text = f"{MARK}\n{Path(os.environ['REPORT']).read_text()}"[:LONGEST]
    number = os.environ["NUMBER"]
    try:
        known = own_comment(number)
        path = f"/issues/comments/{known}" if known else f"/issues/{number}/comments"
        call("PATCH" if known else "POST", path, {"body": text})
    except urllib.error.URLError as error:
        print(f"::warning::The comment could not be written ({error}): does the job have pull-requests: write?")
    return 0


if __name__ == "__main__":
    sys.exit(main())
