"""Backup and restore, as docs/guides/backup.md says it: into a namespace that knows nothing."""

import base64
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Final

from e2e.bystander import stand_by
from e2e.shell import Failed, apply, kubectl, run

SECONDS: Final = 300  # for what is streamed
ARCHIVE: Final = """
import io, os, sys, tarfile
from minio import Minio
from urllib.parse import urlsplit

at = urlsplit(os.environ["CLIPFORGE_S3_ENDPOINT"])
store = Minio(
    at.netloc,
    access_key=os.environ["CLIPFORGE_S3_ACCESS_KEY"],
    secret_key=os.environ["CLIPFORGE_S3_SECRET_KEY"],
    secure=at.scheme == "https",
)
bucket = os.environ["CLIPFORGE_S3_BUCKET"]
"""
# Each object is held in memory once: those of a trial are small.
SAVE: Final = (
    ARCHIVE
    + """
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
    for one in store.list_objects(bucket, recursive=True):
        if one.object_name.endswith("/"):  # a folder that has become empty, as some stores tell
            continue
        answer = store.get_object(bucket, one.object_name)
        entry = tarfile.TarInfo(one.object_name)
        entry.size = len(answer.data)
        archive.addfile(entry, io.BytesIO(answer.data))
        answer.close()
"""
)
RESTORE: Final = (
    ARCHIVE
    + """
if not store.bucket_exists(bucket):
    store.make_bucket(bucket)
with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as archive:
    for entry in archive:
        store.put_object(bucket, entry.name, archive.extractfile(entry), entry.size)
"""
)


# Passwords of servers are made anew with the servers. What webhooks are signed with is in no
# server, and the secrets that their owners have follow from it.
SECRETS: Final = ("clipforge-webhooks",)

CLAIM: Final = "kept"
NIGHTLY: Final = (  # what Helm is told, so that the log is backed up each night
    *("--set", "components.backup.enabled=true"),
    *("--set", f"components.backup.existingClaim={CLAIM}"),
)
SAVED: Final = re.compile(r"nightly: (\d+) messages, /kept")


def claim(namespace: str) -> None:
    """A volume for backups, of the cluster's default kind."""
    wanted = {
        "kind": "PersistentVolumeClaim",
        "apiVersion": "v1",
        "metadata": {"name": CLAIM},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    apply(namespace, wanted)


def tonight(namespace: str, release: str) -> int:
    """What the chart's CronJob does each night, now; how many messages it has kept."""
    job = f"job/{CLAIM}-now"
    source = f"cronjob/{release}-clipforge-backup"
    kubectl("create", "job", job.removeprefix("job/"), f"--from={source}", namespace=namespace)
    kubectl(
        *("wait", "--for=condition=Complete", job, f"--timeout={SECONDS}s"),
        namespace=namespace,
        seconds=SECONDS + 60,
    )
    said = kubectl("logs", job, namespace=namespace)
    if (saved := SAVED.search(said)) is None or not int(saved[1]):
        raise Failed(f"the nightly backup has kept nothing:\n{said[-3000:]}")
    return int(saved[1])


def save(namespace: str, release: str, folder: Path) -> None:
    """Tables first, then the log, the objects, and the Secrets, as files of a folder."""
    for name in SECRETS:
        data = json.loads(kubectl("get", "secret", name, "-o", "json", namespace=namespace))["data"]
        kept = folder / f"{name}.json"
        kept.touch(mode=0o600)
        kept.write_text(json.dumps(data))
    database = _secret(namespace, "clipforge-postgres", "url")
    _stream(
        namespace, "postgres-0", "pg_dump", "--format=custom", database, to=folder / "tables.dump"
    )
    pod = f"deploy/{release}-clipforge-projector"
    log = ("env", f"CLIPFORGE_NATS_URL={_log_of(namespace, 'backup')}", "python", "-m")
    kubectl(
        *("exec", pod, "-c", "projector", "--", *log),
        *("clipforge_runtime.backup", "save", "/tmp/log"),  # noqa: S108  (the pod's own)
        namespace=namespace,
    )
    _stream(namespace, pod, "tar", "-C", "/tmp", "-c", "log", to=folder / "log.tar")  # noqa: S108
    gateway = f"deploy/{release}-clipforge-gateway"
    _stream(namespace, gateway, "python", "-c", SAVE, to=folder / "objects.tar")


def restore_secrets(namespace: str, folder: Path) -> None:
    """Before anything of ours is installed there."""
    for name in SECRETS:
        data = json.loads((folder / f"{name}.json").read_text())
        secret = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": name}, "data": data}
        run("kubectl", "-n", namespace, "create", "-f", "-", input=json.dumps(secret))


def restore(namespace: str, image: str, folder: Path) -> None:
    """All three, with the servers there and nothing of ours running yet. `image`: one of ours."""
    helper = "restorer"
    stand_by(
        *(namespace, helper, image),
        env={"CLIPFORGE_S3_ENDPOINT": "http://s3:9000", "CLIPFORGE_S3_BUCKET": "clipforge"},
        secrets={
            "CLIPFORGE_S3_ACCESS_KEY": ("clipforge-s3", "access-key"),
            "CLIPFORGE_S3_SECRET_KEY": ("clipforge-s3", "secret-key"),
        },
    )
    database = _secret(namespace, "clipforge-postgres", "url")
    _stream(
        *(namespace, "postgres-0", "pg_restore", "--no-owner", "--dbname", database),
        given=folder / "tables.dump",
    )
    _stream(namespace, helper, "tar", "-C", "/tmp", "-x", given=folder / "log.tar")  # noqa: S108
    log = ("env", f"CLIPFORGE_NATS_URL={_log_of(namespace, 'admin')}", "python", "-m")
    kubectl(
        *("exec", helper, "--", *log),
        *("clipforge_runtime.backup", "restore", "/tmp/log"),  # noqa: S108  (the pod's own)
        namespace=namespace,
    )
    _stream(namespace, helper, "python", "-c", RESTORE, given=folder / "objects.tar")


def _log_of(namespace: str, user: str) -> str:
    return f"nats://{user}:{_secret(namespace, 'clipforge-nats', user)}@nats:4222"


def _secret(namespace: str, name: str, key: str) -> str:
    path = f"jsonpath={{.data.{key}}}"
    said = kubectl("get", "secret", name, "-o", path, namespace=namespace)
    return base64.b64decode(said).decode()


def _stream(
    namespace: str, pod: str, *command: str, to: Path | None = None, given: Path | None = None
) -> None:
    """Run a command in a pod, from a file or to one."""
    call = ["kubectl", "-n", namespace, "exec", *(["-i"] if given else []), pod, "--", *command]
    with (to or Path(os.devnull)).open("wb") as out, (given or Path(os.devnull)).open("rb") as of:
        done = subprocess.run(
            call, stdin=of, stdout=out, stderr=subprocess.PIPE, timeout=SECONDS, check=False
        )
    if done.returncode != 0:
        raise Failed(f"{command[0]} in {pod}: {done.stderr.decode(errors='replace')[-2000:]}")
