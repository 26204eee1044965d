"""Object storage on loopback: moto's S3 over HTTP, which knows its accounts, checks signatures and times, and fails when told to."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import boto3
import httpx
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

__all__ = ["ObjectStorage", "object_storage"]

_SKEW = timedelta(minutes=15)
BUCKET = "backups"


@dataclass(kw_only=True)
class ObjectStorage:
    """A server, and what was asked of it."""

    url: str = ""
    access_key: str = ""
    secret_key: str = ""
    asked: list[str] = field(default_factory=list)
    """Method and query of every request."""
    failing: int = 0
    """How many requests that store something are still answered with 503."""

    def client(self) -> Any:  # noqa: ANN401 - as boto3 types it
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
        )

    def wrap(self, app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            self.asked.append(f"{environ['REQUEST_METHOD']} {environ.get('QUERY_STRING', '')}")
            if self.failing and environ["REQUEST_METHOD"] == "PUT":
                self.failing -= 1
                return _refuse(start, "503 Slow Down", "SlowDown")
            signed = environ.get("HTTP_X_AMZ_DATE")
            if signed and abs(_moment(signed) - datetime.now(UTC)) > _SKEW:
                return _refuse(start, "403 Forbidden", "RequestTimeTooSkewed")
            return app(environ, start)

        return serve


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _refuse(start: StartResponse, status: str, code: str) -> Iterable[bytes]:
    start(status, [("Content-Type", "application/xml")])
    return [f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()]


@contextmanager
def object_storage() -> Iterator[ObjectStorage]:
    """With one bucket, `backups`, and one account that may use it."""
    storage = ObjectStorage()
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, storage.wrap(app), threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    storage.url = f"http://127.0.0.1:{server.server_port}"
    try:
        _make_account(storage)
        storage.client().create_bucket(Bucket=BUCKET)
        yield storage
    finally:
        httpx.post(f"{storage.url}/moto-api/reset-auth", content=b"inf")
        httpx.post(f"{storage.url}/moto-api/reset")
        server.shutdown()
        thread.join()
        server.server_close()


def _make_account(storage: ObjectStorage) -> None:
    iam = boto3.client(
        "iam",
        endpoint_url=storage.url,
        region_name="us-east-1",
        aws_access_key_id="first",
        aws_secret_access_key="first",
    )
    iam.create_user(UserName="backups")
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
    iam.put_user_policy(UserName="backups", PolicyName="all", PolicyDocument=json.dumps(policy))
    made = iam.create_access_key(UserName="backups")["AccessKey"]
    storage.access_key, storage.secret_key = made["AccessKeyId"], made["SecretAccessKey"]
    httpx.post(f"{storage.url}/moto-api/reset-auth", content=b"0").raise_for_status()
