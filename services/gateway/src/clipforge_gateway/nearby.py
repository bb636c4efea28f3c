"""What each gateway keeps near of the reads that repeat, and what makes it go."""

from typing import Final

from clipforge_contracts.facts import Fact, project_of
from clipforge_gateway.near import Near
from clipforge_gateway.settings import Settings

ROW_BYTES: Final = 8 * 1024  # of a row in memory, with its documents: between 3 and 8 KiB
UNCHANGING: Final = "by its content"  # the version of what lies under a hash


class Nearby:
    """Projects with what belongs to them, pages of clips, transcripts.

    Half of the room is for transcripts: an hour of speech has a megabyte, and takes the longest to
    read.
    """

    def __init__(self, settings: Settings) -> None:
        most = settings.near_bytes
        self.projects = Near("project", most_bytes=most // 4, seconds=settings.near_project_seconds)
        self.clips = Near("clips", most_bytes=most // 4, seconds=settings.near_clips_seconds)
        self.transcripts = Near(
            "transcript", most_bytes=most // 2, seconds=settings.near_transcript_seconds
        )

    def hear(self, fact: Fact) -> None:
        """What the log says."""
        project = project_of(fact)
        for kind in (self.projects, self.clips):
            kind.forget((project.tenant_id, project.project_id))

    def forget(self) -> None:
        """The log was not heard for a while. What lies under a hash is what it was."""
        self.projects.forget_all()
        self.clips.forget_all()
