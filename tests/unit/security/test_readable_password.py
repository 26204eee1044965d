import math
import re

from iotistic.security.passwords import check_usable, readable_password


def test_it_can_be_read_out_and_typed() -> None:
    for _ in range(200):
        text = readable_password().reveal()
        assert re.fullmatch(r"([a-z2-9]{5}-){3}[a-z2-9]{5}", text)
        assert not set(text) & set("ilo01")


def test_it_may_be_an_accounts_password() -> None:
    check_usable(readable_password())


def test_two_are_never_alike() -> None:
    assert len({readable_password() for _ in range(1000)}) == 1000


def test_it_has_more_than_90_random_bits() -> None:
    choices: list[int] = []

    def below(limit: int) -> int:
        choices.append(limit)
        return 0

    readable_password(below=below)
    assert sum(map(math.log2, choices)) > 90
