"""Applies the rules to an intent: it is done, perhaps with quantities cut to the size, or refused.

An attempt has no prices: it is cheap to test whether an intent would be accepted, and testing a
repair does not look for further repairs. configurator.operations.outcomes turns it into an outcome.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from msgspec.structs import replace as replace_struct

from configurator.catalogue.model import Catalogue, Category, Option, QuantityRule
from configurator.catalogue.selection import Choice, QuantityBounds, Selection
from configurator.operations import reasons as why
from configurator.operations.intents import (
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
from configurator.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A quantity that the rule cut: the number before, and the size option that caused the cut."""

    before: int
    size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """The canonical selection reached, and the quantities that the rule cut, by category."""

    selection: Selection
    cuts: Mapping[str, Cut]


@dataclass(frozen=True, slots=True, kw_only=True)
class UntriedRepair:
    """An operation to do instead, of which it is not yet known whether it is accepted."""

    operation: SingleOperation | Apply
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPossible:
    """The reason of the refusal, and the repairs in the order in which to offer them."""

    reason: why.Reason
    repairs: tuple[UntriedRepair, ...] = ()


def attempt(
    catalogue: Catalogue, selection: Selection, operation: Operation
) -> Possible | NotPossible:
    """Run an operation on a canonical selection.

    An undo or redo is refused: it needs the log, see `configurator.operations.undo`.
    """
    match operation:
        case Apply():
            return _apply(catalogue, selection, operation)
        case Reset():
            return Possible(selection=catalogue.defaults, cuts={})
        case Undo():
            return NotPossible(reason=why.nothing_to_undo())
        case Redo():
            return NotPossible(reason=why.nothing_to_redo())
        case _:
            category = catalogue.category(operation.category)
            if category is None:
                return NotPossible(reason=why.unknown_category())
            return _single(catalogue, selection, category, operation)


def cut_reasons(catalogue: Catalogue, done: Possible) -> tuple[why.Reason, ...]:
    """One reason for each category that was cut, in catalogue order."""
    return tuple(_cut_reasons(catalogue, done))


def cut_to_size(catalogue: Catalogue, selection: Selection, size: str) -> Possible:
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
    return Possible(selection=selection, cuts=cuts)


def _cut_reasons(catalogue: Catalogue, done: Possible) -> Iterator[why.Reason]:
    for category in catalogue.categories:
        cut = done.cuts.get(category.id)
        if cut is None or category.quantity is None:
            continue
        size = catalogue.option(catalogue.size_category, cut.size)
        after = done.selection[category.id].quantity
        if size is not None and after is not None:
            yield why.quantity_reduced(
                catalogue, category, category.quantity, size, before=cut.before, after=after
            )


def _apply(catalogue: Catalogue, selection: Selection, bundle: Apply) -> Possible | NotPossible:
    """The operations of a bundle, one after the other.

    A cut is forgotten if a later operation sets that category itself.
    """
    done = Possible(selection=selection, cuts={})
    for index, operation in enumerate(bundle.operations):
        step = attempt(catalogue, done.selection, operation)
        if isinstance(step, NotPossible):
            return replace(step, repairs=tuple(_repairs_of_bundle(bundle, index, step.repairs)))
        cuts = {key: cut for key, cut in done.cuts.items() if key != operation.category}
        for category, cut in step.cuts.items():
            cuts[category] = replace(cut, before=cuts.get(category, cut).before)
        done = Possible(selection=step.selection, cuts=cuts)
    return done


def _repairs_of_bundle(
    bundle: Apply, index: int, repairs: tuple[UntriedRepair, ...]
) -> Iterator[UntriedRepair]:
    """The repairs of a bundle: the whole bundle with the refused operation replaced."""
    before, after = bundle.operations[:index], bundle.operations[index + 1 :]
    for repair in repairs:
        instead = repair.operation
        inner = instead.operations if isinstance(instead, Apply) else (instead,)
        operations = (*before, *inner, *after)
        if len(operations) <= MAX_APPLIED:
            yield replace(repair, operation=Apply(operations=operations))


def _single(
    catalogue: Catalogue, selection: Selection, category: Category, operation: SingleOperation
) -> Possible | NotPossible:
    match operation:
        case Select(option=name):
            option = catalogue.option(category.id, name)
            if option is None:
                return NotPossible(reason=why.unknown_option(category))
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
                return NotPossible(reason=why.quantity_not_allowed(category))
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
) -> Possible | NotPossible:
    """Choose an option of a category without a quantity."""
    if operation.quantity is not None:
        repair = UntriedRepair(
            operation=Select(category=category.id, option=option.id),
            text=_choose_text(category, option),
        )
        return NotPossible(reason=why.quantity_not_allowed(category), repairs=(repair,))
    chosen = selection.with_choice(category.id, Choice(option=option.id))
    if category.id == catalogue.size_category:
        return cut_to_size(catalogue, chosen, option.id)
    return Possible(selection=chosen, cuts={})


