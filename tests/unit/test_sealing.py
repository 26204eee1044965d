"""Secrets at rest: what opens, what does not, and what no text or error shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.errors import IotisticError
from iotistic.sealing import (
    SealBroken,
    SealingKeyInvalid,
    SealingKeys,
    SealingKeyUnknown,
    is_sealed,
    new_sealing_key,
)
from iotistic.secret import Secret

PLACE = "system_config mqtt.brokers.1 password"


@given(st.text())
def test_what_was_sealed_opens_to_the_same_text(text: str) -> None:
    keys = SealingKeys.generate()
    sealed = keys.seal(Secret(text), about=PLACE)
    assert is_sealed(sealed)
    assert keys.open(sealed, about=PLACE) == Secret(text)


def test_the_secret_is_not_in_the_sealed_text_and_no_two_are_alike() -> None:
    keys = SealingKeys.generate()
    sealed = {keys.seal(Secret("hunter2hunter2"), about=PLACE) for _ in range(100)}
    assert len(sealed) == 100
    assert not any("hunter2" in text for text in sealed)


def test_it_opens_nowhere_but_in_its_place() -> None:
    keys = SealingKeys.generate()
    sealed = keys.seal(Secret("hunter2"), about=PLACE)
    with pytest.raises(SealBroken):
        keys.open(sealed, about="system_config mqtt.brokers.2 password")


def test_a_change_of_any_character_is_noticed() -> None:
    keys = SealingKeys.generate()
    sealed = keys.seal(Secret("hunter2"), about=PLACE)
    for place in range(len(sealed)):
        changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        # The last character of a base64 text may hold bits that say nothing: then it is the same octets.
        try:
            assert keys.open(changed, about=PLACE) == Secret("hunter2")
        except IotisticError:
            continue
        assert place == len(sealed) - 1


@pytest.mark.parametrize("text", ["", "hunter2", "sealed:1:", "sealed:2:0123456789abcdef:x:y", "env:NAME"])
def test_what_is_no_sealed_text_is_refused(text: str) -> None:
    assert not is_sealed(text)
    with pytest.raises(SealBroken):
        SealingKeys.generate().open(text, about=PLACE)


def test_another_key_opens_nothing_and_the_error_names_the_key_that_would() -> None:
    keys, strangers = SealingKeys.generate(), SealingKeys.generate()
    sealed = keys.seal(Secret("hunter2"), about=PLACE)
    with pytest.raises(SealingKeyUnknown) as refused:
        strangers.open(sealed, about=PLACE)
    assert keys.current in refused.value.message


def test_a_key_that_is_pretended_to_be_another_opens_nothing() -> None:
    keys, strangers = SealingKeys.generate(), SealingKeys.generate()
    sealed = keys.seal(Secret("hunter2"), about=PLACE).replace(keys.current, strangers.current)
    with pytest.raises(SealBroken):
        strangers.open(sealed, about=PLACE)


def test_a_new_key_in_front_seals_and_the_old_one_still_opens() -> None:
    old, new = new_sealing_key(), new_sealing_key()
    before = SealingKeys(old).seal(Secret("hunter2"), about=PLACE)
    both = SealingKeys(Secret(f"{new.reveal()}, {old.reveal()}"))
    assert both.open(before, about=PLACE) == Secret("hunter2")
    assert both.current == SealingKeys(new).current == both.ids[0]
    assert SealingKeys.key_id(both.seal(Secret("x"), about=PLACE)) == both.current


def test_wrapped_anew_the_new_key_alone_opens_it_and_the_old_one_no_longer() -> None:
    old, new = new_sealing_key(), new_sealing_key()
    before = SealingKeys(old).seal(Secret("hunter2"), about=PLACE)
    after = SealingKeys(Secret(f"{new.reveal()},{old.reveal()}")).rewrap(before)
    assert SealingKeys(new).open(after, about=PLACE) == Secret("hunter2")
    with pytest.raises(SealingKeyUnknown):
        SealingKeys(old).open(after, about=PLACE)
    assert SealingKeys(new).rewrap(after) == after


@pytest.mark.parametrize("text", ["", "short", "a" * 42, "a" * 44, "!" * 43, "ä" * 43, f"{'a' * 43},"])
def test_what_is_no_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(SealingKeyInvalid) as refused:
        SealingKeys(Secret(text))
    assert not text or text not in f"{refused.value.message} {refused.value.hint}"
