"""The pictures of a house: drawing them, and getting them."""

import time

from bench.figures import Run, percentile
from bench.machine import cores_used
from bench.stage import Stage
from configurator.preview.scene.keys import VIEWS, preview_key
from configurator.preview.svg.rendering import render
from tests.faults.load.audit import catalogue


async def pictures(stage: Stage) -> Run:
    """Drawing the four views, and getting one over HTTP."""
    defaults = catalogue().defaults.items()
    choices = {category: (choice.option, choice.quantity) for category, choice in defaults}
    drawn: list[float] = []
    bytes_each: list[int] = []
    for _ in range(3 if stage.quick else 20):
        for view in VIEWS:
            began = time.perf_counter()
            text = render(preview_key(view, choices))
            drawn.append((time.perf_counter() - began) * 1000)
            bytes_each.append(len(text.encode()))
    house, _ = await stage.house(people=1)
    got: list[float] = []
    with cores_used(stage.roots()) as cores:
        for path in house["derived"]["previews"].values():
            for _ in range(10):
                began = time.perf_counter()
                async with stage.http.get(f"{stage.stand.urls[0]}{path}") as answer:
                    await answer.read()
                got.append((time.perf_counter() - began) * 1000)
    return Run(
        figures={
            "drawing one view, p50": percentile(drawn, 0.5),
            "drawing one view, max": max(drawn),
            "size of a view, largest": max(bytes_each) / 1000,
            "GET of a drawn view, p50": percentile(got, 0.5),
        },
        cores=cores,
    )
