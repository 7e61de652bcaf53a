"""The text of a notification, for alerts and synthetic tests alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template

from infra.links import linked
from infra.objectives import BudgetThreshold, BurnRate, Threshold


@dataclass(frozen=True)
class Message:
    """The content of a notification. ``description`` and ``look_first`` may hold placeholders such as ``$scope``."""

    description: str
    impact: str
    look_first: Sequence[str]
    runbook: str
    limit: Threshold | BurnRate | BudgetThreshold | None = None

    def write(
        self,
        values: Mapping[str, str],
        site: str,
        recipient: str,
        actions: Sequence[str] = (),
        *,
        pages: bool = False,
        warns: bool = False,
    ) -> str:
        """Return the text of a monitor's ``message``.

        ``values`` are those of the placeholders; ``recipient`` is a handle with its ``@``; ``actions`` are sentences
        that mention the workflows to start; ``pages`` is whether the recipient is a pager, and ``warns`` whether a
        warning notifies the recipient, too. Searches of logs become links to ``site``.
        """
        text = [
            Template(self.description).safe_substitute(values),
            "",
            f"**Impact**: {self.impact}",
            *([f"**Threshold**: {self.limit}, because {self.limit.because}."] if self.limit else []),
            "",
            *(["**Look first**"] if self.look_first else []),
            *(
                f"{number}. {linked(Template(look).safe_substitute(values), site)}"
                for number, look in enumerate(self.look_first, 1)
            ),
            *([""] if self.look_first else []),
            f"**Runbook**: {self.runbook}",
            "",
        ]
        over = f"Recovered. First triggered at {{{{first_triggered_at}}}}. Notifying {recipient} "
        return "".join(
            (
                _block("^is_recovery", "\n".join(text) + "\n"),
                _block("#is_alert", "\n".join([f"Notifying {recipient} ", *actions])),
                *([_block("#is_warning", f"Only a warning. Notifying {recipient} ")] if warns else ()),
                # Whoever was notified of the trigger is notified of its end, and nobody else. A page resolves itself
                # only if the recovery's text names the same handle.
                # https://docs.datadoghq.com/incident_response/on-call/pages
                *(
                    [_block("#is_recovery", over)]
                    if pages or warns
                    else [_block("#is_alert_recovery", over), _block("#is_alert_to_warning", over)]
                ),
            )
        )

    def write_signal(self, values: Mapping[str, str]) -> str:
        """Return the text of a monitor that notifies nobody."""
        description = Template(self.description).safe_substitute(values)
        return f"{description}\n\nNotifies nobody: another monitor reads this one. **Runbook**: {self.runbook}"


def _block(condition: str, text: str) -> str:
    """Return text that is sent only under a condition (``#is_alert``, or ``^is_recovery`` for its opposite)."""
    return f"{{{{{condition}}}}}{text}{{{{/{condition[1:]}}}}}"
