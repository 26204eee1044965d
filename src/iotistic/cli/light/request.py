"""What a command line asks for, when it is one of the plain ones."""

from iotistic.migrations.quoting import LedgerNames

__all__ = ["Request", "request_of"]

_VALUED = {
    "--database": "database",
    "--dir": "folder",
    "--service": "service",
    "--schema": "schema",
    "--table": "table",
    "--url": "url",
    "--data-dir": "data_dir",
    "--role": "",  # never taken when there is nothing to do
}
_SERVICES = ("platform", "billing", "vpn")


class Request(LedgerNames):
    """`iotistic migrate [run] ...` with its options; None is not given."""

    __slots__ = ("as_json", "data_dir", "database", "folder", "schema", "service", "table", "url")

    def __init__(self) -> None:
        self.database = "platform"
        self.folder: str | None = None
        self.service: str | None = None
        self.schema = "public"
        self.table = "schema_migrations"
        self.url: str | None = None
        self.data_dir: str | None = None
        self.as_json = False


def request_of(words: list[str]) -> Request | None:
    """The request behind `iotistic migrate`, or None when it is another command, or not plain."""
    request = Request()
    rest = iter(words[1:] if words[:1] == ["run"] else words)
    for word in rest:
        name, equals, value = word.partition("=")
        if word == "--json":
            request.as_json = True
            continue
        attribute = _VALUED.get(name)
        if attribute is None:
            return None
        text = value if equals else next(rest, "")
        if not text or text.startswith("-"):
            return None
        if attribute:
            setattr(request, attribute, text)
    return request if request.database in _SERVICES else None
