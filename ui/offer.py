"""The landing page's figures, computed by the one price function."""

import json
from functools import cached_property
from typing import Final

from configurator.catalogue import Catalogue, catalogue_to_json
from configurator.derived import PreviewUrl
from configurator.pricing import price
from configurator.selection import Choice, Selection
from ui.ports import HouseSize, Offer

HERO_VIEW: Final = "exterior"


class PublishedCatalogue:
    """A `CatalogueSource` for one published catalogue; everything is computed once."""

    def __init__(self, catalogue: Catalogue, preview_url: PreviewUrl) -> None:
        self._catalogue = catalogue
        self._preview_url = preview_url

    def catalogue_json(self) -> str:
        """Return the body of `GET /api/catalogue`."""
        return self._json

    def offer(self) -> Offer:
        """Return the figures of the landing page."""
        return self._offer

    @cached_property
    def _json(self) -> str:
        return json.dumps(
            catalogue_to_json(self._catalogue), ensure_ascii=False, separators=(",", ":")
        )

    @cached_property
    def _offer(self) -> Offer:
        """The range is that of the house itself: every required choice, no extras."""
        catalogue = self._catalogue
        totals = catalogue.combination.totals
        low = min(totals, key=lambda key: totals[key])
        financing = price(catalogue, self._house(low)).financing
        return Offer(
            sizes=tuple(self._size(option) for option in catalogue.sizes),
            low_cents=totals[low],
            high_cents=max(totals.values()),
            monthly_from_cents=financing.monthly_cents,
            months=financing.months,
            rate_percent=float(financing.rate_percent),
            preview_url=self._preview_url(HERO_VIEW, catalogue, self._hero()),
        )

    def _size(self, option_id: str) -> HouseSize:
        catalogue = self._catalogue
        category = next(c for c in catalogue.categories if c.id == catalogue.size_category)
        option = next(o for o in category.options if o.id == option_id)
        size = catalogue.sizes[option_id]
        return HouseSize(
            name=option.name.de,
            detail={
                "de": f"{size.usable_area_m2} m² Nutzfläche, {size.modules} Module",
                "en": f"{size.usable_area_m2} m² usable area, {size.modules} modules",
            },
            from_cents=min(
                cents for key, cents in catalogue.combination.totals.items() if key[0] == option_id
            ),
        )

    def _house(self, key: tuple[str, ...]) -> Selection:
        categories = (self._catalogue.size_category, *self._catalogue.combination.axes)
        selection = self._catalogue.defaults
        for category, option in zip(categories, key, strict=True):
            selection = selection.with_choice(category, Choice(option=option))
        return selection

    def _hero(self) -> Selection:
        """The house in the picture: the middle size with the default materials and windows."""
        catalogue = self._catalogue
        sizes = list(catalogue.sizes)
        selection = catalogue.defaults.with_choice(
            catalogue.size_category, Choice(option=sizes[len(sizes) // 2])
        )
        for category in catalogue.categories:
            if category.view == "fenster" and category.quantity is not None:
                choice = Choice(option=category.options[-1].id, quantity=category.quantity.default)
                selection = selection.with_choice(category.id, choice)
        return selection
