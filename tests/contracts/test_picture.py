"""The picture on the README's first screen shows what the program says today."""

import html
import re
from pathlib import Path

from tests.support.terminal_picture import TRANSCRIPT, draw

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "terminal.svg"


def words(picture: str) -> list[str]:
    shown = re.findall(r"<text [^>]*>(.*?)</text>", picture)
    return " ".join(html.unescape(text).replace("\xa0", " ") for text in shown).split()


def test_the_picture_is_drawn_from_the_transcript_and_names_every_role() -> None:
    drawn = words(draw(TRANSCRIPT))
    assert "iotistic_owner," in drawn
    assert words(PICTURE.read_text()) == drawn, "run `make docs`"
