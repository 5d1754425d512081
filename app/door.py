"""The door of a web process: what visitors agreed to, and whether they are bots."""

from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from app.settings import Settings
from realtime.bots import Bots
from realtime.cookies import Cookies
from realtime.door import Door


def door_of(settings: Settings, cookies: Cookies) -> Door:
    """The door, which knows the crawlers that are known today."""
    crawlers = [each["pattern"] for each in CRAWLER_USER_AGENTS_DATA]
    return Door(consent=settings.consent, bots=Bots(crawlers), cookies=cookies)
