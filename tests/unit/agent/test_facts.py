import platform

from iotistic import __version__
from iotistic.agent.facts import enrolment_facts, host_facts


def test_enrolment_tells_what_the_contract_names() -> None:
    facts = enrolment_facts()
    assert facts.keys() == {"os", "arch", "python", "agent_version"}
    assert facts["agent_version"] == __version__
    assert facts["arch"] == platform.machine()
    assert all(facts.values())


def test_the_host_tells_more_and_nothing_secret() -> None:
    facts = host_facts()
    assert facts.keys() - {"cpu_model"} == {
        *enrolment_facts(),
        "hostname",
        "kernel",
        "cpu_count",
        "memory_total",
    }
    assert int(facts["memory_total"]) > 0
