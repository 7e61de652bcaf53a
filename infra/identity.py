"""The service's identity: the names, tags and labels that all its resources share."""

from dataclasses import dataclass

SERVICE = "llm-api"
TEAM = "llm-platform"
"""The team that owns the service: production's, which the software catalog names."""
UNSUFFIXED = frozenset({"prod", "local"})
"""Environments whose handles have no suffix: production, and the sandbox, which is its own organisation."""


@dataclass(frozen=True)
class Identity:
    """Unified service tagging: the same three values on traces, metrics, logs and every declared resource."""

    env: str
    version: str
    service: str = SERVICE

    @property
    def team(self) -> str:
        """The handle of this environment's team.

        Each environment has its own, so that destroying dev does not remove anyone from production's schedule.
        """
        return self.handle(TEAM)

    @property
    def tags(self) -> list[str]:
        """The Datadog tags of a declared resource."""
        return [f"env:{self.env}", "managed_by:pulumi", f"service:{self.service}", f"team:{self.team}"]

    @property
    def labels(self) -> dict[str, str]:
        """The tags as Google Cloud labels."""
        return {"env": self.env, "managed_by": "pulumi", "service": self.service, "team": self.team}

    @property
    def scope(self) -> str:
        """The scope of a metric query that selects this service."""
        return f"service:{self.service},env:{self.env}"

    def handle(self, text: str) -> str:
        """Return a handle that is unique in the organisation."""
        return text if self.env in UNSUFFIXED else f"{text}-{self.env}"

    def titled(self, text: str) -> str:
        """Return the display name of a team or a schedule."""
        return text if self.env in UNSUFFIXED else f"{text} ({self.env})"

    @property
    def audience(self) -> str:
        """The audience of Google's identity tokens for the service."""
        return f"{self.service}/{self.env}"

    def named(self, text: str) -> str:
        """Return the display name of a resource in lists of all environments."""
        return f"{self.service} {self.env}: {text}"
