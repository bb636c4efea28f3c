"""How we touch video and sound: ffmpeg, probing, audio and fonts."""
