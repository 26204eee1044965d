"""What people do to keys on the way from one screen to another."""

from hypothesis import assume, given
from hypothesis import strategies as st

from iotistic.security.keys import KeyKind, generate_key, parse_key

kinds = st.sampled_from(KeyKind)
seeds = st.binary(min_size=24, max_size=24)


def key(kind: KeyKind, seed: bytes) -> str:
    _, issued = generate_key(kind, random=lambda octets: seed[:octets])
    return issued.text.reveal()


@given(kinds, seeds, st.data())
def test_two_neighbours_swapped_are_noticed(kind: KeyKind, seed: bytes, data: st.DataObject) -> None:
    text = key(kind, seed)
    place = data.draw(st.integers(0, len(text) - 8))  # both before the checksum, where CRC-32 promises it
    assume(text[place] != text[place + 1])
    assert parse_key(text[:place] + text[place + 1] + text[place] + text[place + 2 :]) is None


@given(kinds, seeds, st.text(min_size=1, max_size=3))
def test_something_around_it_is_noticed(kind: KeyKind, seed: bytes, more: str) -> None:
    text = key(kind, seed)
    assert parse_key(text + more) is None
    assert parse_key(more + text) is None


@given(kinds, seeds)
def test_other_letter_case_is_noticed(kind: KeyKind, seed: bytes) -> None:
    assert parse_key(key(kind, seed).upper()) is None
    assert parse_key(key(kind, seed).swapcase()) is None


def test_a_thousand_keys_share_neither_id_nor_secret() -> None:
    made = [generate_key(KeyKind.DEVICE)[0] for _ in range(1000)]
    assert len({one.key_id for one in made}) == len({one.secret for one in made}) == 1000
