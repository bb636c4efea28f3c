"""`python -m clipforge_clip_detection`: find clips until asked to stop."""

from functools import partial

from clipforge_clip_detection import interest
from clipforge_clip_detection.handler import detect_clips
from clipforge_clip_detection.settings import Settings
from clipforge_contracts.pipeline import CLIP_DETECTION
from clipforge_runtime.main import run_stage
from clipforge_runtime.progress import report
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import load

if __name__ == "__main__":
    settings = load(Settings)
    handler = partial(
        detect_clips, store=S3Store(settings), progress=report, interest=interest.load()
    )
    run_stage(CLIP_DETECTION, handler, settings, concurrency=settings.clip_detection_concurrency)
