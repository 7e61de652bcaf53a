"""The redactor on texts that share nothing with its rules: private ones of many kinds, and clean technical ones."""

from collections import Counter

from service.telemetry.redactor import Redactor
from tests.integration.service.clean_texts import clean_texts
from tests.integration.service.corpus import clean, private
from tests.integration.service.private_kinds import private_texts
from tests.unit.service.telemetry.test_redactor import CORPUS

redact = Redactor().redact
SEED = 20261201


def test_nothing_private_is_left() -> None:
    assert len(private()) >= 300 and len(private()) >= len(CORPUS)
    assert [case for case in private() if case.secret in redact(case.text)] == []


def test_clean_texts_stay_as_they_are() -> None:
    changed = [text for text in clean() if redact(text) != text]
    assert len(clean()) == 1000 and len(changed) <= 10, changed[:3]


def test_every_kind_is_found() -> None:
    texts = private_texts(SEED)
    left = Counter(text.kind for text in texts if text.secret in redact(text.text))
    kinds = {text.kind for text in texts}
    assert len(kinds) > 250
    assert len(left) <= len(kinds) * 0.02 and sum(left.values()) <= len(texts) * 0.005, left


def test_technical_texts_stay_as_they_are() -> None:
    texts = clean_texts(SEED)
    changed = [text for text in texts if redact(text[1]) != text[1]]
    assert len(changed) <= len(texts) * 0.005, changed


def test_trace_ids_are_kept_by_name_and_form_and_nothing_else_is() -> None:
    card, redactor = "4111111111111111", Redactor()
    kept = {"dd.trace_id": card, "dd.span_id": card, "trace_id": f"{int(card):032x}", "message": f"dd.span_id={card}"}
    assert redactor.redact_json(kept) == kept
    private = {
        "dd.span_id": "4111 1111 1111 1111",
        "dd.service": card,
        "id": card,
        "dd.trace_id": "ann@example.org",
        "number": int(card),
    }
    assert redactor.redact_json(private) == {
        "dd.span_id": "[card]", "dd.service": "[card]", "id": "[card]", "dd.trace_id": "[email]", "number": "[card]",
    }  # fmt: skip
