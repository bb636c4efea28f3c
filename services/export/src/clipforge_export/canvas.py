"""The canvases that captions and pictures are laid out on, and what the platforms leave free."""

from dataclasses import dataclass, replace
from typing import Final

BELOW_TOP: Final = 190  # pixels to the centre of captions at the top: two lines of any style


@dataclass(frozen=True)
class Safe:
    """What is clear of the platforms' buttons and titles, in pixels of the canvas."""

    width: int
    height: int
    left: int  # of captions
    right: int
    centre_y: int  # of captions
    top: int  # of pictures
    bottom: int
    edge: int = 60  # between a picture and the side of the canvas

    @property
    def beside(self) -> int:
        """Where pictures end at the right: in tall pictures left of the buttons."""
        return self.right if self.height > 1.5 * self.width else self.width - self.edge

    def at(self, position: str) -> "Safe":
        """With its captions at the `top` or in the `middle`; else where they are: at the bottom."""
        centres = {"top": self.top + BELOW_TOP, "middle": self.height // 2}
        return replace(self, centre_y=centres.get(position, self.centre_y))


# 9:16: 120 to 170 px of buttons at the right, 320 to 460 px of titles at the bottom, 120 to 220 px
# of tabs at the top (TikTok, Reels, Shorts, as published by third parties in 2026).
CANVASES: Final = {
    "9:16": Safe(1080, 1920, 90, 930, 1390, 230, 1500),
    "4:5": Safe(1080, 1350, 80, 1000, 1080, 60, 1290),
    "1:1": Safe(1080, 1080, 70, 1010, 880, 60, 1020),
    "16:9": Safe(1920, 1080, 200, 1720, 920, 60, 1020),
}
