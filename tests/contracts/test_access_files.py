"""What lies in postgres/ is what the templates make, so that Compose and Kubernetes cannot drift apart."""

from ipaddress import ip_network
from pathlib import Path

import yaml

from iotistic.operations.access import Layout, Target, config_map, render

ROOT = Path(__file__).parents[2]
PRIVATE = [ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]


def layout(*, tls: bool, target: Target = Target.compose, own_roles: bool = False) -> Layout:
    return Layout(target=target, networks=PRIVATE, tls=tls, own_roles=own_roles)


def test_the_shipped_files_are_what_the_templates_make() -> None:
    files = render(layout(tls=True))
    assert files == {path.name: path.read_text() for path in (ROOT / "postgres").glob("*.conf")}


def test_with_tls_no_line_lets_in_without_and_both_kinds_of_clear_connections_are_rejected() -> None:
    lines = [line.split() for line in render(layout(tls=True))["pg_hba.conf"].splitlines()]
    rules = [line for line in lines if line and not line[0].startswith("#")]
    assert {line[0] for line in rules if line[-1] == "scram-sha-256"} == {"local", "hostssl"}
    rejected = [line[:4] for line in rules if line[-1] == "reject"]
    for wanted in (
        "hostnossl all all all",
        "hostnossl replication all all",
        "host all all all",
        "host replication all all",
    ):
        assert wanted.split() in rejected


def test_with_roles_of_their_own_no_superuser_comes_from_another_machine() -> None:
    text = render(layout(tls=True, own_roles=True))["pg_hba.conf"]
    rules = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    reject = rules.index(["host", "all", "postgres", "all", "reject"])
    first_network = next(n for n, line in enumerate(rules) if "10.0.0.0/8" in line)
    assert reject < first_network
    assert "+iotistic_app" in rules[first_network][2].split(",")


def test_the_config_map_is_yaml_with_the_same_files() -> None:
    files = render(layout(tls=True, target=Target.kubernetes, own_roles=True))
    loaded = yaml.safe_load(config_map(files, "iotistic-postgres"))
    assert (loaded["kind"], loaded["metadata"]) == ("ConfigMap", {"name": "iotistic-postgres"})
    assert loaded["data"] == files
