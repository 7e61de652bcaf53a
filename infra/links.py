"""Links into Datadog, for messages and outputs."""

import re
from urllib.parse import urlencode

LOGS = re.compile(r"logs `(?P<query>[^`]+)`(?: by @?(?P<facet>[\w.]+))?")


def app(site: str) -> str:
    """Return the address of a site's web application: only sites of two labels have an ``app.`` before them.

    https://docs.datadoghq.com/getting_started/site
    """
    return f"https://app.{site}" if site.count(".") == 1 else f"https://{site}"


def logs(site: str, query: str, facet: str | None) -> str:
    """Return the address of the log explorer with a search, grouped by a facet."""
    parameters = {"query": query}
    if facet:
        parameters |= {"agg_m": "count", "agg_q": f"@{facet}", "viz": "toplist"}
    return f"{app(site)}/logs?{urlencode(parameters)}"


def traces(site: str, query: str) -> str:
    """Return the address of the trace explorer with a search."""
    return f"{app(site)}/apm/traces?{urlencode({'query': query})}"


def linked(text: str, site: str) -> str:
    """Return a sentence with its log searches (``logs `QUERY` by @FACET``) as links.

    In messages an ``@`` after a space is a handle, so that ``@outcome`` in a search would notify a team of that name.
    """

    def link(match: re.Match[str]) -> str:
        by = f" by {match['facet']}" if match["facet"] else ""
        return f"[logs{by}]({logs(site, match['query'], match['facet'])})"

    return LOGS.sub(link, text)