def _leave_out(selection: Selection, category: Category) -> Possible | NotPossible:
    if not category.required:
        return Possible(selection=selection.without(category.id), cuts={})
    repairs = tuple(
        UntriedRepair(
            operation=Select(category=category.id, option=option.id),
            text=_choose_text(category, option),
        )
        for option in category.options
    )
    return NotPossible(reason=why.category_required(category), repairs=repairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """A category with a quantity, in the present selection."""

    catalogue: Catalogue
    selection: Selection
    category: Category
    rule: QuantityRule

    @property
    def bounds(self) -> QuantityBounds:
        size = self.selection[self.catalogue.size_category].option
        rule = self.rule
        return QuantityBounds(minimum=rule.minimum, maximum=rule.maximum[size], step=rule.step)

    def usual_quantity(self) -> int:
        """The present quantity if there is one that fits, else the default, cut to what fits."""
        present = self.selection.get(self.category.id)
        if present is not None and present.quantity is not None:
            return present.quantity
        return min(self.rule.default, self.bounds.maximum)

    def set_quantity(self, operation: SetQuantity) -> Possible | NotPossible:
        chosen = self.selection.get(self.category.id)
        if chosen is None and operation.quantity == 0:
            return Possible(selection=self.selection, cuts={})
        options = self.category.options
        if chosen is None and len(options) > 1:
            quantity = self.nearest(operation.quantity)
            repairs = tuple(self.choose_repair(option, quantity) for option in options)
            return NotPossible(reason=why.nothing_selected(self.category), repairs=repairs)
        option = options[0]
        if chosen is not None:
            option = self.catalogue.chosen_option(self.category.id, self.selection)
        return self.put(option, operation.quantity, operation)

    def put(
        self, option: Option, quantity: int, operation: Select | SetQuantity
    ) -> Possible | NotPossible:
        """Choose this option with this quantity, if that is allowed."""
        if quantity == 0:
            return _leave_out(self.selection, self.category)
        if self.bounds.allow(quantity):
            choice = Choice(option=option.id, quantity=quantity)
            selection = self.selection.with_choice(self.category.id, choice)
            return Possible(selection=selection, cuts={})

        def instead(other: int) -> UntriedRepair:
            return UntriedRepair(
                operation=replace_struct(operation, quantity=other), text=self.set_text(other)
            )

        if quantity > self.bounds.maximum:
            repairs = instead(self.bounds.maximum), *self.larger_sizes(quantity, operation)
            return NotPossible(reason=self.too_many(quantity), repairs=repairs)
        return self.too_few_or_between(quantity, instead)

    def too_many(self, quantity: int) -> why.Reason:
        size = self.catalogue.chosen_option(self.catalogue.size_category, self.selection)
        return why.quantity_above_maximum(self.catalogue, self.category, self.rule, size, quantity)

    def too_few_or_between(
        self, quantity: int, instead: Callable[[int], UntriedRepair]
    ) -> NotPossible:
        bounds = self.bounds
        if quantity < bounds.minimum:
            reason = why.quantity_below_minimum(self.category, self.rule, bounds, quantity)
            clear = UntriedRepair(
                operation=Clear(category=self.category.id), text=self.clear_text()
            )
            return NotPossible(reason=reason, repairs=(instead(bounds.lowest), clear))
        down = quantity - (quantity - bounds.minimum) % bounds.step
        neighbours = tuple(each for each in (down, down + bounds.step) if bounds.allow(each))
        reason = why.quantity_off_step(self.category, self.rule, neighbours, quantity)
        return NotPossible(reason=reason, repairs=tuple(instead(each) for each in neighbours))

    def larger_sizes(
        self, quantity: int, operation: Select | SetQuantity
    ) -> Iterator[UntriedRepair]:
        """A repair: the smallest size in which this quantity fits."""
        maximum = self.rule.maximum
        fitting = [size for size in maximum if maximum[size] >= quantity]
        for name in sorted(fitting, key=lambda size: maximum[size])[:1]:
            size = self.catalogue.option(self.catalogue.size_category, name)
            if size is None:
                continue
            select = Select(category=self.catalogue.size_category, option=name)
            yield UntriedRepair(
                operation=Apply(operations=(select, operation)),
                text=Text(
                    de=f"{size.name.de} und dazu {why.amount_de(quantity, self.rule)} wählen",
                    en=f"Choose {size.name.en} with {why.amount_en(quantity, self.rule)}",
                ),
            )

    def nearest(self, quantity: int) -> int:
        """The largest allowed quantity that is not above `quantity`, or the lowest one."""
        bounds = self.bounds
        inside = max(bounds.lowest, min(quantity, bounds.maximum))
        return inside - (inside - bounds.minimum) % bounds.step

    def choose_repair(self, option: Option, quantity: int) -> UntriedRepair:
        return UntriedRepair(
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
    """The words to choose an option; an option with the name of its category is not named twice."""
    de, en = f"{option.name.de} wählen", f"choose {option.name.en}"
    return Text(
        de=de if category.name.de == option.name.de else f"{category.name.de}: {de}",
        en=f"Choose {option.name.en}"
        if category.name.en == option.name.en
        else f"{category.name.en}: {en}",
    )
