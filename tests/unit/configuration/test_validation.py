"""What may stand under which key."""

from typing import Any

import pytest

from iotistic.configuration.catalogue import CATALOGUE, kind_of
from iotistic.configuration.errors import SettingInUse, SettingInvalid, SettingUnknown
from iotistic.configuration.secret_reference import (
    SecretMissing,
    find_secrets_in_clear,
    is_secret_reference,
    reveal_reference,
)
from iotistic.configuration.validation import check_together, check_value

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
BROKER = {"id": 1, "name": "main", "host": "mqtt.example.org"}
TLS = {**BROKER, "protocol": "mqtts", "port": 8883, "useTls": True}
VPN = {"serverHost": "vpn.example.org"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mqtt.brokers.1", BROKER),
        ("mqtt.brokers.1", TLS),
        ("mqtt.brokers.1", {**TLS, "caCert": CERTIFICATE * 2}),
        ("mqtt.brokers.1", {**TLS, "clientCert": CERTIFICATE, "clientKey": "file:/run/secrets/mqtt.key"}),
        ("mqtt.brokers.1", {**BROKER, "username": "platform", "password": "env:MQTT_PASSWORD"}),
        ("mqtt.brokers.1", {**BROKER, "port": 65535, "keepAlive": 1, "extraConfig": {"a": {"b": [1]}}}),
        ("mqtt.brokerIds", []),
        ("mqtt.brokerIds", [1, 2]),
        ("mqtt.defaultBrokerId", 1),
        ("mqtt.ca_certificate", CERTIFICATE),
        ("vpn.configs.3", VPN),
        ("vpn.configs.3", {**VPN, "vpnSubnet": "10.9.0.0", "vpnNetmask": "255.255.0.0", "protocol": "tcp"}),
        ("vpn.configIds", [3]),
        ("custom.colour", "red"),
        ("custom.a.b", {"deep": [{"tokens": 5}, True]}),
    ],
)
def test_what_a_key_is_for_is_taken(key: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    check_value(key, value)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("mqtt.brokers.1", {"id": 1, "name": "x"}, "host"),
        ("mqtt.brokers.1", {**BROKER, "id": 2}, "the key says 1"),
        ("mqtt.brokers.1", {**BROKER, "port": 0}, r"\$\.port"),
        ("mqtt.brokers.1", {**BROKER, "port": 65536}, r"\$\.port"),
        ("mqtt.brokers.1", {**BROKER, "port": "1883"}, r"\$\.port"),
        ("mqtt.brokers.1", {**BROKER, "protocol": "http"}, "protocol"),
        ("mqtt.brokers.1", {**BROKER, "useTls": True}, "useTls"),
        ("mqtt.brokers.1", {**BROKER, "protocol": "wss"}, "useTls"),
        ("mqtt.brokers.1", {**TLS, "caCert": "no certificate"}, "caCert"),
        ("mqtt.brokers.1", {**TLS, "caCert": CERTIFICATE + "tail"}, "caCert"),
        ("mqtt.brokers.1", {**TLS, "caCert": CERTIFICATE.replace("MIIB", "MI?B!")}, "caCert"),
        ("mqtt.brokers.1", {**TLS, "clientCert": CERTIFICATE}, "together"),
        ("mqtt.brokers.1", {**TLS, "clientCert": CERTIFICATE, "clientKey": "abcde"}, "clientKey"),
        ("mqtt.brokers.1", {**BROKER, "password": "swordfish"}, "password"),
        ("mqtt.brokers.1", {**BROKER, "hostname": "x"}, "hostname"),
        ("mqtt.brokers.1", {**BROKER, "extraConfig": {"a": {"authToken": "abc"}}}, "authToken"),
        ("mqtt.brokers.1", [], "object"),
        ("mqtt.brokerIds", [1, 1], "twice"),
        ("mqtt.brokerIds", [0], "cannot be that"),
        ("mqtt.defaultBrokerId", "1", "cannot be that"),
        ("mqtt.ca_certificate", "x", "certificate"),
        ("vpn.configs.1", {**VPN, "vpnSubnet": "10.8.0.1"}, "network"),
        ("vpn.configs.1", {**VPN, "protocol": "sctp"}, "protocol"),
        ("custom.x", None, "null"),
        ("custom.x", {"password": "p"}, r"\$\.password"),
        ("custom.x", [{"note": "-----BEGIN PRIVATE KEY-----"}], r"\$\[0\]\.note"),
        ("custom.x y", 1, "dotted name"),
        ("custom." + "a" * 194, 1, "dotted name"),
    ],
)
def test_what_it_is_not_for_is_refused_with_the_place(key: str, value: Any, said: str) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(SettingInvalid, match=said):
        check_value(key, value)


