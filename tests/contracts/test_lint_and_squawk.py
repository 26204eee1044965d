"""Our lint beside squawk, which knows the grammar better: what squawk finds dangerous, we find too."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from iotistic.migrations.files import arrange
from iotistic.migrations.lint import lint
from iotistic.migrations.script import read_scripts

SQUAWK = shutil.which("squawk", path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin")

SAME = {
    "require-concurrent-index-creation": {"index-not-concurrent"},
    "require-concurrent-index-deletion": {"drop-index-not-concurrent"},
    "changing-column-type": {"column-type"},
    "adding-field-with-default": {"volatile-default"},
    "adding-serial-primary-key-field": {"volatile-default", "unique-using-index"},
    "adding-not-nullable-field": {"set-not-null"},
    "adding-required-field": {"required-column"},
    "constraint-missing-not-valid": {"constraint-not-valid", "validate-apart", "unique-using-index"},
    "adding-foreign-key-constraint": {"constraint-not-valid"},
    "disallowed-unique-constraint": {"unique-using-index"},
    "ban-drop-column": {"drop-column"},
    "ban-drop-table": {"drop-table"},
    "ban-truncate-cascade": {"drop-cascade"},
    "renaming-column": {"rename-column"},
    "renaming-table": {"rename-table"},
}
"""squawk's rule -> ours."""

STATEMENTS = [
    "CREATE INDEX i ON a (b);",
    "DROP INDEX i;",
    "ALTER TABLE a ALTER COLUMN b TYPE bigint;",
    "ALTER TABLE a ADD COLUMN b uuid DEFAULT gen_random_uuid();",
    "ALTER TABLE a ADD COLUMN b text DEFAULT 'x';",
    "ALTER TABLE a ADD COLUMN b timestamptz DEFAULT now();",
    "ALTER TABLE a ADD COLUMN b serial PRIMARY KEY;",
    "ALTER TABLE a ALTER COLUMN b SET NOT NULL;",
    "ALTER TABLE a ADD COLUMN b text NOT NULL;",
    "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0);",
    "ALTER TABLE a ADD CONSTRAINT c FOREIGN KEY (b) REFERENCES d (id);",
    "ALTER TABLE a ADD CONSTRAINT c FOREIGN KEY (b) REFERENCES d (id) NOT VALID;",
    "ALTER TABLE a ADD CONSTRAINT c UNIQUE (b);",
    "ALTER TABLE a ADD CONSTRAINT c UNIQUE USING INDEX i;",
    "ALTER TABLE a DROP COLUMN b;",
    "DROP TABLE a;",
    "TRUNCATE a CASCADE;",
    "ALTER TABLE a RENAME COLUMN b TO c;",
    "ALTER TABLE a RENAME TO c;",
    "CREATE TABLE a (b bigint); CREATE INDEX i ON a (b); ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0);",
    "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0) NOT VALID; ALTER TABLE a VALIDATE CONSTRAINT c;",
]


def squawk_rules(path: Path) -> set[str]:
    assert SQUAWK is not None
    command = [SQUAWK, "--reporter", "json", "--assume-in-transaction", "--pg-version", "15.0", str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return {finding["rule_name"] for finding in json.loads(ran.stdout or "[]")}


@pytest.mark.skipif(SQUAWK is None, reason="squawk-cli is not installed")
@pytest.mark.parametrize("text", STATEMENTS)
def test_what_squawk_finds_we_find(text: str, tmp_path: Path) -> None:
    path = tmp_path / "000_step.sql"
    path.write_text(text)
    ours = {
        finding.rule
        for finding in lint(read_scripts("x", arrange([(path.name, text.encode())], service="x")))
    }
    theirs = {rule for rule in squawk_rules(path) if rule in SAME}
    missed = {rule for rule in theirs if not ours & SAME[rule]}
    assert not missed, f"squawk says {sorted(theirs)}, we say {sorted(ours)}"
    if not theirs:
        assert not ours, "squawk has nothing against it"
