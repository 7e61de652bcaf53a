"""What operators and the workflow change holds for every worker, at once."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.service.conftest import Whole
from tests.service.sandbox import eventually


def test_after_a_switch_every_chat_uses_the_new_model(running: Whole) -> None:
    assert running.chat().json()["model"] == "gemini-3.8-flash"
    answer = running.control("/model", {"model": "gemini-3.5-flash-lite", "reason": "a drill"})
    assert answer.status_code == 200
    with ThreadPoolExecutor(4) as pool:
        models = list(pool.map(lambda _: running.chat().json()["model"], range(60)))
    assert models == ["gemini-3.5-flash-lite"] * 60
    state = running.control().json()
    assert (state["model"], state["reason"]) == ("gemini-3.5-flash-lite", "a drill")


def test_the_cache_can_be_turned_on_and_off(running: Whole) -> None:
    running.control("/cache", {"enabled": True}).raise_for_status()
    first = running.chat("again").json()
    cached = eventually(lambda: next((a for a in [running.chat("again").json()] if a["cached"]), None))
    assert (cached["text"], cached["cost_usd"]) == (first["text"], 0)
    running.control("/cache", {"enabled": False}).raise_for_status()
    assert not any(running.chat("again").json()["cached"] for _ in range(4))


def test_changes_at_the_same_time_do_not_undo_each_other(running: Whole) -> None:
    with ThreadPoolExecutor(2) as pool:
        cache = pool.submit(running.control, "/cache", {"enabled": True})
        model = pool.submit(running.control, "/model", {"model": "gemini-3.5-flash"})
    assert (cache.result().status_code, model.result().status_code) == (200, 200)
    state = running.control().json()
    assert (state["model"], state["cache"]) == ("gemini-3.5-flash", True)
    running.control("/cache", {"enabled": False}).raise_for_status()


@pytest.mark.parametrize("token", ["wrong", "an-operators-token-and-more"])
def test_control_needs_the_operators_token(running: Whole, token: str) -> None:
    assert running.control("/model", {"model": "gemini-3.5-flash"}, token=token).status_code == 401
    assert running.control(token=token).status_code == 401


@pytest.mark.parametrize("body", [{}, {"model": "gpt"}, {"model": 3}, {"model": "gemini-3.5-flash", "why": ""}])
def test_a_wrong_change_is_refused(running: Whole, body: dict[str, object]) -> None:
    assert running.control("/model", body).status_code == 400


def test_a_broken_state_changes_nothing_for_chats_and_shows_in_ready(running: Whole) -> None:
    running.control("/model", {"model": "gemini-3.5-flash-lite"}).raise_for_status()
    # So many at once that both workers answer some, and know it; whoever reads next finds something else.
    with ThreadPoolExecutor(8) as pool:
        models = {answer.json()["model"] for answer in pool.map(lambda _: running.chat(), range(40))}
    running.write_state(b'{"model": "gemini-1.0-pro"}')
    ready = eventually(
        lambda: next((a for a in [httpx.get(f"{running.service.url}/ready")] if a.status_code == 503), None)
    )
    assert "malformed" in ready.json()["detail"]
    assert models == {running.chat().json()["model"] for _ in range(10)} == {"gemini-3.5-flash-lite"}
    running.control("/model", {"model": "gemini-3.8-flash"}).raise_for_status()
    assert httpx.get(f"{running.service.url}/ready").status_code == 200
