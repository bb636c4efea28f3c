"""`python -m clipforge_export`: render clips until asked to stop."""

from functools import partial

from clipforge_contracts.pipeline import EXPORT
from clipforge_export.handler import work
from clipforge_export.settings import Settings
from clipforge_runtime import scratch
from clipforge_runtime.main import run_stage
from clipforge_runtime.progress import report
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import load
from clipforge_runtime.strain import strain

if __name__ == "__main__":
    settings = load(Settings)
    scratch.sweep(settings.scratch_dir, "export")
    handler = partial(
        work,
        store=S3Store(settings),
        progress=report,
        scratch=settings.scratch_dir,
        strain=strain,
    )
    run_stage(EXPORT, handler, settings, concurrency=settings.export_concurrency)
