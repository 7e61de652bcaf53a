"""Links into Datadog that messages and outputs carry."""

import re
from urllib.parse import urlencode

LOGS = re.compile(r"logs `(?P<query>[^`]+)`(?: by @?(?P<facet>[\w.]+))?")


def app(site: str) -> str:
    """The web application of a site: ``app.`` stands before sites of two labels only.

    https://docs.datadoghq.com/getting_started/site
    """
    return f"https://app.{site}" if site.count(".") == 1 else f"https://{site}"


def logs(site: str, query: str, facet: str | None) -> str:
    """The log explorer with a search, grouped by a facet."""
    parameters = {"query": query}
    if facet:
        parameters |= {"agg_m": "count", "agg_q": f"@{facet}", "viz": "toplist"}
    return f"{app(site)}/logs?{urlencode(parameters)}"


def traces(site: str, query: str) -> str:
    """The trace explorer with a search."""
    return f"{app(site)}/apm/traces?{urlencode({'query': query})}"


def linked(text: str, site: str) -> str:
    """A sentence whose log searches (``logs `QUERY` by @FACET``) are links.

    A link, not the search itself: an ``@`` after a space is read as a handle in messages, so that ``@outcome`` would
    notify a team of that name.
    """

    def link(match: re.Match[str]) -> str:
        by = f" by {match['facet']}" if match["facet"] else ""
        return f"[logs{by}]({logs(site, match['query'], match['facet'])})"

    return LOGS.sub(link, text)
