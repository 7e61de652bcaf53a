"""Changes by operators and the workflow hold for every worker at once."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.integration.service.conftest import ServiceUnderTest
from tests.integration.service.sandbox import eventually


def test_after_a_switch_every_chat_uses_the_new_model(running: ServiceUnderTest) -> None:
    assert running.chat().json()["model"] == "gemini-3.8-flash"
    answer = running.control("/model", {"model": "gemini-3.5-flash-lite", "reason": "a drill"})
    assert answer.status_code == 200
    with ThreadPoolExecutor(4) as pool:
        models = list(pool.map(lambda _: running.chat().json()["model"], range(60)))
    assert models == ["gemini-3.5-flash-lite"] * 60
    state = running.control().json()
    assert (state["model"], state["reason"]) == ("gemini-3.5-flash-lite", "a drill")


def test_changes_at_the_same_time_do_not_undo_each_other(running: ServiceUnderTest) -> None:
    with ThreadPoolExecutor(2) as pool:
        cache = pool.submit(running.control, "/cache", {"enabled": True})
        model = pool.submit(running.control, "/model", {"model": "gemini-3.5-flash"})
    assert (cache.result().status_code, model.result().status_code) == (200, 200)
    state = running.control().json()
    assert (state["model"], state["cache"]) == ("gemini-3.5-flash", True)
    running.control("/cache", {"enabled": False}).raise_for_status()


def test_a_broken_state_changes_nothing_for_chats_and_shows_in_ready(running: ServiceUnderTest) -> None:
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
