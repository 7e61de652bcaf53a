"""The settings of a sandbox from the environment."""

import pytest

from firedrill.settings import Provider, from_environment


def test_limits_of_telemetry_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FIREDRILL_TELEMETRY_DAYS", raising=False)
    monkeypatch.setenv("FIREDRILL_TELEMETRY_GB", "0.5")
    settings = from_environment()
    assert (settings.telemetry_days, settings.telemetry_gigabytes) == (3, 0.5)


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "many"])
def test_a_limit_that_is_no_positive_number_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("FIREDRILL_TELEMETRY_DAYS", text)
    with pytest.raises(SystemExit, match="FIREDRILL_TELEMETRY_DAYS"):
        from_environment()


def test_the_provider_is_configured_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FIREDRILL_PROVIDER", raising=False)
    assert from_environment().provider is Provider.OURS
    monkeypatch.setenv("FIREDRILL_PROVIDER", "published")
    assert from_environment().provider is Provider.PUBLISHED
    monkeypatch.setenv("FIREDRILL_PROVIDER", "theirs")
    with pytest.raises(SystemExit, match="FIREDRILL_PROVIDER is 'theirs': give ours or published"):
        from_environment()
