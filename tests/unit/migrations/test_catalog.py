import pytest

from iotistic.migrations.catalog import Catalog, DifferenceKind, Item, catalog_of, compare_catalogs, dump
from iotistic.migrations.catalog.view_text import without_needless_prefixes


def table(name: str = "public.parts", **facts: str) -> Item:
    return Item(kind="table", name=name, facts=facts)


def column(name: str, type_: str = "text", *, place: int = 1, **facts: str) -> Item:
    return Item(
        kind="column",
        name=f"public.parts.{name}",
        parent="public.parts",
        place=place,
        facts={"type": type_, **facts},
    )


def parts(*items: Item) -> Catalog:
    return catalog_of([table(), *items])


class TestComparing:
    def test_equal_catalogs_have_no_difference(self) -> None:
        assert compare_catalogs(parts(column("a")), parts(column("a"))) == ()

    def test_what_the_database_lacks_is_missing(self) -> None:
        (found,) = compare_catalogs(parts(column("a"), column("b")), parts(column("a")))
        assert (found.kind, found.object_kind, found.name) == (
            DifferenceKind.MISSING,
            "column",
            "public.parts.b",
        )

    def test_what_no_file_makes_is_unexpected(self) -> None:
        (found,) = compare_catalogs(parts(column("a")), parts(column("a"), column("b")))
        assert found.kind is DifferenceKind.UNEXPECTED

    def test_a_change_says_what_was_expected_and_what_was_found(self) -> None:
        (found,) = compare_catalogs(parts(column("a", **{"not null": "yes"})), parts(column("a", "integer")))
        assert str(found) == (
            "changed: column public.parts.a\n  not null:\n    - yes\n    + (none)\n  type:\n    - text\n    + integer"
        )

    def test_the_pieces_of_a_missing_table_are_not_listed(self) -> None:
        (found,) = compare_catalogs(parts(column("a")), {})
        assert (found.object_kind, found.kind) == ("table", DifferenceKind.MISSING)

    def test_the_place_of_a_column_is_no_difference(self) -> None:
        assert compare_catalogs(parts(column("a", place=1)), parts(column("a", place=7))) == ()

    def test_the_layout_of_a_definition_is_no_difference(self) -> None:
        one = Item(kind="view", name="public.v", facts={"definition": " SELECT 1;"})
        other = Item(kind="view", name="public.v", facts={"definition": "SELECT   1"})
        assert compare_catalogs(catalog_of([one]), catalog_of([other])) == ()

    def test_the_words_of_a_definition_are(self) -> None:
        one = Item(kind="view", name="public.v", facts={"definition": "SELECT 'a  b'"})
        other = Item(kind="view", name="public.v", facts={"definition": "SELECT 'a b'"})
        assert len(compare_catalogs(catalog_of([one]), catalog_of([other]))) == 1


class TestViewText:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("SELECT d.a, d.b FROM t d WHERE d.a > 1", "SELECT a, b FROM t d WHERE a > 1"),
            ("SELECT t.a FROM s.t GROUP BY t.a", "SELECT a FROM s.t GROUP BY a"),
            ('SELECT "T x".a FROM "T x"', 'SELECT a FROM "T x"'),
            ("SELECT q.id FROM (SELECT t.id FROM s.t) q", "SELECT id FROM (SELECT t.id FROM s.t) q"),
            (
                "WITH q AS (SELECT t.id FROM t) SELECT q.id FROM q",
                "WITH q AS (SELECT t.id FROM t) SELECT id FROM q",
            ),
            ("SELECT g.g FROM f(1, 2) g(g)", "SELECT g FROM f(1, 2) g(g)"),
            ("SELECT p.*::text FROM (VALUES (1)) p", "SELECT p.*::text FROM (VALUES (1)) p"),
        ],
    )
    def test_one_source_needs_no_prefix(self, before: str, after: str) -> None:
        assert without_needless_prefixes(before) == after

    @pytest.mark.parametrize(
        "text",
        [
            "SELECT a.id, b.id FROM a JOIN b ON a.id = b.id",
            "SELECT a.id FROM a, b",
            "SELECT a.id FROM a UNION ALL SELECT b.id FROM b",
            "SELECT 1",
            "SELECT id FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.id = a.id)",
            "SELECT app.f(id) FROM s.app",
        ],
    )
    def test_several_sources_keep_theirs(self, text: str) -> None:
        assert without_needless_prefixes(text) == text


class TestDump:
    def test_a_table_is_written_with_all_that_belongs_to_it(self) -> None:
        catalog = catalog_of(
            [
                Item(
                    kind="index",
                    name="public.parts_a_idx",
                    parent="public.parts",
                    facts={
                        "definition": "CREATE INDEX parts_a_idx ON public.parts USING btree (a)",
                        "invalid": "yes",
                    },
                ),
                column("b", "bigint", place=2, identity="ALWAYS"),
                column("a", place=1, default="'x'::text", comment="it's a", **{"not null": "yes"}),
                Item(
                    kind="constraint",
                    name="public.parts.parts_pkey",
                    parent="public.parts",
                    facts={"definition": "PRIMARY KEY (a)"},
                ),
                table(comment="One row per part."),
            ]
        )
        assert dump(catalog) == (
            "CREATE TABLE public.parts (\n"
            "  a text NOT NULL DEFAULT 'x'::text,\n"
            "  b bigint GENERATED ALWAYS AS IDENTITY,\n"
            "  CONSTRAINT parts_pkey PRIMARY KEY (a)\n"
            ");\n"
            "COMMENT ON TABLE public.parts IS 'One row per part.';\n"
            "COMMENT ON COLUMN public.parts.a IS 'it''s a';\n"
            "CREATE INDEX parts_a_idx ON public.parts USING btree (a); -- invalid: yes\n"
        )

    def test_the_order_of_reading_does_not_matter(self) -> None:
        items = [table("public.a"), table("public.b"), Item(kind="schema", name="app")]
        assert dump(catalog_of(items)) == dump(catalog_of(reversed(items)))

    def test_an_empty_catalog_is_an_empty_text(self) -> None:
        assert dump({}) == ""
