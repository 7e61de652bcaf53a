"""The report for a pull request: what changes, what policies say, what it does to alerts, who is on call."""

from firedrill.delivery.preview import MARKER, OnCallTeam, PreviewReport, markdown
from firedrill.delivery.resource_changes import PropertyChange, ResourceChange
from firedrill.engine.result import Violation

URN = "urn:pulumi:dev::llm-api::datadog:index/monitor:Monitor::slow"


def test_the_report_has_changes_policies_and_the_people_on_call() -> None:
    change = ResourceChange(URN, "datadog:index/monitor:Monitor", "7", "update", (PropertyChange("priority", 2, 3),))
    violation = Violation("alert-has-runbook", "advisory", URN, "no runbook:\nadd one")
    team = OnCallTeam("llm-platform", [["ada@example.com"], ["ada@example.com", "bo@example.com"]])
    text = markdown(PreviewReport("dev", [change], {"same": 40, "update": 1}, [violation], "", "No alert.", [team]))
    assert text.splitlines()[0] == MARKER
    assert "### Resources: 1 to update, 40 unchanged" in text
    assert "- ~ update Monitor `slow`\n  - `priority`: `` 2 `` → `` 3 ``" in text
    assert "- **alert-has-runbook** (advisory), `slow`: no runbook: add one" in text
    assert "### Effect on alerts\n\nNo alert." in text
    assert "- `llm-platform`: ada@example.com → ada@example.com, bo@example.com" in text


def test_the_report_has_the_reason_of_a_failure_and_why_nobody_on_call_is_listed() -> None:
    text = markdown(PreviewReport("dev", [], {}, [], "llm-api:image is missing", "", [], "403 Forbidden"))
    assert "**The preview fails:**" in text
    assert "llm-api:image is missing" in text
    assert "Not known: 403 Forbidden" in text


def property_text(before: str, after: str) -> str:
    """Return the report's lines of one changed property."""
    change = ResourceChange(URN, "monitor", "7", "update", (PropertyChange("message", before, after),))
    text = markdown(PreviewReport("dev", [change], {"update": 1}, [], "", "", []))
    return text.partition("`slow`\n")[2].partition("\n\n")[0]


def test_a_changed_message_is_a_difference_of_its_lines() -> None:
    before = "\n".join(["high", *(f"step {number}" for number in range(30)), "@slack-ops"])
    text = property_text(before, before.replace("step 20", "look at `x`").replace("high", "low"))
    assert text == (
        "  - `message`:\n    ~~~~diff\n    -high\n    +low\n     step 0\n    …\n     step 19\n    -step 20\n"
        "    +look at `x`\n     step 21\n    ~~~~"
    )


def test_equal_beginnings_of_long_values_are_cut() -> None:
    same = "sum(last_5m):sum:llm.chat.requests{service:llm-api,env:dev,outcome:provider_error} by {model}.as_count()"
    text = property_text(f"{same} > 5", f"{same} > 10")
    assert "> 5 ``" in text and "> 10 ``" in text
    assert len(text) < 120
    assert property_text("priority 2", "priority 3") == "  - `message`: `` priority 2 `` → `` priority 3 ``"
