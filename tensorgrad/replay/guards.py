"""What must be as it was for a program to be replayed, as one function that says whether it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives.table import ENTERED, OBSERVERS
from ..grad_mode import is_grad_enabled
from ..memory import owner_of
from .places import MISSING, Place
from .program import Value
from .recording import current
from .source import Writer
from .surroundings import holds_still, unchanged
from .tracing import Trace


def write_guards(trace: Trace, writer: Writer) -> str:
    """The text of `takes(args)`, which says whether these are arrays that may be replayed now, and of
    `holds()`, which says whether what the step reads beside them is as it was."""
    held = [*_of_held(trace, writer), *_of_gradients(trace, writer)]
    held += [*_of_surroundings(trace, writer), *_of_numbers(trace, writer)]
    count, arguments = len(trace.arguments), _names_of_arguments(trace)
    unpacked = f"    if len(args) != {count}: return False\n" + (
        f"    {', '.join(arguments)}, = args\n" if count else ""
    )
    return _function("takes(args)", unpacked, _of_arguments(trace, writer)) + _function("holds()", "", held)


def _function(head: str, first: str, tests: list[str]) -> str:
    lines = "\n        and ".join(tests or ["True"])
    return f"def {head}:\n{first}    return (\n        {lines}\n    )\n"


def _names_of_arguments(trace: Trace) -> list[str]:
    return [f"a{i}" for i in range(len(trace.arguments))]


def _of_arguments(trace: Trace, writer: Writer) -> list[str]:
    names, arguments = writer.names, _names_of_arguments(trace)
    enabled, observers = names.of(is_grad_enabled, "is_grad_enabled"), names.of(OBSERVERS, "observers")
    entered, going_on = names.of(ENTERED, "rules"), names.of(current, "current")
    tests = [
        f"{enabled}() is {is_grad_enabled()} and not {observers} and len({entered}) == {len(ENTERED)}",
        f"{going_on}.recording is None",
    ]
    array, written = names.of(np.ndarray, "ndarray"), names.new("written")
    names.namespace[written] = {}  # the memory that the step writes into beside its arguments, by ids
    if not trace.is_plain:
        return ["False"]
    for name, value in zip(arguments, trace.arguments, strict=True):
        dtype = names.of(value.data.dtype, "dtype")
        tests.append(f"type({name}) is {array} and {name}.shape == {value.data.shape} and {name}.dtype is {dtype}")
        tests.append(f"{name}.strides == {getattr(value.data, 'strides', ())}")
        tests.append(f"id({name} if {name}.base is None else {name}.base) not in {written}")
    return tests


def _of_held(trace: Trace, writer: Writer) -> list[str]:
    """Arrays are those that were recorded; where the step itself puts others, they lie alike."""
    names, tests = writer.names, []
    rebound = trace.program.set_anew | trace.replaced
    gradients = {place.id for place, _ in trace.gradients}
    others, rest, constants = others_than_before(trace)
    if others:
        given = ", ".join([names.of(others, "others"), names.of(rest, "rest"), names.of(constants, "constants")])
        tests.append(f"{names.of(are_apart, 'are_apart')}({given})")
    for place, value in trace.held:
        if place.id in gradients:
            continue
        if place.id not in rebound:
            tests.append(f"{writer.place(place)} is {names.of(value.data, place.text)}")
        elif isinstance(value.data, np.ndarray) and value in trace.used:
            known = names.of(layout_of(value.data), "layout")
            tests.append(f"{names.of(layout_of, 'layout_of')}({writer.place(place)}) == {known}")
    return tests


def _of_gradients(trace: Trace, writer: Writer) -> list[str]:
    """What is added to lies as it did; where there was no gradient, there is none."""
    names = writer.names
    tests = []
    for place, before in matter(trace):
        read = writer.place(place)
        if type(before) is Value:
            known = names.of(layout_of(before.data), "layout")
            tests.append(f"{names.of(layout_of, 'layout_of')}({read}) == {known}")
        else:
            tests.append(f"{read} is {names.of(before, place.text) if before is not None else None}")
    return tests


def matter(trace: Trace) -> list[tuple[Place, Any]]:
    """The gradients that the step depends on, and what was there: not one that it forgets, and sets anew."""
    rebound = trace.program.set_anew
    constants = {id(value.data) for value in trace.recording.constants}

    def is_forgotten(place: Place, before: Any) -> bool:
        used = before in trace.used if type(before) is Value else id(getattr(before, "_data", None)) in constants
        return before is not None and place.id in rebound and not used

    return [(place, before) for place, before in trace.gradients if not is_forgotten(place, before)]


def _of_surroundings(trace: Trace, writer: Writer) -> list[str]:
    names, tests = writer.names, []
    rebound = trace.program.set_anew
    same = names.of(unchanged, "same")
    for place, value in trace.surroundings.guards.values():
        if place.id in rebound:
            continue
        read = writer.place(place)
        if value is None or isinstance(value, bool):
            tests.append(f"{read} is {value}")
            continue
        known = names.of(value, place.text)
        plain = isinstance(value, int | float | str | complex | np.generic)
        tests.append(f"({read} is {known} or {same}({read}, {known}))" if plain else f"{read} is {known}")
    for attributes, name, text in trace.surroundings.absent.values():
        tests.append(f"{name!r} not in {names.of(attributes, f'{text}_attributes')}")
    for container, length, text in trace.surroundings.lengths.values():
        tests.append(f"len({names.of(container, text)}) == {length}")
    for container, before, text in trace.surroundings.contents.values():
        still, known = names.of(holds_still, "holds_still"), names.of(before, f"{text}_before")
        tests.append(f"{still}({names.of(container, text)}, {known})")
    return tests


def _of_numbers(trace: Trace, writer: Writer) -> list[str]:
    """Numbers that were one have stayed so."""
    return [f"{writer.place(first)} == {writer.place(second)}" for first, second in trace.equal]


def others_than_before(trace: Trace) -> tuple[list[Place], list[Place], set[int]]:
    """The places that may hold other arrays by now, those of the rest, and the ids of the memory of constants."""
    others = [place for place, value in trace.held if place.id in trace.replaced and value in trace.used]
    rest = [place for place, value in trace.held if value.is_array and place not in others]
    rest += [place for place, before in trace.gradients if type(before) is not Value]
    return others, rest, {id(owner_of(value.data)) for value in trace.recording.constants}


def are_apart(places: list[Place], rest: list[Place], known: set[int]) -> bool:
    """Whether arrays that may have come to these places since share no memory with each other, or with the rest."""
    owners = [_owner(place) for place in places]
    return len({*owners}) == len(owners) and not known.intersection(owners) and not {*map(_owner, rest)} & {*owners}


def _owner(place: Place) -> int:
    return id(owner_of(place.get()))


def replaced(trace: Trace) -> list[Any]:
    """The places where there is another array now than there was, which lies alike."""
    return [
        place.id
        for place, value in trace.held
        if value.is_array and place.get() is not value.data and layout_of(place.get()) == layout_of(value.data)
    ]


def layout_of(array: Any) -> Any:
    """What a program depends on of an array that it reads anew at each step."""
    return (array.shape, array.dtype, array.strides) if type(array) is np.ndarray else None


def first_change(trace: Trace) -> str:
    """What isn't as it was, in words."""
    rebound = trace.program.set_anew
    for place, value in trace.surroundings.guards.values():
        now = place.get()
        if place.id not in rebound and not unchanged(now, value):
            return f"{place.text} was {_told(value)}, and is {_told(now)} now"
    gradients = {place.id for place, _ in trace.gradients}
    for place, held in trace.held:
        now = place.get()
        if place.id in rebound or place.id in gradients or now is held.data:
            continue
        if place.id not in trace.replaced or (held in trace.used and layout_of(now) != layout_of(held.data)):
            return f"{place.text} is another array now"
    others, rest, constants = others_than_before(trace)
    if others and not are_apart(others, rest, constants):
        return f"{others[0].text}, or another array that is replaced now and then, shares memory with one beside it"
    for place, before in matter(trace):
        now = place.get()
        if (now is not before) if type(before) is not Value else layout_of(now) != layout_of(before.data):
            return f"{place.text} was {'None' if before is None else 'there'}, and is {_told(now)} now"
    for attributes, name, text in trace.surroundings.absent.values():
        if name in attributes:
            return f"{text} was that of a class, and there is a nearer one now"
    for container, length, text in trace.surroundings.lengths.values():
        if len(container) != length:
            return f"{text or 'a list'} had {length} items, and has {len(container)} now"
    for container, before, text in trace.surroundings.contents.values():
        if not holds_still(container, before):
            return f"{text or 'a container'} holds something else now"
    for first, second in trace.equal:
        if first.get() != second.get():
            return f"{first.text} isn't the same for all parameters any more"
    return "something that the step reads has changed"


def _told(value: Any) -> str:
    if value is MISSING:
        return "no more there"
    text = repr(value)
    return text if len(text) < 40 else f"a {type(value).__name__}"
