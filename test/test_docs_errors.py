"""Every message that the package can raise stands on the pages of errors, with its cause and its cure."""

import pytest

pytest.importorskip("nbformat")

from messages import HOLE, pattern, raised, words, written

RAISED, WRITTEN = raised(), written()
PATTERNS = {message: pattern(message) for message in WRITTEN}

# Messages that consist of what is put in. What that is, is made elsewhere, and found there; or is another library's
PUT_TOGETHER = {message for message in RAISED if words(message) < 3}

MODULES = sorted({place.rpartition(":")[0] for places in RAISED.values() for place in places})


def test_messages_are_found():
    assert len(RAISED) > 900
    assert len(PUT_TOGETHER) <= 8, PUT_TOGETHER


@pytest.mark.parametrize("module", MODULES)
def test_each_is_on_the_page(module):
    for message, places in RAISED.items():
        here = [place for place in places if place.startswith(f"{module}:")]
        if here and message not in PUT_TOGETHER:
            assert any(p.fullmatch(message) for p in PATTERNS.values()), f"{here[0]}: {message.replace(HOLE, '<...>')}"


@pytest.mark.parametrize("message", WRITTEN, ids=lambda message: message.replace(HOLE, "…")[:60])
def test_each_on_the_page_is_raised(message):
    assert words(message) >= 3, "says too little: it would fit too much"
    assert any(PATTERNS[message].fullmatch(m) for m in RAISED), "nothing raises it"
    assert len(WRITTEN[message]) == 1, "stands there twice"
    ((_, cause, cure),) = WRITTEN[message]
    assert words(cause) >= 4 and words(cure) >= 2
