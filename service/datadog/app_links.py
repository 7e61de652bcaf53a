"""Links into Datadog's web application."""

from urllib.parse import urlencode


def app(site: str) -> str:
    """Return the address of a site's web application: only sites of two labels have an ``app.`` before them.

    https://docs.datadoghq.com/getting_started/site
    """
    return f"https://app.{site}" if site.count(".") == 1 else f"https://{site}"


def notebook(site: str, identifier: object) -> str:
    """Return the address of a notebook."""
    return f"{app(site)}/notebook/{identifier}"


def monitor(site: str, identifier: object) -> str:
    """Return the address of a monitor."""
    return f"{app(site)}/monitors/{identifier}"


def incident(site: str, public_id: object) -> str:
    """Return the address of an incident."""
    return f"{app(site)}/incidents/{public_id}"


def trace(site: str, trace_id: object) -> str:
    """Return the address of a trace."""
    return f"{app(site)}/apm/trace/{trace_id}"


def logs(site: str, query: str) -> str:
    """Return the address of the log explorer with a search."""
    return f"{app(site)}/logs?{urlencode({'query': query})}"


def slo(site: str, identifier: object) -> str:
    """Return the address of an SLO."""
    return f"{app(site)}/slo?{urlencode({'slo_id': identifier})}"


def issue(site: str, identifier: object) -> str:
    """Return the address of an issue of Error Tracking."""
    return f"{app(site)}/error-tracking/issue/{identifier}"
