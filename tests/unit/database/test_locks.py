from iotistic.database.locks import LockKey, key_of


def test_no_two_purposes_share_a_key() -> None:
    assert len({key.number for key in LockKey}) == len(LockKey)


def test_a_key_is_a_signed_64_bit_number_and_never_changes() -> None:
    assert key_of("iotistic.partitions") == LockKey.PARTITIONS.number
    assert all(-(2**63) <= key.number < 2**63 for key in LockKey)
