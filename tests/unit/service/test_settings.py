"""Settings from the environment: defaults, and a wrong value is one line that names its variable."""

import pytest

from service.settings import WrongSetting, read_environment


def test_an_empty_environment_is_enough() -> None:
    settings = read_environment({})
    assert (settings.model_primary, settings.model_fallback) == ("gemini-3.8-flash", "gemini-3.5-flash-lite")
    assert (settings.service, settings.env, settings.datadog_site) == ("llm-api", "none", "datadoghq.com")
    assert (settings.api_auth, settings.state_bucket, settings.datadog_api_key) == ("off", None, None)


@pytest.mark.parametrize(
    "variables",
    [
        {"MODEL_PRIMARY": "gpt"},
        {"MODEL_FALLBACK": "gpt"},
        {"EVALUATION_MODEL": "gpt"},
        {"CHAT_TIMEOUT_SECONDS": "soon"},
        {"CHAT_TIMEOUT_SECONDS": "601"},
        {"MAX_OUTPUT_TOKENS": "0"},
        {"MAX_MESSAGE_CHARACTERS": "nan"},
        {"EVALUATION_SHARE": "1.5"},
        {"CALLER_DOLLARS_PER_HOUR": "0"},
        {"RUM_REPLAY_PERCENT": "-1"},
        {"API_AUTH": "everybody"},
    ],
)
def test_a_wrong_variable_is_named(variables: dict[str, str]) -> None:
    with pytest.raises(WrongSetting, match=next(iter(variables))):
        read_environment(variables)


def test_a_retired_model_is_replaced_by_its_successor() -> None:
    assert read_environment({"MODEL_PRIMARY": "gemini-2.5-flash"}).model_primary == "gemini-3.5-flash-lite"


def test_no_secret_is_in_its_text() -> None:
    names = ("CONVERSATION_KEYS", "OPERATOR_TOKEN", "READER_TOKEN", "DD_API_KEY", "DD_APP_KEY")
    assert "a-secret" not in repr(read_environment(dict.fromkeys(names, "a-secret")))
