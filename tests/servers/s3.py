"""An S3 bucket: moto, which verifies who asks."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from moto.server import ThreadedMotoServer

from tests.servers.relay import relay
from tests.servers.system import System, free_port

BUCKET, REGION = "partenaire", "eu-west-1"
_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


@contextmanager
def s3() -> Iterator[System]:
    """Serves one bucket."""
    session = boto3.session.Session()
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        with relay(port) as proxy:
            address = f"http://{host}:{port}"

            def client(service: str, key: str = "essai", secret: str = "essai") -> object:
                return session.client(
                    service,
                    endpoint_url=address,
                    region_name=REGION,
                    aws_access_key_id=key,
                    aws_secret_access_key=secret,
                )

            users = client("iam")
            users.create_user(UserName="age")  # type: ignore[attr-defined]
            key = users.create_access_key(UserName="age")["AccessKey"]  # type: ignore[attr-defined]
            users.put_user_policy(  # type: ignore[attr-defined]
                UserName="age", PolicyName="tout", PolicyDocument=json.dumps(_ALL)
            )
            asked = urllib.request.Request(
                f"{address}/moto-api/reset-auth",
                data=b"0",
                headers={"Content-Type": "text/plain"},
                method="POST",
            )
            urllib.request.urlopen(asked, timeout=10).close()
            bucket = client("s3", key["AccessKeyId"], key["SecretAccessKey"])
            bucket.create_bucket(  # type: ignore[attr-defined]
                Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
            )

            def put(name: str, content: bytes) -> None:
                bucket.put_object(Bucket=BUCKET, Key=f"depot/{name}", Body=content)  # type: ignore[attr-defined]

            def remove(name: str) -> None:
                bucket.delete_object(Bucket=BUCKET, Key=f"depot/{name}")  # type: ignore[attr-defined]

            environ = {
                "SOURCE_ESSAI": f"s3://{BUCKET}",
                "SOURCE_ESSAI_ENDPOINT": f"http://127.0.0.1:{proxy.port}",
                "SOURCE_ESSAI_REGION": REGION,
                "SOURCE_ESSAI_ACCESS_KEY_ID": key["AccessKeyId"],
                "SOURCE_ESSAI_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            }
            put(".vide", b"")
            yield System(
                kind="s3",
                environ=environ,
                put=put,
                remove=remove,
                cut=proxy.cut,
                refused={**environ, "SOURCE_ESSAI_SECRET_ACCESS_KEY": f"{key['SecretAccessKey'][:-1]}_"},
                down={**environ, "SOURCE_ESSAI_ENDPOINT": f"http://127.0.0.1:{free_port()}"},
            )
    finally:
        server.stop()
