"""What must be as it was for a program to be replayed, as one function that says whether it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..derivatives.table import ENTERED, OBSERVERS
from ..grad_mode import is_grad_enabled
from ..memory import owner_of
from .places import MISSING, Place
from .program import Value
from .recording import current
from .source import Writer
from .surroundings import Surroundings, holds_still, unchanged
from .tracing import Trace

GONE = (LookupError, AttributeError, ValueError)  # what is raised where something isn't there any more


class Condition(NamedTuple):
    """Something that must be as it was: how that is asked, and what is said where it isn't."""

    code: str
    changed: Callable[[], str]


def write_guards(trace: Trace, writer: Writer, conditions: list[Condition]) -> str:
    """The text of `takes(args)`, which says whether these are arrays that may be replayed now, and of
    `holds()`, which says whether what the step reads beside them is as it was."""
    count, arguments = len(trace.arguments), _names_of_arguments(trace)
    unpacked = f"    if len(args) != {count}: return False\n"
    unpacked += f"    {', '.join(arguments)}, = args\n" if count else ""
    takes = _function("takes(args)", unpacked, _of_arguments(trace, writer))
    return takes + _function("holds()", "", [condition.code for condition in conditions])


def first_change(conditions: list[Condition], namespace: dict[str, Any]) -> str:
    """What isn't as it was, in words."""
    for condition in conditions:
        try:
            if not eval(condition.code, namespace):
                return condition.changed()
        except GONE:
            return condition.changed()
    return "something that the step reads has changed"


def conditions_of(trace: Trace, writer: Writer) -> list[Condition]:
    """All that the step reads beside its arguments must be as it was; where the step itself puts something else, or
    there was another array before, it must lie alike."""
    held = [*_of_places(trace, writer), *_of_arrays(trace, writer), *_of_gradients(trace, writer)]
    return [*held, *_of_containers(trace.surroundings, writer), *_of_numbers(trace, writer)]


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


def _of_places(trace: Trace, writer: Writer) -> Iterator[Condition]:
    names, same = writer.names, writer.names.of(unchanged, "same")
    for place, value in trace.surroundings.guards.values():
        if place.id in trace.program.set_anew:
            continue
        read = writer.place(place)
        if value is None or isinstance(value, bool):
            code = f"{read} is {value}"
        else:
            known = names.of(value, place.text)
            plain = isinstance(value, int | float | str | complex | np.generic)
            code = f"({read} is {known} or {same}({read}, {known}))" if plain else f"{read} is {known}"
        yield Condition(code, partial(_was_and_is, place, value))


def _was_and_is(place: Place, value: Any) -> str:
    return f"{place.text} was {_told(value)}, and is {_told(place.get())} now"


def _of_arrays(trace: Trace, writer: Writer) -> Iterator[Condition]:
    names = writer.names
    anew = trace.program.set_anew | trace.replaced
    gradients = {place.id for place, _ in trace.gradients}
    for place, value in trace.held:
        if place.id in gradients:
            continue
        changed = "{} is another array now".format
        if place.id not in anew:
            yield Condition(
                f"{writer.place(place)} is {names.of(value.data, place.text)}", partial(changed, place.text)
            )
        elif isinstance(value.data, np.ndarray) and value in trace.used:
            yield Condition(_lies_alike(place, value, writer), partial(changed, place.text))
    others, rest, constants = others_than_before(trace)
    if others:
        given = ", ".join([names.of(others, "others"), names.of(rest, "rest"), names.of(constants, "constants")])
        text = f"{others[0].text}, or another array that is replaced now and then, shares memory with one beside it"
        yield Condition(f"{names.of(are_apart, 'are_apart')}({given})", partial(str, text))


def _lies_alike(place: Place, value: Value, writer: Writer) -> str:
    known = writer.names.of(layout_of(value.data), "layout")
    return f"{writer.names.of(layout_of, 'layout_of')}({writer.place(place)}) == {known}"


def _of_gradients(trace: Trace, writer: Writer) -> Iterator[Condition]:
    """What is added to lies as it did; where there was no gradient, there is none."""
    for place, before in matter(trace):
        known = writer.names.of(before, place.text) if before is not None else None
        code = _lies_alike(place, before, writer) if type(before) is Value else f"{writer.place(place)} is {known}"
        yield Condition(code, partial(_gradient_was_and_is, place, before))


def _gradient_was_and_is(place: Place, before: Any) -> str:
    return f"{place.text} was {'None' if before is None else 'there'}, and is {_told(place.get())} now"


def matter(trace: Trace) -> list[tuple[Place, Any]]:
    """The gradients that the step depends on, and what was there: not one that it forgets, and sets anew."""
    rebound = trace.program.set_anew
    constants = {id(value.data) for value in trace.recording.constants}

    def is_forgotten(place: Place, before: Any) -> bool:
        used = before in trace.used if type(before) is Value else id(getattr(before, "_data", None)) in constants
        return before is not None and place.id in rebound and not used

    return [(place, before) for place, before in trace.gradients if not is_forgotten(place, before)]


def _of_containers(surroundings: Surroundings, writer: Writer) -> Iterator[Condition]:
    names, still = writer.names, writer.names.of(holds_still, "holds_still")
    for attributes, name, text in surroundings.absent.values():
        code = f"{name!r} not in {names.of(attributes, f'{text}_attributes')}"
        yield Condition(code, partial("{} was that of a class, and there is a nearer one now".format, text))
    for container, length, text in surroundings.lengths.values():
        code = f"len({names.of(container, text)}) == {length}"
        yield Condition(code, partial(_had_and_has, container, length, text))
    for container, before, text in surroundings.contents.values():
        code = f"{still}({names.of(container, text)}, {names.of(before, f'{text}_before')})"
        yield Condition(code, partial("{} holds something else now".format, text or "a container"))


def _had_and_has(container: Any, length: int, text: str) -> str:
    return f"{text or 'a list'} had {length} items, and has {len(container)} now"


def _of_numbers(trace: Trace, writer: Writer) -> Iterator[Condition]:
    """Numbers that were one have stayed so."""
    for first, second in trace.equal:
        text = f"{first.text} isn't the same for all parameters any more"
        yield Condition(f"{writer.place(first)} == {writer.place(second)}", partial(str, text))


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


def _told(value: Any) -> str:
    if value is MISSING:
        return "no more there"
    text = repr(value)
    return text if len(text) < 40 else f"a {type(value).__name__}"
