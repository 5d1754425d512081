"""`/admin/analytics`: the figures of a range, what visitors did, and replays of their sessions."""

from collections.abc import Mapping
from typing import Final

from configurator.activity.ranges import ZONE
from configurator.people.roles import Permission
from ui.figures.chart import Chart
from ui.figures.names import names_of
from ui.figures.sorted_table import SortedTable
from ui.figures.words import FigureWords
from ui.ports import CatalogueSource
from ui.staff.analytics.open_analytics import OpenAnalytics
from ui.staff.api import Api
from ui.staff.page import StaffPage, StaffParts
from ui.staff.select import SelectBox
from ui.theme import COMPONENTS, FIGURES_STYLESHEET, STYLESHEET
from ui.words import Words

PATH: Final = "/admin/analytics"


def analytics_page(parts: StaffParts, catalogue: CatalogueSource) -> StaffPage:
    """The page. The names of categories and options are those of the catalogue when it is opened."""

    def opened(api: Api, words: Words, props: Mapping[str, object]) -> None:
        names = names_of(catalogue.catalogue_json())
        OpenAnalytics(api, FigureWords(words, names, ZONE), props)

    return StaffPage(
        parts=parts,
        path=PATH,
        needs=Permission.ANALYSE,
        named="analytics",
        opened=opened,
        elements=(*COMPONENTS, SelectBox, Chart, SortedTable),
        stylesheets=(STYLESHEET, FIGURES_STYLESHEET),
        title="NEST-Haus – Auswertung",
    )