@pytest.mark.parametrize(
    ("member", "hint"),
    [
        ("passwordHash", "env:NAME"),
        ("isDefault", "defaultBrokerId"),
        ("updatedAt", "history"),
        ("hots", "host"),
    ],
)
def test_a_member_of_the_original_that_is_gone_says_what_to_do(member: str, hint: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        check_value("mqtt.brokers.1", {**BROKER, member: True})
    assert hint in (refused.value.hint or "")


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("mqtt.broker.1", "mqtt.brokers.<id>"),
        ("mqtt.brokersIds", "mqtt.brokerIds"),
        ("mqtt.brokers.0", "mqtt.brokers.<id>"),
        ("mqtt.defaultBroker", "mqtt.defaultBrokerId"),
    ],
)
def test_a_key_that_is_nearly_one_says_which(key: str, near: str) -> None:
    with pytest.raises(SettingUnknown) as refused:
        kind_of(key)
    assert near in (refused.value.hint or "")


def test_a_key_of_nobody_is_pointed_to_the_free_names() -> None:
    with pytest.raises(SettingUnknown) as refused:
        check_value("quux", 1)
    assert "custom." in (refused.value.hint or "")


def test_no_key_means_two_things() -> None:
    examples = [kind.key.replace("<id>", "1").replace("<name>", "x") for kind in CATALOGUE]
    for example in examples:
        assert len([kind for kind in CATALOGUE if kind.pattern.fullmatch(example)]) == 1


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"mqtt.brokers.1": BROKER},
        {"mqtt.brokers.1": BROKER, "mqtt.brokerIds": [1], "mqtt.defaultBrokerId": 1},
        {"vpn.configs.3": VPN, "vpn.configIds": [3], "vpn.defaultConfigId": 3},
    ],
)
def test_settings_that_fit_together_are_taken(values: dict[str, Any]) -> None:
    check_together(values)


@pytest.mark.parametrize(
    "values",
    [
        {"mqtt.brokerIds": [1]},
        {"mqtt.brokers.1": BROKER, "mqtt.defaultBrokerId": 1},
        {"mqtt.brokers.1": BROKER, "mqtt.brokerIds": [1], "mqtt.defaultBrokerId": 2},
        {"vpn.configIds": [3]},
    ],
)
def test_settings_that_do_not_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(SettingInUse):
        check_together(values)


@pytest.mark.parametrize("text", ["env:A", "env:_a1", "file:/run/secrets/x"])
def test_a_reference_is_known(text: str) -> None:
    assert is_secret_reference(text)
    assert find_secrets_in_clear({"password": text}) == []


@pytest.mark.parametrize("text", ["", "env:", "env:1", "file:relative", "file:/", "vault:/x", "swordfish"])
def test_anything_else_is_no_reference(text: str) -> None:
    assert not is_secret_reference(text)


def test_a_secret_is_found_where_its_reference_says(tmp_path) -> None:  # noqa: ANN001 - of pytest
    file = tmp_path / "secret"
    file.write_text("from the file\n")
    assert reveal_reference("env:A", {"A": "from the environment"}).reveal() == "from the environment"
    assert reveal_reference(f"file:{file}", {}).reveal() == "from the file"
    for missing in ("env:B", f"file:{tmp_path / 'nothing'}"):
        with pytest.raises(SecretMissing, match=missing.partition(":")[0]):
            reveal_reference(missing, {})
