"""Judge who is notified of an alert, and that its recovery notifies the same recipients."""

from collections.abc import Iterable, Iterator

from firedrill.notify.deliver import Delivery, Message, PageResolved
from firedrill.notify.paging import Page
from firedrill.scenario.outcome import SIGNAL, AlertOutcome, Notification
from firedrill.scenario.scenario import Expectation

NOBODY = "nobody"


def notified(deliveries: Iterable[Delivery]) -> set[str]:
    """Return the handles of teams, channels and addresses that deliveries reach, by a message, a page or its end."""
    return {
        delivery.name if isinstance(delivery, Message) else delivery.team
        for delivery in deliveries
        if isinstance(delivery, Message | Page | PageResolved)
    }


def judge_recipients(outcome: AlertOutcome, expectation: Expectation | None) -> list[str]:
    """Return what is wrong with an alert's recipients, one line each.

    Without an expectation, an alert that fires notifies somebody, and one that does not fire nobody. A signal never
    notifies. Nothing is judged in an account whose teams are unknown, where no handle can be resolved.
    """
    if not outcome.teams_known:
        return []
    alert, fires = outcome.alert, outcome.fired() is not None
    of_state: dict[str, set[str]] = {}
    for sent in outcome.notifications:
        of_state.setdefault(sent.transition.new, set()).update(notified(sent.deliveries))
    of_alert = of_state.get("ALERT", set())
    of_trigger = set().union(*(names for state, names in of_state.items() if state != "OK"))
    expected = expectation.tells if expectation else None
    is_signal = SIGNAL in (outcome.monitor.get("tags") or ())
    if expected is None:
        expected = NOBODY if is_signal or not fires else ""
    names = ", ".join(sorted(of_alert if fires else of_trigger)) or NOBODY
    problems = []
    if expected == NOBODY:
        problems += [f"{alert}: notified {names}, not nobody"] if of_trigger else []
    elif expected not in (of_alert if fires else of_trigger) and (expected or not of_alert):
        problems.append(f"{alert}: notified {names}" + (f", not {expected}" if expected else ""))
    return problems + judge_recoveries(outcome)


def judge_recoveries(outcome: AlertOutcome) -> list[str]:
    """Return a line for recoveries that reach others than the trigger did, or that do not reach them.

    The end of an alert is a change to OK or to WARN.
    """
    if not outcome.teams_known:
        return []
    groups: dict[str, list[Notification]] = {}
    for sent in outcome.notifications:
        groups.setdefault(sent.transition.group_name, []).append(sent)
    problems = [problem for of_group in groups.values() for problem in _recoveries(of_group)]
    return [f"{outcome.alert}: {problem}" for problem in dict.fromkeys(problems)]


def _recoveries(notifications: list[Notification]) -> Iterator[str]:
    triggered: set[str] = set()
    waiting: set[str] = set()
    paged: set[str] = set()
    for sent in notifications:
        names, old, new = notified(sent.deliveries), sent.transition.old, sent.transition.new
        paged |= {delivery.team for delivery in sent.deliveries if isinstance(delivery, Page)}
        if new == "OK":
            resolved = {delivery.team for delivery in sent.deliveries if isinstance(delivery, PageResolved)}
            for name in sorted(names - triggered):
                yield f"{name} is notified of a recovery, but was not of the trigger"
            for name in sorted(waiting - names):
                yield f"{name} is not notified of the recovery"
            for name in sorted(paged - resolved):
                yield f"the recovery does not resolve the page of {name}"
            triggered, waiting, paged = set(), set(), set()
        else:
            waiting = waiting - names if (old, new) == ("ALERT", "WARN") else waiting | names
            triggered |= names
