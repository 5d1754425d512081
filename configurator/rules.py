"""What the rules make of an intent: done, perhaps with quantities cut to the size, or refused.

An attempt has no prices, so that asking "would this do?" is cheap and a way out never needs ways
out itself. configurator.operations turns it into an outcome.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from msgspec.structs import replace as replace_struct

from configurator import reasons as why
from configurator.catalogue import Catalogue, Category, Option, QuantityRule, Text
from configurator.intents import (
    MAX_APPLIED,
    Apply,
    Clear,
    Operation,
    Redo,
    Reset,
    Select,
    SetQuantity,
    SingleOperation,
    Undo,
)
from configurator.selection import Bounds, Choice, Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A quantity that the rule cut: how many there were, and the size option that made it so."""

    before: int
    size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The canonical selection reached, and what the rule cut on the way, by category."""

    selection: Selection
    cuts: Mapping[str, Cut]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Something to do instead; not yet known to be accepted."""

    operation: SingleOperation | Apply
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why not, and the ways out in the order to offer them."""

    reason: why.Reason
    ways: tuple[Way, ...] = ()


def attempt(catalogue: Catalogue, selection: Selection, operation: Operation) -> Done | Refused:
    """Run an operation on a canonical selection.

    An undo or redo is refused: what it takes back is not in the selection (`configurator.undo`).
    """
    match operation:
        case Apply():
            return _apply(catalogue, selection, operation)
        case Reset():
            return Done(selection=catalogue.defaults, cuts={})
        case Undo():
            return Refused(reason=why.nothing_to_undo())
        case Redo():
            return Refused(reason=why.nothing_to_redo())
        case Select() | SetQuantity() | Clear():
            category = catalogue.category(operation.category)
            if category is None:
                return Refused(reason=why.unknown_category())
            return _single(catalogue, selection, category, operation)
        case _:
            assert_never(operation)


def cut_reasons(catalogue: Catalogue, done: Done) -> tuple[why.Reason, ...]:
    """One reason for each category that was cut, in catalogue order."""
    return tuple(_cut_reasons(catalogue, done))


def cut_to_size(catalogue: Catalogue, selection: Selection, size: str) -> Done:
    """Quantities that do not fit this size go down to the maximum."""
    cuts: dict[str, Cut] = {}
    for category in catalogue.categories:
        choice = selection.get(category.id)
        if category.quantity is None or choice is None or choice.quantity is None:
            continue
        maximum = category.quantity.maximum[size]
        if choice.quantity > maximum:
            cuts[category.id] = Cut(before=choice.quantity, size=size)
            selection = selection.with_choice(category.id, replace_struct(choice, quantity=maximum))
    return Done(selection=selection, cuts=cuts)


def _cut_reasons(catalogue: Catalogue, done: Done) -> Iterator[why.Reason]:
    for category in catalogue.categories:
        cut = done.cuts.get(category.id)
        if cut is None or category.quantity is None:
            continue
        size = catalogue.option(catalogue.size_category, cut.size)
        after = done.selection[category.id].quantity
        if size is not None and after is not None:
            yield why.quantity_reduced(category, category.quantity, size, cut.before, after)


def _apply(catalogue: Catalogue, selection: Selection, bundle: Apply) -> Done | Refused:
    """One after the other. A cut is forgotten when a later operation sets that category itself."""
    done = Done(selection=selection, cuts={})
    for index, operation in enumerate(bundle.operations):
        step = attempt(catalogue, done.selection, operation)
        if isinstance(step, Refused):
            return replace(step, ways=tuple(_ways_of_bundle(bundle, index, step.ways)))
        cuts = {key: cut for key, cut in done.cuts.items() if key != operation.category}
        for category, cut in step.cuts.items():
            cuts[category] = replace(cut, before=cuts.get(category, cut).before)
        done = Done(selection=step.selection, cuts=cuts)
    return done


def _ways_of_bundle(bundle: Apply, index: int, ways: tuple[Way, ...]) -> Iterator[Way]:
    """The whole bundle with the refused operation replaced."""
    before, after = bundle.operations[:index], bundle.operations[index + 1 :]
    for way in ways:
        instead = way.operation
        inner = instead.operations if isinstance(instead, Apply) else (instead,)
        operations = (*before, *inner, *after)
        if len(operations) <= MAX_APPLIED:
            yield replace(way, operation=Apply(operations=operations))


def _single(
    catalogue: Catalogue, selection: Selection, category: Category, operation: SingleOperation
) -> Done | Refused:
    match operation:
        case Select(option=name):
            option = catalogue.option(category.id, name)
            if option is None:
                return Refused(reason=why.unknown_option(category))
            if category.quantity is None:
                return _select_plain(catalogue, selection, category, option, operation)
            counted = _Counted(
                catalogue=catalogue,
                selection=selection,
                category=category,
                rule=category.quantity,
            )
            wanted = operation.quantity
            quantity = counted.usual_quantity() if wanted is None else wanted
            return counted.put(option, quantity, operation)
        case SetQuantity():
            if category.quantity is None:
                return Refused(reason=why.quantity_not_allowed(category))
            return _Counted(
                catalogue=catalogue,
                selection=selection,
                category=category,
                rule=category.quantity,
            ).set_quantity(operation)
        case Clear():
            return _leave_out(selection, category)
        case _:
            assert_never(operation)


def _select_plain(
    catalogue: Catalogue,
    selection: Selection,
    category: Category,
    option: Option,
    operation: Select,
) -> Done | Refused:
    """Choose an option of a category without a quantity."""
    if operation.quantity is not None:
        way = Way(
            operation=Select(category=category.id, option=option.id),
            text=_choose_text(category, option),
        )
        return Refused(reason=why.quantity_not_allowed(category), ways=(way,))
    chosen = selection.with_choice(category.id, Choice(option=option.id))
    if category.id == catalogue.size_category:
        return cut_to_size(catalogue, chosen, option.id)
    return Done(selection=chosen, cuts={})


def _leave_out(selection: Selection, category: Category) -> Done | Refused:
    if not category.required:
        return Done(selection=selection.without(category.id), cuts={})
    ways = tuple(
        Way(
            operation=Select(category=category.id, option=option.id),
            text=_choose_text(category, option),
        )
        for option in category.options
    )
    return Refused(reason=why.category_required(category), ways=ways)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """A category with a quantity, in the selection at hand."""

    catalogue: Catalogue
    selection: Selection
    category: Category
    rule: QuantityRule

    @property
    def bounds(self) -> Bounds:
        size = self.selection[self.catalogue.size_category].option
        rule = self.rule
        return Bounds(minimum=rule.minimum, maximum=rule.maximum[size], step=rule.step)

    def usual_quantity(self) -> int:
        """The present quantity if there is one that fits, else the default as far as it fits."""
        present = self.selection.get(self.category.id)
        if present is not None and present.quantity is not None:
            return present.quantity
        return min(self.rule.default, self.bounds.maximum)

    def set_quantity(self, operation: SetQuantity) -> Done | Refused:
        chosen = self.selection.get(self.category.id)
        if chosen is None and operation.quantity == 0:
            return Done(selection=self.selection, cuts={})
        options = self.category.options
        if chosen is None and len(options) > 1:
            quantity = self.nearest(operation.quantity)
            ways = tuple(self.choose_way(option, quantity) for option in options)
            return Refused(reason=why.nothing_selected(self.category), ways=ways)
        option = options[0]
        if chosen is not None:
            option = self.catalogue.chosen_option(self.category.id, self.selection)
        return self.put(option, operation.quantity, operation)

    def put(self, option: Option, quantity: int, operation: Select | SetQuantity) -> Done | Refused:
        """Choose this option with this quantity, if it may be."""
        if quantity == 0:
            return _leave_out(self.selection, self.category)
        if self.bounds.allow(quantity):
            choice = Choice(option=option.id, quantity=quantity)
            selection = self.selection.with_choice(self.category.id, choice)
            return Done(selection=selection, cuts={})

        def instead(other: int) -> Way:
            return Way(
                operation=replace_struct(operation, quantity=other), text=self.set_text(other)
            )

        if quantity > self.bounds.maximum:
            ways = instead(self.bounds.maximum), *self.larger_sizes(quantity, operation)
            return Refused(reason=self.too_many(quantity), ways=ways)
        return self.too_few_or_between(quantity, instead)

    def too_many(self, quantity: int) -> why.Reason:
        size_category = self.catalogue.by_id[self.catalogue.size_category]
        size = self.catalogue.chosen_option(size_category.id, self.selection)
        return why.quantity_above_maximum(self.category, self.rule, size, size_category, quantity)

    def too_few_or_between(self, quantity: int, instead: Callable[[int], Way]) -> Refused:
        bounds = self.bounds
        if quantity < bounds.minimum:
            reason = why.quantity_below_minimum(self.category, self.rule, bounds, quantity)
            clear = Way(operation=Clear(category=self.category.id), text=self.clear_text())
            return Refused(reason=reason, ways=(instead(bounds.lowest), clear))
        down = quantity - (quantity - bounds.minimum) % bounds.step
        neighbours = tuple(each for each in (down, down + bounds.step) if bounds.allow(each))
        reason = why.quantity_off_step(self.category, self.rule, neighbours, quantity)
        return Refused(reason=reason, ways=tuple(instead(each) for each in neighbours))

    def larger_sizes(self, quantity: int, operation: Select | SetQuantity) -> Iterator[Way]:
        """The smallest size in which this quantity fits."""
        maximum = self.rule.maximum
        fitting = [size for size in maximum if maximum[size] >= quantity]
        for name in sorted(fitting, key=lambda size: maximum[size])[:1]:
            size = self.catalogue.option(self.catalogue.size_category, name)
            if size is None:
                continue
            select = Select(category=self.catalogue.size_category, option=name)
            yield Way(
                operation=Apply(operations=(select, operation)),
                text=Text(
                    de=f"{size.name.de} und dazu {why.amount_de(quantity, self.rule)} wählen",
                    en=f"Choose {size.name.en} with {why.amount_en(quantity, self.rule)}",
                ),
            )

    def nearest(self, quantity: int) -> int:
        """The quantity that can be chosen and is closest below, or the lowest one."""
        bounds = self.bounds
        inside = max(bounds.lowest, min(quantity, bounds.maximum))
        return inside - (inside - bounds.minimum) % bounds.step

    def choose_way(self, option: Option, quantity: int) -> Way:
        return Way(
            operation=Select(category=self.category.id, option=option.id, quantity=quantity),
            text=Text(
                de=f"{self.category.name.de}: {option.name.de} wählen, "
                f"{why.amount_de(quantity, self.rule)}",
                en=f"{self.category.name.en}: choose {option.name.en}, "
                f"{why.amount_en(quantity, self.rule)}",
            ),
        )

    def set_text(self, quantity: int) -> Text:
        return Text(
            de=f"{self.category.name.de} auf {why.amount_de(quantity, self.rule)} setzen",
            en=f"Set {self.category.name.en} to {why.amount_en(quantity, self.rule)}",
        )

    def clear_text(self) -> Text:
        return Text(de=f"{self.category.name.de} abwählen", en=f"Remove {self.category.name.en}")


def _choose_text(category: Category, option: Option) -> Text:
    """An option that is called like its category is not named twice."""
    de, en = f"{option.name.de} wählen", f"choose {option.name.en}"
    return Text(
        de=de if category.name.de == option.name.de else f"{category.name.de}: {de}",
        en=f"Choose {option.name.en}"
        if category.name.en == option.name.en
        else f"{category.name.en}: {en}",
    )
