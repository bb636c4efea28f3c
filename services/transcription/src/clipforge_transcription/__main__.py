"""`python -m clipforge_transcription`: transcribe until asked to stop."""

import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

from clipforge_contracts.pipeline import TRANSCRIPTION
from clipforge_runtime import scratch
from clipforge_runtime.main import run_stage
from clipforge_runtime.progress import report
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import load
from clipforge_runtime.strain import strain
from clipforge_transcription.engines.apart import Apart, Silero, aligned, downloaded
from clipforge_transcription.handler import transcribe
from clipforge_transcription.listeners import Listeners
from clipforge_transcription.models import ModelMissing, find
from clipforge_transcription.recogniser import Recogniser
from clipforge_transcription.settings import Settings
from clipforge_transcription.sound import SoundCache

log = logging.getLogger(__name__)


def load_recogniser(settings: Settings, listeners: Listeners) -> Recogniser:
    """The installed models, tried once. The English one must be there; the other adds languages."""
    english = _engine(settings, listeners, settings.whisper_model)
    align = partial(aligned, listeners)
    if settings.whisper_multilingual_model == settings.whisper_model:
        other = english if len(english.languages) > 1 else None
        return Recogniser(english, other, Silero(listeners), align)
    try:
        multilingual = _engine(settings, listeners, settings.whisper_multilingual_model)
    except ModelMissing as missing:
        log.warning("films in other languages than English will be refused: %s", missing)
        multilingual = None
    return Recogniser(english, multilingual, Silero(listeners), align)


def _engine(settings: Settings, listeners: Listeners, name: str) -> Apart:
    download = partial(downloaded, listeners) if settings.whisper_download else None
    model = find(name, settings.data_dir, download=download)
    return Apart(
        listeners,
        model,
        device=settings.whisper_device,
        compute_type=settings.whisper_compute_type,
        strain=strain,
    )


def main() -> None:
    settings = load(Settings)
    listeners = Listeners()
    try:
        recogniser = load_recogniser(settings, listeners)
    except ModelMissing as missing:
        sys.exit(str(missing))
    store = S3Store(settings)
    scratch.sweep(settings.scratch_dir, "transcription")
    with closing(listeners), scratch.folder(settings.scratch_dir, "transcription") as folder:
        handler = partial(
            transcribe,
            store=store,
            progress=report,
            recogniser=recogniser,
            sound=SoundCache(store, folder, settings.transcription_cache_bytes),
            threads=ThreadPoolExecutor(settings.transcription_concurrency, "listening"),
        )
        run_stage(TRANSCRIPTION, handler, settings, concurrency=settings.transcription_concurrency)


if __name__ == "__main__":
    main()
