"""The landing page's figures, computed by the one price function."""

from collections.abc import Iterable, Mapping
from functools import cached_property

import msgspec

from configurator.catalogue.model import Catalogue
from configurator.catalogue.selection import Choice, Selection
from configurator.preview.scene.keys import SHOWN
from configurator.pricing.pictures import preview_url
from configurator.pricing.price import price
from configurator.text import Text
from ui.ports import HouseSize, Offer


class OfferedCatalogue:
    """A `CatalogueSource` for one published catalogue; everything is computed once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def catalogue_json(self) -> str:
        """Return the body of `GET /api/catalogue`."""
        return self._json

    def offer(self) -> Offer:
        """Return the figures of the landing page."""
        return self._offer

    @cached_property
    def _json(self) -> str:
        return msgspec.json.encode(self._catalogue.public()).decode()

    @cached_property
    def _offer(self) -> Offer:
        catalogue = self._catalogue
        totals = {key: self._total_cents(key) for key in catalogue.combination.totals}
        low = min(totals, key=lambda key: totals[key])
        financing = price(catalogue, self._house(low)).financing
        view = next(view for view in SHOWN if any(view == each.id for each in catalogue.views))
        combined = set(catalogue.combined)
        return Offer(
            sizes=tuple(self._size(option, totals) for option in catalogue.sizes),
            beside=self._words(each for each in catalogue.defaults if each not in combined),
            pictured=self._words(each for each in SHOWN[view] if each in catalogue.defaults),
            pictured_cents=price(catalogue, catalogue.defaults).total_cents,
            low_cents=totals[low],
            high_cents=max(totals.values()),
            monthly_from_cents=financing.monthly_cents,
            months=financing.months,
            rate_percent=float(financing.rate_percent),
            preview_url=preview_url(view, catalogue.defaults),
        )

    def _size(self, option_id: str, totals: Mapping[tuple[str, ...], int]) -> HouseSize:
        catalogue = self._catalogue
        option = catalogue.option(catalogue.size_category, option_id)
        size = catalogue.sizes[option_id]
        return HouseSize(
            id=option_id,
            name=option.name.de if option else option_id,
            detail={
                "de": f"{size.usable_area_m2} m² Nutzfläche, {size.modules} Module",
                "en": f"{size.usable_area_m2} m² usable area, {size.modules} modules",
            },
            from_cents=min(cents for key, cents in totals.items() if key[0] == option_id),
        )

    def _total_cents(self, key: tuple[str, ...]) -> int:
        return price(self._catalogue, self._house(key)).total_cents

    def _house(self, key: tuple[str, ...]) -> Selection:
        """A new house with the size and materials of one cell of the table."""
        selection = self._catalogue.defaults
        for category, option in zip(self._catalogue.combined, key, strict=True):
            selection = selection.with_choice(category, Choice(option=option))
        return selection

    def _words(self, categories: Iterable[str]) -> dict[str, str]:
        """The options of a new house in these categories: `{"de": "Nest.

        80, …", "en": "Nest. 80, …"}`.
        """
        named = [self._choice_words(category) for category in categories]
        return {
            "de": ", ".join(words.de for words in named),
            "en": ", ".join(words.en for words in named),
        }

    def _choice_words(self, category_id: str) -> Text:
        catalogue = self._catalogue
        category, choice = catalogue.by_id[category_id], catalogue.defaults[category_id]
        option = catalogue.chosen_option(category_id, catalogue.defaults)
        if category.quantity is None or choice.quantity is None:
            return option.name
        unit, count = category.quantity.unit, choice.quantity
        return Text(
            de=f"{count}\u00a0{unit.de} {category.name.de} ({option.name.de})",
            en=f"{count}\u00a0{unit.en} of {category.name.en.lower()} ({option.name.en})",
        )
