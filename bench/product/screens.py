"""The delays that people see, measured inside real pages by one clock: the machine's wall clock."""

import asyncio
import time
from random import Random
from uuid import uuid4

import aiohttp
from playwright.async_api import Page

from app.admin_link import mint_admin_link
from bench.figures import Run, percentile
from bench.machine import cores_used
from bench.stage import Stage, person, visitor
from configurator.activity.event_ids import RANDOM_BITS, uuid7
from realtime.api.tracking import TRACK_MANY_PATH, TRACK_PATH
from realtime.people.cookies import Cookies

NOW = "window.benchNow = () => performance.timeOrigin + performance.now();"

WATCH_TOTAL = """() => {
  window.benchSeen = [];
  window.benchWaiters = [];
  const total = document.querySelector('[data-testid=total]');
  new MutationObserver(() => {
    const at = window.benchNow();
    window.benchSeen.push({ at, cents: Number(total.dataset.cents) });
    window.benchWaiters.splice(0).forEach((tell) => tell());
  }).observe(total, { attributes: true, attributeFilter: ['data-cents'] });
}"""
CLICK = """(option) => {
  const button = document.querySelector(`[data-option="${option}"]`);
  const at = window.benchNow();
  button.click();
  return at;
}"""
NEXT_TOTAL = """async (count) => {
  while (window.benchSeen.length <= count) await new Promise((tell) => window.benchWaiters.push(tell));
  return window.benchSeen[count].at;
}"""
PICTURE = """() => document.querySelector('.picture img.shown')?.getAttribute('src') ?? ''"""

WATCH_FEED = """() => {
  window.benchSeen = {};
  const note = () => {
    const at = window.benchNow();
    for (const line of document.querySelectorAll('[data-event]')) window.benchSeen[line.dataset.event] ??= at;
  };
  new MutationObserver(note).observe(document.querySelector('.lines'), { childList: true });
}"""

FIRST_HOUSE = """
window.benchHouse = null;
const look = () => {
  const image = document.querySelector('.picture img.shown');
  if (image && image.complete && image.naturalWidth) window.benchHouse = performance.now();
  else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


async def edits(stage: Stage) -> Run:
    """Measures from a click in one browser to the new total in the other's DOM, over two web processes."""
    count = 10 if stage.quick else 100
    house, tokens = await stage.house()
    random = Random(2)
    async with stage.browser() as browser:
        pages = []
        for url, token in zip(stage.stand.urls, tokens, strict=False):
            context = await person(browser, url, token)
            pages.append(await _house_page(await context.new_page(), url, house["code"]))
        here, there = pages
        own: list[float] = []
        others: list[float] = []
        with cores_used(stage.roots()) as cores:
            for number in range(count + 3):
                await asyncio.sleep(random.uniform(0.3, 0.6))
                option = ("nest100", "nest140", "nest80")[number % 3]
                clicked = await here.evaluate(CLICK, option)
                seen = await there.evaluate(NEXT_TOTAL, number)
                if number >= 3:
                    others.append(seen - clicked)
                    own.append(await here.evaluate(NEXT_TOTAL, number) - clicked)
    return Run(
        figures={
            "click to the other's DOM, p50": percentile(others, 0.5),
            "click to the other's DOM, p95": percentile(others, 0.95),
            "click to the other's DOM, max": max(others),
            "click to the own DOM, p50": percentile(own, 0.5),
            "click to the own DOM, p95": percentile(own, 0.95),
        },
        cores=cores,
    )


async def _house_page(page: Page, url: str, code: str) -> Page:
    await page.add_init_script(NOW)
    await page.goto(f"{url}/c/{code}")
    await page.wait_for_selector("[data-testid=total]")
    await page.wait_for_function(f"({PICTURE})() !== ''")
    await page.wait_for_function("window.socket && window.socket.connected")
    await page.evaluate(WATCH_TOTAL)
    return page


async def interactions(stage: Stage) -> Run:
    """100 interactions/s, one in each request, until they are in the DOM of the admin's page."""
    return await _interactions(stage, requests=100, each=1)


async def many_interactions(stage: Stage) -> Run:
    """1,000 interactions/s, ten in each request."""
    return await _interactions(stage, requests=100, each=10)


