"""Rules about the style sheets themselves."""

import re
from pathlib import Path

import pytest

CSS = sorted((Path(__file__).parents[3] / "ui" / "assets" / "css").glob("*.css"))


def outside_of(block: str, css: str) -> str:
    """The style sheet without the at-rules of this condition."""
    while (start := css.find(block)) >= 0:
        depth, opening = 0, css.index("{", start)
        end = opening
        for end in range(opening, len(css)):
            depth += {"{": 1, "}": -1}.get(css[end], 0)
            if depth == 0:
                break
        css = css[:start] + css[end + 1 :]
    return css


@pytest.mark.parametrize("sheet", CSS, ids=lambda path: path.name)
def test_text_follows_the_size_that_a_browser_is_set_to(sheet: Path) -> None:
    css = sheet.read_text("utf-8")
    assert re.findall(r"font(?:-size)?:[^;}]*\dpx[^;}]*", css) == []
    assert re.findall(r"@media[^{]*width:[^{]*\dpx", css) == []


@pytest.mark.parametrize("sheet", CSS, ids=lambda path: path.name)
def test_nothing_looks_hovered_where_nothing_can_hover(sheet: Path) -> None:
    """A tap would leave the look of a hovered card on one that is not chosen."""
    left = outside_of("@media (hover: hover)", sheet.read_text("utf-8"))
    assert re.findall(r"[^\n]*:hover[^\n]*", left) == []
