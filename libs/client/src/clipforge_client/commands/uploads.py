"""`clipforge uploads`: films on their way. `clipforge upload` sends one."""

from typing import Annotated

import typer

from clipforge_client.client import Client
from clipforge_client.commands.options import AsJson
from clipforge_client.errors import Conflict
from clipforge_client.models import Part, Upload
from clipforge_client.terminal import mebibytes, note, print_done, print_json, say

uploads = typer.Typer(help="Films that are being sent.", no_args_is_help=True)
UploadArgument = Annotated[str, typer.Argument(metavar="UPLOAD", help="Id, such as upl_01h...")]


@uploads.command("show")
def show_upload(upload_id: UploadArgument, as_json: AsJson = False) -> None:
    """Show an upload, and how much of it has arrived."""
    with Client() as client:
        upload = client.begun_upload(upload_id)
        parts = _parts(client, upload)
    arrived = upload.part_count if parts is None else sum(part.arrived for part in parts)
    if as_json:
        told = {"parts_arrived": arrived, "completed": parts is None}
        print_json({**upload.model_dump(mode="json"), **told})
        return
    say(f"{upload.file_name}: {mebibytes(upload.bytes)} MiB")
    if parts is None:
        say("  completed")
        note(f"Make clips of it: clipforge projects create {upload.id}")
    else:
        say(f"  {arrived} of {upload.part_count} parts have arrived")
        note("It goes on where it is sent again: clipforge upload FILE")


@uploads.command("abort")
def abort_upload(upload_id: UploadArgument, as_json: AsJson = False) -> None:
    """Give an upload up, and remove what has arrived of it."""
    with Client() as client:
        client.abort_upload(upload_id)
    print_done(f"{upload_id} is aborted.", as_json=as_json, id=upload_id, aborted=True)


def _parts(client: Client, upload: Upload) -> list[Part] | None:
    """Its parts; None where it has been completed, and has none any more."""
    try:
        return list(client.upload_parts(upload.id))
    except Conflict:
        return None
