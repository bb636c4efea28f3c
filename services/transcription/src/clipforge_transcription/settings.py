"""Knobs of the transcription service."""

from typing import Literal

from pydantic import Field

from clipforge_contracts.pipeline import TRANSCRIPTION
from clipforge_runtime.settings import RuntimeSettings


class Settings(RuntimeSettings):
    transcription_concurrency: int = Field(
        default=TRANSCRIPTION.concurrency,
        ge=1,
        le=64,
        description="Parts transcribed at once, each in a process with models of its own",
    )
    whisper_model: str = Field(
        default="tiny.en",
        description="Speech model for English: a name, or a folder in CTranslate2's form",
    )
    whisper_multilingual_model: str = Field(
        default="base",
        description="Speech model for other languages, and for telling languages apart",
    )
    whisper_device: Literal["cpu", "cuda"] = Field(default="cpu", description="cpu or cuda")
    whisper_compute_type: str = Field(
        default="int8", description="CTranslate2's: int8 on a CPU, float16 on a GPU"
    )
    whisper_download: bool = Field(
        default=False, description="Fetch a model that is not installed from its hub"
    )
    transcription_cache_bytes: int = Field(
        default=2 * 1024**3, gt=0, description="Sound kept on disk between parts of one film"
    )
