from collections.abc import Callable

import pytest

from iotistic.config import Surroundings, misplaced_host
from iotistic.config.location import is_local, surroundings


def _outside(resolves: Callable[[str], bool] = lambda _: False) -> Surroundings:
    return Surroundings(in_container=False, resolves=resolves)


INSIDE = Surroundings(in_container=True, resolves=lambda _: True)


@pytest.mark.parametrize("host", ["postgres", "iotistic-postgres", "db"])
def test_a_service_name_outside_of_docker_leads_to_localhost_and_the_published_port(host: str) -> None:
    advice = misplaced_host(host, _outside(), external_port=5433)
    assert advice is not None
    assert advice.certain
    assert "DB_HOST=localhost and DB_PORT=5433" in advice.suggestion


def test_a_short_name_that_is_known_here_is_fine() -> None:
    assert misplaced_host("postgres", _outside(lambda _: True), external_port=5432) is None


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "::1", "db.example.com", "10.0.0.1", "/run/postgresql"]
)
def test_a_host_that_no_compose_file_could_mean_is_not_even_looked_up(host: str) -> None:
    def refuse(name: str) -> bool:
        raise AssertionError(name)

    assert misplaced_host(host, _outside(refuse), external_port=5432) is None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_localhost_in_a_container_leads_to_the_service_name_as_a_guess(host: str) -> None:
    advice = misplaced_host(host, INSIDE, external_port=5432)
    assert advice is not None
    assert not advice.certain
    assert "DB_HOST=postgres" in advice.suggestion


@pytest.mark.parametrize("host", ["postgres", "db.example.com", "10.0.0.1", "/run/postgresql"])
def test_any_other_host_in_a_container_is_fine(host: str) -> None:
    assert misplaced_host(host, INSIDE, external_port=5432) is None


def test_a_pod_is_a_container() -> None:
    assert surroundings({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}).in_container


def test_a_reserved_name_resolves_nowhere() -> None:
    assert not surroundings({}).resolves("name.invalid")
    assert surroundings({}).resolves("127.0.0.1")


@pytest.mark.parametrize(
    ("host", "expected"), [("LOCALHOST", True), ("127.0.0.2", True), ("/run", True), ("localhost.evil", False), ("10.0.0.1", False)]
)  # fmt: skip
def test_loopback_and_sockets_are_local(host: str, expected: bool) -> None:
    assert is_local(host) is expected
