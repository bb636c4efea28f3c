"""Speak text into a WAV file: `python demo/voice.py OUT.wav [VOICE] < text`.

espeak-ng is loaded here and nowhere else, in a process of its own: it is a tool for making the demo
film, not a part of ClipForge.
"""

import ctypes
import sys
import wave
from pathlib import Path

import espeakng_loader

SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: samples come through the callback
UTF8 = 1
RATE, PITCH = 1, 3  # espeak_PARAMETER
WORDS_A_MINUTE = 150

Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


def speak(text: str, to: Path, voice: str = "en-us") -> None:
    """Write speech as mono PCM."""
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(
        SYNCHRONOUS, 0, str(espeakng_loader.get_data_path()).encode(), 0
    )
    if rate <= 0:
        sys.exit("the speech synthesiser does not start")
    samples = bytearray()

    def take(block: "ctypes._Pointer[ctypes.c_short]", count: int, _: int) -> int:
        if block and count > 0:
            samples.extend(ctypes.string_at(block, 2 * count))
        return 0

    kept = Callback(take)  # the library keeps only its address
    library.espeak_SetSynthCallback(kept)
    if library.espeak_SetVoiceByName(voice.encode()):
        sys.exit(f"the speech synthesiser has no voice {voice!r}")
    library.espeak_SetParameter(RATE, WORDS_A_MINUTE, 0)
    body = text.encode()
    library.espeak_Synth(body, len(body) + 1, 0, 0, 0, UTF8, None, None)
    library.espeak_Synchronize()
    with wave.open(str(to), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(samples))


if __name__ == "__main__":
    speak(sys.stdin.read(), Path(sys.argv[1]), *sys.argv[2:3])
