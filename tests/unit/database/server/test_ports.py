import socket

import pytest

from iotistic.database.server.errors import PortTaken
from iotistic.database.server.ports import FIRST, LOOPBACK, choose_port, is_free


def free(_port: int) -> bool:
    return True


def test_a_new_installation_takes_the_first_port() -> None:
    assert choose_port(None, None, free=free) == (FIRST, None)


def test_a_taken_port_is_passed_over_in_silence_the_first_time() -> None:
    assert choose_port(None, None, free=lambda port: port != FIRST) == (FIRST + 1, None)


def test_the_port_of_the_last_start_is_kept() -> None:
    assert choose_port(None, 20_001, free=free) == (20_001, None)


def test_a_port_lost_to_somebody_else_is_replaced_and_told() -> None:
    port, told = choose_port(None, 20_001, free=lambda port: port != 20_001)
    assert port == FIRST
    assert told is not None
    assert "20001" in told
    assert str(FIRST) in told


def test_a_configured_port_wins_over_the_last_one() -> None:
    assert choose_port(5433, 20_001, free=free) == (5433, None)


def test_a_configured_port_that_is_taken_is_refused() -> None:
    with pytest.raises(PortTaken, match="5433") as refusal:
        choose_port(5433, 20_001, free=lambda port: port != 5433)
    assert refusal.value.hint


def test_no_free_port_at_all_is_said() -> None:
    with pytest.raises(PortTaken, match=str(FIRST)):
        choose_port(None, None, free=lambda _port: False)


def test_a_port_is_free_until_somebody_listens() -> None:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        port = listener.getsockname()[1]
        listener.listen()
        assert not is_free(port)
    assert is_free(port)


def test_a_listener_on_every_address_takes_the_port_too() -> None:
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))  # noqa: S104 - that is the case
        listener.listen()
        assert not is_free(listener.getsockname()[1])
