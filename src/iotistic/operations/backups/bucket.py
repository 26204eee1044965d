"""Object storage that speaks S3: Amazon's, MinIO, Ceph, Garage, and what hosting companies offer.

Credentials are found as every program that speaks S3 finds them (AWS_ACCESS_KEY_ID, AWS_SHARED_CREDENTIALS_FILE, the role of a machine),
and are never ours to keep or to print. Needs the extra `s3`, which brings boto3.
"""

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, final

import boto3
from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from iotistic.operations.backups.storage import ObjectMissing, StorageRefused

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

__all__ = ["Bucket"]

_PART = 16 << 20
"""Larger files travel in parts of this size, four at a time; each is tried again by itself."""
_BLOCK = 1 << 20
_MISSING = {"NoSuchKey", "404"}
_WHY = {
    "NoSuchBucket": ("there is no such bucket", "Make it there, or correct IOTISTIC_BACKUP_STORAGE."),
    "InvalidAccessKeyId": ("it does not know the access key", "See to AWS_ACCESS_KEY_ID."),
    "SignatureDoesNotMatch": (
        "the secret key is not that of the access key",
        "See to AWS_SECRET_ACCESS_KEY: a blank or a line end at its end counts.",
    ),
    "ExpiredToken": ("the session of these credentials is over", "Sign in again."),
    "AccessDenied": (
        "these credentials may not do this",
        "They need s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and s3:DeleteObject on what is in it.",
    ),
    "RequestTimeTooSkewed": (
        "the clock of this machine is more than 15 minutes off",
        "Set it (`timedatectl set-ntp true`): requests are signed with the time.",
    ),
    "PermanentRedirect": ("the bucket is in another region", "Set AWS_REGION to the bucket's."),
    "AuthorizationHeaderMalformed": ("the bucket is in another region", "Set AWS_REGION to the bucket's."),
}


@final
class Bucket:
    """What lies in one bucket below a prefix. Fulfils `storage.Storage`."""

    def __init__(self, name: str, prefix: str = "", *, endpoint: str | None = None) -> None:
        """`endpoint` is the URL of a server other than Amazon's. Nothing is asked yet."""
        self._bucket = name
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._endpoint = endpoint
        self._client = _client(endpoint)
        self._transfer = TransferConfig(
            multipart_threshold=_PART, multipart_chunksize=_PART, max_concurrency=4
        )

    @property
    def address(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def names(self, prefix: str) -> list[str]:
        with self._translated(f"list {prefix or 'anything'}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            found = [each.get("Key", "") for page in pages for each in page.get("Contents", [])]
        return sorted(name.removeprefix(self._prefix) for name in found)

    def read(self, name: str) -> bytes:
        with self._translated(f"read {name}"):
            return self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()

    def put(self, name: str, source: Path) -> None:
        with self._translated(f"store {name}"):
            self._client.upload_file(str(source), self._bucket, self._prefix + name, Config=self._transfer)

    def fetch(self, name: str, target: Path) -> None:
        with self._translated(f"fetch {name}"):
            self._client.download_file(self._bucket, self._prefix + name, str(target), Config=self._transfer)

    def digest(self, name: str) -> tuple[int, str]:
        size, found = 0, hashlib.sha256()
        with self._translated(f"read {name}"):
            body = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"]
            for block in body.iter_chunks(_BLOCK):
                found.update(block)
                size += len(block)
        return size, found.hexdigest()

    def remove(self, name: str) -> None:
        with self._translated(f"delete {name}"):
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)

    @contextmanager
    def _translated(self, what: str) -> Generator[None]:
        try:
            yield
        except S3UploadFailedError as error:
            cause = error.__cause__ or error.__context__
            raise self._refused(what, cause if isinstance(cause, ClientError) else error) from error
        except ClientError as error:
            if _code(error) in _MISSING and not what.startswith("list"):
                raise ObjectMissing(f"{self.address} has no {what.partition(' ')[2]}.") from error
            raise self._refused(what, error) from error
        except (BotoCoreError, OSError) as error:
            raise self._refused(what, error) from error

    def _refused(self, what: str, error: Exception) -> StorageRefused:
        code = _code(error) if isinstance(error, ClientError) else type(error).__name__
        why, hint = _WHY.get(
            code, (str(error).rstrip("."), "See to the address, the network and the credentials.")
        )
        if code in {"NoCredentialsError", "PartialCredentialsError"}:
            why, hint = (
                "no credentials were found",
                "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE.",
            )
        return StorageRefused(
            f"{self.address} at {self._endpoint or 'Amazon S3'} did not {what}: {why} ({code}).",
            hint=hint,
            code=code,
        )


def _client(endpoint: str | None) -> "S3Client":
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 5},
        connect_timeout=10,
        read_timeout=60,
        # Servers that are not Amazon's know no checksums in trailers; a signed body is checked by all of them.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"payload_signing_enabled": True, "addressing_style": "path" if endpoint else "auto"},
    )
    session = boto3.session.Session()
    return session.client(  # pyright: ignore[reportUnknownMemberType] - the stubs know only the services asked for
        "s3", endpoint_url=endpoint, region_name=session.region_name or "us-east-1", config=config
    )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))
