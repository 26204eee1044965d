"""The migrations that ship obey the rules they preach."""

import pytest

from iotistic.database.roles import ROLES
from iotistic.migrations import SERVICES, History
from iotistic.migrations.files import read_folder
from iotistic.migrations.lint import lint
from iotistic.migrations.script import read_scripts


@pytest.mark.parametrize("history", SERVICES.values(), ids=SERVICES)
def test_our_own_migrations_pass_lint(history: History) -> None:
    scripts = read_scripts(history.service, read_folder(history.folder, service=history.service))
    findings = lint(scripts, schema=history.schema, roles={role.name for role in ROLES})
    assert [f"{finding.filename}:{finding.line}: {finding.rule}: {finding.why}" for finding in findings] == []
