import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.secret import Secret
from iotistic.security.keys import KeyKind, Peppers, generate_key, parse_key

kinds = st.sampled_from(KeyKind)
PEPPERS = Peppers({1: Secret("old"), 2: Secret("new")}, current=2)


@given(kind=kinds)
def test_a_new_key_parses_to_its_parts(kind: KeyKind) -> None:
    parsed, issued = generate_key(kind)
    assert parse_key(issued.text.reveal()) == parsed
    assert parsed.kind is kind
    assert parsed.key_id == issued.key_id


@given(
    kind=kinds,
    place=st.integers(min_value=0),
    character=st.sampled_from(string.ascii_letters + string.digits + "_-"),
)
def test_one_wrong_character_is_always_noticed(kind: KeyKind, place: int, character: str) -> None:
    _, issued = generate_key(kind)
    text = issued.text.reveal()
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    assert (parse_key(changed) is None) == (changed != text)


@given(cut=st.integers(min_value=0, max_value=58))
def test_a_cut_key_is_noticed(cut: int) -> None:
    _, issued = generate_key(KeyKind.DEVICE)
    assert parse_key(issued.text.reveal()[:cut]) is None


@given(text=st.text())
def test_any_other_text_is_no_key(text: str) -> None:
    assert parse_key(text) is None


def test_a_key_has_192_random_bits() -> None:
    asked: list[int] = []

    def random(octets: int) -> bytes:
        asked.append(octets)
        return bytes(octets)

    generate_key(KeyKind.DEVICE, random=random)
    assert 24 in asked


def test_the_text_of_a_key_never_shows_by_itself() -> None:
    parsed, issued = generate_key(KeyKind.DEVICE)
    assert issued.text.reveal() not in repr(issued)
    assert parsed.secret.reveal() not in repr(parsed)


def test_a_key_matches_its_own_hash_under_its_own_pepper_only() -> None:
    parsed, _ = generate_key(KeyKind.DEVICE)
    other, _ = generate_key(KeyKind.DEVICE)
    stored = PEPPERS.digest(parsed, 1)
    assert stored is not None
    assert PEPPERS.matches(parsed, stored, 1)
    assert not PEPPERS.matches(parsed, stored, 2)
    assert not PEPPERS.matches(other, stored, 1)


def test_a_missing_pepper_is_told_from_a_wrong_key() -> None:
    parsed, _ = generate_key(KeyKind.DEVICE)
    assert PEPPERS.matches(parsed, b"", 3) is None


def test_new_keys_are_hashed_under_the_current_pepper() -> None:
    parsed, _ = generate_key(KeyKind.DEVICE)
    assert PEPPERS.digest(parsed) == PEPPERS.digest(parsed, 2) != PEPPERS.digest(parsed, 1)


@pytest.mark.parametrize("kind", KeyKind)
def test_the_kind_can_be_seen_in_the_text(kind: KeyKind) -> None:
    assert generate_key(kind)[1].text.reveal().startswith(f"iot_{kind}_")