async def _interactions(stage: Stage, *, requests: int, each: int) -> Run:
    """Send this number of requests per second over REST; wait for the last, then look for all."""
    seconds = 2 if stage.quick else 10
    random = Random(3)
    url = stage.stand.urls[0]
    async with stage.browser() as browser:
        context = await visitor(browser, url, {Cookies().admin: await admin_token(stage)})
        page = await context.new_page()
        await page.add_init_script(NOW)
        await page.goto(f"{url}/admin")
        await page.wait_for_selector(".lines")
        await page.wait_for_function("window.socket && window.socket.connected")
        await page.evaluate(WATCH_FEED)
        ahead_ms = await _clock_ahead_ms(page)
        sent: dict[str, float] = {}
        answered: list[float] = []
        with cores_used(stage.roots()) as cores:
            async with asyncio.TaskGroup() as group:
                begins = asyncio.get_running_loop().time()
                for number in range(requests * seconds):
                    pause = begins + number / requests - asyncio.get_running_loop().time()
                    await asyncio.sleep(max(0, pause))
                    group.create_task(_post(stage, random, sent, answered, each))
            await page.wait_for_function(
                "(events) => events.some((event) => event in window.benchSeen)",
                arg=list(sent)[-50:],
            )
        seen = await page.evaluate("window.benchSeen")
    late = [seen[event] - ahead_ms - at for event, at in sent.items() if event in seen]
    return Run(
        figures={
            "POST to the admin's DOM, p50": percentile(late, 0.5),
            "POST to the admin's DOM, p95": percentile(late, 0.95),
            "POST to the admin's DOM, max": max(late),
            "POST to its answer, p95": percentile(answered, 0.95),
            "interactions missing from the feed": len(sent) - len(late),
        },
        cores=cores,
    )


async def _post(
    stage: Stage, random: Random, sent: dict[str, float], answered: list[float], each: int
) -> None:
    at = time.time() * 1000
    events = [str(uuid7(int(at), random.getrandbits(RANDOM_BITS))) for _ in range(each)]
    interaction = {"eventType": "click", "category": "nest", "selectionValue": "nest120"}
    reported = [{"eventId": event, "interaction": interaction} for event in events]
    body = {"sessionId": str(uuid4()), **({"interactions": reported} if each > 1 else reported[0])}
    url = f"{stage.stand.urls[1]}{TRACK_MANY_PATH if each > 1 else TRACK_PATH}"
    sent.update(dict.fromkeys(events, at))
    async with stage.http.post(url, json=body) as answer:
        await answer.read()
        if answer.status != 200:
            raise RuntimeError(f"an interaction was answered with {answer.status}")
    answered.append(time.time() * 1000 - at)


async def _clock_ahead_ms(page: Page) -> float:
    """The ms by which the page's clock is ahead of ours, from the quickest of ten readings."""
    looks = []
    for _ in range(10):
        before = time.time() * 1000
        there = await page.evaluate("window.benchNow()")
        after = time.time() * 1000
        looks.append((after - before, there - (before + after) / 2))
    return float(min(looks)[1])


async def admin_token(stage: Stage) -> str:
    """Log in as an admin, with a link like that of `nest admin-link`."""
    url = stage.stand.urls[0]
    link = await mint_admin_link(stage.stand.postgres.url, url)
    token = link.partition("#")[2]
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
        http.post(f"{url}/api/admin/login", json={"token": token}) as answer,
    ):
        answer.raise_for_status()
        return str(answer.cookies[Cookies().admin].value)


async def _all_here(received: list[float]) -> None:
    """Wait until nothing comes for half a second: Chromium does not report the end of a beacon."""
    seen = -1
    while len(received) > seen:
        seen = len(received)
        await asyncio.sleep(0.5)


async def weight(stage: Stage) -> Run:
    """The configurator's page in a new browser: requests, bytes, and time to the first house."""
    house, tokens = await stage.house()
    url = stage.stand.urls[0]
    async with stage.browser() as browser:
        context = await person(browser, url, tokens[0])
        page = await context.new_page()
        await page.add_init_script(FIRST_HOUSE)
        network = await context.new_cdp_session(page)
        received: list[float] = []
        network.on(
            "Network.loadingFinished", lambda done: received.append(done["encodedDataLength"])
        )
        await network.send("Network.enable")
        with cores_used(stage.roots()) as cores:
            await page.goto(f"{url}/c/{house['code']}")
            await page.wait_for_function("window.benchHouse !== null")
            await _all_here(received)
        times = await page.evaluate(
            """() => ({
              house: window.benchHouse,
              paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
              html: performance.getEntriesByType('navigation')[0].responseEnd,
            })"""
        )
    return Run(
        figures={
            "requests": len(received),
            "transferred": sum(received) / 1000,
            "HTML received": times["html"],
            "first contentful paint": times["paint"],
            "house on the screen": times["house"],
        },
        cores=cores,
    )
