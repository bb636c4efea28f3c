"""How we touch video and sound: ffmpeg, probing and audio. Knows no facts."""
