"""`python -m clipforge_import`: take films in until asked to stop."""

from functools import partial

from clipforge_contracts.pipeline import IMPORT
from clipforge_import.handler import import_video
from clipforge_import.settings import Settings
from clipforge_runtime import scratch
from clipforge_runtime.main import run_stage
from clipforge_runtime.progress import report
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import load
from clipforge_runtime.strain import strain

if __name__ == "__main__":
    settings = load(Settings)
    scratch.sweep(settings.scratch_dir, "import")
    handler = partial(
        import_video,
        store=S3Store(settings),
        progress=report,
        allowed=settings.allowed,
        sites=settings.sites,
        scratch=settings.scratch_dir,
        strain=strain,
    )
    run_stage(IMPORT, handler, settings, concurrency=settings.import_concurrency)
