"""The reasons why an operation was refused or adjusted, in sentences for people.

Every sentence says what happened, why, and what to do now; the German text says "du". An id that a
client sent is never repeated in a sentence: it may be any text.
"""

from enum import StrEnum

import msgspec

from configurator.catalogue.model import Catalogue, Category, Option, QuantityRule
from configurator.catalogue.selection import Choice, QuantityBounds
from configurator.text import Text


class ReasonCode(StrEnum):
    """The published codes; clients decide by these, never by the sentences."""

    UNKNOWN_CATEGORY = "unknown_category"
    UNKNOWN_OPTION = "unknown_option"
    CATEGORY_REQUIRED = "category_required"
    NOTHING_SELECTED = "nothing_selected"
    QUANTITY_NOT_ALLOWED = "quantity_not_allowed"
    QUANTITY_ABOVE_MAXIMUM = "quantity_above_maximum"
    QUANTITY_BELOW_MINIMUM = "quantity_below_minimum"
    QUANTITY_OFF_STEP = "quantity_off_step"
    QUANTITY_REDUCED = "quantity_reduced"
    CHANGED_MEANWHILE = "changed_meanwhile"
    NOTHING_TO_UNDO = "nothing_to_undo"
    NOTHING_TO_REDO = "nothing_to_redo"


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One reason of an outcome, with the `category` that it concerns, if any."""

    code: ReasonCode
    text: Text
    category: str | None = None


def unknown_category() -> Reason:
    """A category that this catalogue does not have."""
    text = Text(
        de="Diesen Bereich gibt es in diesem Katalog nicht. Lade die Seite neu, dann siehst du, "
        "was du wählen kannst.",
        en="This catalogue has no such category. Reload the page to see what you can choose.",
    )
    return Reason(code=ReasonCode.UNKNOWN_CATEGORY, text=text)


def unknown_option(category: Category) -> Reason:
    """An option that this category does not have."""
    text = Text(
        de=f"Diese Ausführung gibt es bei „{category.name.de}“ nicht. Wähle eine der angebotenen.",
        en=f"“{category.name.en}” has no such option. Choose one of those on offer.",
    )
    return Reason(code=ReasonCode.UNKNOWN_OPTION, text=text, category=category.id)


def category_required(category: Category) -> Reason:
    """A required category cannot be left out."""
    text = Text(
        de=f"„{category.name.de}“ gehört zu jedem Haus und kann nicht entfallen. Wähle "
        "stattdessen eine andere Ausführung.",
        en=f"“{category.name.en}” is part of every house and cannot be left out. Choose "
        "another option instead.",
    )
    return Reason(code=ReasonCode.CATEGORY_REQUIRED, text=text, category=category.id)


def nothing_selected(category: Category) -> Reason:
    """A quantity cannot be set in a category without a chosen option."""
    text = Text(
        de=f"Bei „{category.name.de}“ ist noch keine Ausführung gewählt. Wähle zuerst eine, dann "
        "die Menge.",
        en=f"No option is chosen for “{category.name.en}” yet. Choose one first, then the "
        "quantity.",
    )
    return Reason(code=ReasonCode.NOTHING_SELECTED, text=text, category=category.id)


def quantity_not_allowed(category: Category) -> Reason:
    """A quantity cannot be set in a category that has none."""
    text = Text(
        de=f"„{category.name.de}“ hat keine Menge. Wähle die Ausführung ohne Menge.",
        en=f"“{category.name.en}” has no quantity. Choose the option without one.",
    )
    return Reason(code=ReasonCode.QUANTITY_NOT_ALLOWED, text=text, category=category.id)


def quantity_above_maximum(
    catalogue: Catalogue, category: Category, rule: QuantityRule, size: Option, wanted: int
) -> Reason:
    """More than fits with the chosen size; the sentence says if a larger size would do."""
    maximum = rule.maximum[size.id]
    de, en = f"Nimm höchstens {maximum}", f"Choose at most {maximum}"
    if max(rule.maximum.values()) >= wanted:
        size_category = catalogue.by_id[catalogue.size_category]
        de += f" oder ändere zuerst „{size_category.name.de}“"
        en += f", or change “{size_category.name.en}” first"
    place = catalogue.places[category.id]
    place_de, place_en = _sentence_start(place.de), _sentence_start(place.en)
    text = Text(
        de=f"{place_de} {size.name.de} {_verb_de(maximum)} höchstens "
        f"{amount_de(maximum, rule)}, gewünscht: {_number_de(wanted)}. {de}.",
        en=f"{place_en} {size.name.en} at most {amount_en(maximum, rule)} "
        f"{_verb_en(maximum)}; you asked for {_number_en(wanted)}. {en}.",
    )
    return Reason(code=ReasonCode.QUANTITY_ABOVE_MAXIMUM, text=text, category=category.id)


def quantity_below_minimum(
    category: Category, rule: QuantityRule, bounds: QuantityBounds, wanted: int
) -> Reason:
    """Less than can be chosen."""
    omit_de, omit_en = "wähle den Bereich ab", "remove the category"
    de, en = f"Nimm mindestens {bounds.lowest}", f"Choose at least {bounds.lowest}"
    if not category.required:
        de, en = f"{de} oder {omit_de}", f"{en}, or {omit_en}"
    text = Text(
        de=f"Bei „{category.name.de}“ geht es nicht unter {amount_de(bounds.minimum, rule)}, "
        f"gewünscht: {_number_de(wanted)}. {de}.",
        en=f"“{category.name.en}” cannot go below {amount_en(bounds.minimum, rule)}; you asked "
        f"for {_number_en(wanted)}. {en}.",
    )
    return Reason(code=ReasonCode.QUANTITY_BELOW_MINIMUM, text=text, category=category.id)


def quantity_off_step(
    category: Category, rule: QuantityRule, neighbours: tuple[int, ...], wanted: int
) -> Reason:
    """A quantity between two steps."""
    de, en = (f" {word} ".join(map(str, neighbours)) for word in ("oder", "or"))
    text = Text(
        de=f"„{category.name.de}“ gibt es nur in {rule.step}er-Schritten, "
        f"{_number_de(wanted)} liegt dazwischen. Nimm {de}.",
        en=f"“{category.name.en}” comes in steps of {amount_en(rule.step, rule)}, and "
        f"{_number_en(wanted)} lies between two of them. Choose {en}.",
    )
    return Reason(code=ReasonCode.QUANTITY_OFF_STEP, text=text, category=category.id)


def quantity_reduced(
    catalogue: Catalogue,
    category: Category,
    rule: QuantityRule,
    size: Option,
    *,
    before: int,
    after: int,
) -> Reason:
    """A smaller size reduced a quantity."""
    maximum, place = rule.maximum[size.id], catalogue.places[category.id]
    text = Text(
        de=f"{category.name.de} von {before} auf {amount_de(after, rule)} verringert, weil "
        f"{place.de} {size.name.de} höchstens {maximum} {_verb_de(maximum)}.",
        en=f"{category.name.en} reduced from {before} to {amount_en(after, rule)}, because at "
        f"most {maximum} {_verb_en(maximum)} {place.en} {size.name.en}.",
    )
    return Reason(code=ReasonCode.QUANTITY_REDUCED, text=text, category=category.id)


def changed_meanwhile(category: Category, by: str) -> Reason:
    """Another person changed a category that the author relied on."""
    text = Text(
        de=f"{by} hat „{category.name.de}“ inzwischen geändert. Sieh dir den neuen Stand an und "
        "entscheide dann noch einmal.",
        en=f"{by} has changed “{category.name.en}” in the meantime. Look at the new state, then "
        "decide again.",
    )
    return Reason(code=ReasonCode.CHANGED_MEANWHILE, text=text, category=category.id)


def nothing_to_undo() -> Reason:
    """The person has nothing to undo."""
    text = Text(
        de="Du hast hier gerade nichts, was sich zurücknehmen lässt: Das geht mit deinen eigenen "
        "Änderungen an diesem Haus. Ändere zuerst etwas.",
        en="You have nothing to undo here right now: only your own changes to this house can be "
        "taken back. Change something first.",
    )
    return Reason(code=ReasonCode.NOTHING_TO_UNDO, text=text)


def nothing_to_redo() -> Reason:
    """The person has nothing to redo: no undo came before, or a new change came after it."""
    text = Text(
        de="Es gibt gerade nichts wiederherzustellen: Das geht, nachdem du etwas zurückgenommen "
        "und solange du danach nichts anderes geändert hast. Wähle es einfach noch einmal.",
        en="There is nothing to redo right now: that works after an undo, until you change "
        "something else. Simply choose it once more.",
    )
    return Reason(code=ReasonCode.NOTHING_TO_REDO, text=text)


def amount_de(quantity: int, rule: QuantityRule) -> str:
    """A quantity with its German unit: "8 Module", "1 Modul"."""
    unit = rule.unit_one if quantity == 1 else rule.unit
    return f"{_number_de(quantity)} {unit.de}"


def amount_en(quantity: int, rule: QuantityRule) -> str:
    """A quantity with its English unit: "8 panels", "1 panel"."""
    unit = rule.unit_one if quantity == 1 else rule.unit
    return f"{_number_en(quantity)} {unit.en}"


def choice_words(catalogue: Catalogue, category_id: str, choice: Choice | None) -> Text:
    """A choice with its category: "Photovoltaik: 3 Module", "Fenster: Fichte, 20 m²"."""
    category = catalogue.by_id[category_id]
    option = catalogue.option(category_id, choice.option) if choice is not None else None
    if choice is None or option is None:
        return Text(
            de=f"{category.name.de}: keine Auswahl", en=f"{category.name.en}: nothing chosen"
        )
    de, en = [option.name.de], [option.name.en]
    if category.quantity is not None and choice.quantity is not None:
        only = len(category.options) == 1
        de = [*([] if only else de), amount_de(choice.quantity, category.quantity)]
        en = [*([] if only else en), amount_en(choice.quantity, category.quantity)]
    return Text(
        de=f"{category.name.de}: {', '.join(de)}", en=f"{category.name.en}: {', '.join(en)}"
    )


def _verb_de(quantity: int) -> str:
    return "passt" if quantity == 1 else "passen"


def _verb_en(quantity: int) -> str:
    return "fits" if quantity == 1 else "fit"


def _number_de(number: int) -> str:
    return _number_en(number).replace(",", ".")


def _number_en(number: int) -> str:
    return f"{number:,}".replace("-", "−")


def _sentence_start(word: str) -> str:
    return word[:1].upper() + word[1:]
