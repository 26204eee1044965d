"""The same migrations for every tool: tables, alterations with an index, rows, functions with a trigger, in turns."""

# ruff: noqa: S608 - files of SQL are what is made here

from pathlib import Path

__all__ = [
    "bodies",
    "write_dbmate",
    "write_golang_migrate",
    "write_goose",
    "write_ours",
    "write_pgmigrate",
    "write_psql",
    "write_sql_migrate",
    "write_tern",
    "write_yoyo",
]

HISTORY = (
    "CREATE TABLE IF NOT EXISTS floor_history (name text PRIMARY KEY, applied_at timestamptz DEFAULT now());"
)


def bodies(count: int) -> list[str]:
    return [_body(number) for number in range(count)]


def _body(number: int) -> str:
    kind, group = number % 4, number // 4
    if kind == 0:
        columns = "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, made timestamptz DEFAULT now()"
        return f"CREATE TABLE t{group} ({columns});\n"
    if kind == 1:
        return f"ALTER TABLE t{group} ADD COLUMN extra jsonb;\nCREATE INDEX t{group}_name_idx ON t{group} (name);\n"
    if kind == 2:
        rows = f"INSERT INTO t{group} (name) SELECT 'n' || i FROM generate_series(1, 100) AS i;\n"
        return rows + f"UPDATE t{group} SET extra = '{{}}' WHERE id < 50;\n"
    return (
        f"CREATE FUNCTION f{group}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n  NEW.name := lower(NEW.name);\n"
        f"  RETURN NEW;\nEND\n$$;\nCREATE TRIGGER t{group}_lower BEFORE INSERT ON t{group} FOR EACH ROW EXECUTE FUNCTION f{group}();\n"
    )


def write_ours(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    for number, body in enumerate(bodies(count)):
        (folder / f"{number:03}_step_{number}.sql").write_text(body)
    return folder


def write_dbmate(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    for number, body in enumerate(bodies(count)):
        text = f"-- migrate:up\n{body}\n-- migrate:down\n"
        (folder / f"20260101{number:06}_step_{number}.sql").write_text(text)
    return folder


def write_goose(folder: Path, count: int) -> Path:
    return _with_marks(folder, count, "goose")


def write_sql_migrate(folder: Path, count: int) -> Path:
    return _with_marks(folder, count, "migrate")


def _with_marks(folder: Path, count: int, tool: str) -> Path:
    """Both tools split at semicolons unless told otherwise; only the files with a function are told."""
    folder.mkdir(parents=True)
    for number, body in enumerate(bodies(count)):
        marked = f"-- +{tool} StatementBegin\n{body}-- +{tool} StatementEnd\n" if "$$" in body else body
        (folder / f"{number + 1:05}_step_{number}.sql").write_text(
            f"-- +{tool} Up\n{marked}\n-- +{tool} Down\nSELECT 1;\n"
        )
    return folder


def write_tern(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    for number, body in enumerate(bodies(count)):
        (folder / f"{number + 1:03}_step_{number}.sql").write_text(
            f"{body}\n---- create above / drop below ----\n"
        )
    return folder


def write_golang_migrate(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    for number, body in enumerate(bodies(count)):
        (folder / f"{number + 1:06}_step_{number}.up.sql").write_text(body)
    return folder


def write_yoyo(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    for number, body in enumerate(bodies(count)):
        (folder / f"{number:04}.step.sql").write_text(body)
    return folder


def write_pgmigrate(folder: Path, count: int) -> Path:
    (folder / "migrations").mkdir(parents=True)
    for number, body in enumerate(bodies(count)):
        (folder / "migrations" / f"V{number + 1:04}__step_{number}.sql").write_text(body)
    return folder


def write_psql(path: Path, count: int) -> Path:
    """The floor: one psql session, BEGIN and COMMIT with a row of history around each file."""
    parts = [HISTORY]
    for number, body in enumerate(bodies(count)):
        parts.append(f"BEGIN;\n{body}INSERT INTO floor_history (name) VALUES ('step_{number}');\nCOMMIT;\n")
    path.write_text("\n".join(parts))
    return path
