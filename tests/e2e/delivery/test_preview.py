"""`firedrill preview --markdown` on the real engine: properties, policies, lost alerts, failures with their reason."""

import re

import pytest

from firedrill.delivery.preview import MARKER
from tests.e2e.conftest import output
from tests.e2e.delivery.conftest import Repository

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1200)]


def test_a_changed_threshold_shows_its_places_and_the_alerts_lost(deployed: Repository) -> None:
    deployed.edit("infra/objectives.py", r"SLOW_CHAT = Threshold\(4,", "SLOW_CHAT = Threshold(9,")
    deployed.edit("infra/org/service_catalog.py", '"LLM chat",', '"LLM chats",')
    try:
        result = deployed.sandbox.firedrill("preview", "--markdown", "--base", "HEAD", "--seeds", "0")
    finally:
        deployed.restore()
    assert result.returncode == 0, output(result)
    assert result.stdout.startswith(MARKER)
    assert "`monitorThresholds.critical`: `` 4 `` → `` 9 ``" in result.stdout
    assert "~ update SoftwareCatalog `catalog-system`" in result.stdout
    assert "### Policies: all pass" in result.stdout
    assert "| chat-slow | slow_answers | **lost**: no longer fires, which it did after " in result.stdout
    assert "- `llm-platform`: " in result.stdout
    assert "@example.com" in result.stdout


def test_an_organisation_stack_that_reads_a_new_output_is_not_previewed(
    deployed: Repository,
) -> None:
    line = "stacks = environments(settings.environments)"
    deployed.edit("infra/org/__main__.py", re.escape(line), f'{line}\nstacks[0].read("colour").apply(str)')
    try:
        fails = deployed.sandbox.firedrill("preview", "--markdown")
        export = 'pulumi.export("service_url", google.service.uri)'
        deployed.edit("infra/__main__.py", re.escape(export), f'{export}\npulumi.export("colour", "blue")')
        result = deployed.sandbox.firedrill("preview", "--markdown")
    finally:
        deployed.restore()
    assert fails.returncode == 1
    assert "infra/org: " in fails.stdout and "does not export 'colour': deploy it first" in fails.stdout
    assert result.returncode == 0, output(result)
    assert "Not previewed: infra/org, which may read outputs that this change adds (colour)" in result.stdout


def test_a_program_that_fails_is_in_the_report_with_its_reason(deployed: Repository) -> None:
    deployed.edit("Pulumi.local.yaml", r"\n  llm-api:modelPrimary:[^\n]*", "")
    try:
        result = deployed.sandbox.firedrill("preview", "--markdown")
    finally:
        deployed.restore()
    assert result.returncode == 1
    assert "llm-api:modelPrimary is missing" in result.stdout
    assert "Traceback" not in output(result)
