"""`python -m clipforge_maintenance`: remove what is due until asked to stop."""

from functools import partial

from clipforge_contracts.pipeline import MAINTENANCE
from clipforge_maintenance.handler import remove_objects
from clipforge_maintenance.settings import Settings
from clipforge_runtime.main import run_stage
from clipforge_runtime.progress import report
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import load

if __name__ == "__main__":
    settings = load(Settings)
    handler = partial(remove_objects, store=S3Store(settings), progress=report)
    run_stage(MAINTENANCE, handler, settings, concurrency=settings.maintenance_concurrency)
