"""Views as JSON values and back; a part that did not change is neither made anew nor read again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from cpr_cockpit.core.view import View

Decoder = Callable[[Any], Any]


def sections(view: View, before: tuple[View, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """The View as JSON values, a member for each field, so that a session can send only what has changed.

    ``before``: an earlier View with its values: what is as it was then is the same object.
    """
    found: dict[str, Any] = {}
    for name in _names(View):
        part = getattr(view, name)
        if before is not None and getattr(before[0], name) == part:
            found[name] = before[1][name]
        else:
            found[name] = _encoded(part)
    return found


def view_of(body: Mapping[str, Any], before: View | None = None) -> View:
    """The View of those values; unknown members are passed over. TypeError or ValueError where it is none.

    ``before``: the View whose parts stand where the values have none.
    """
    known = {name: decode(body[name]) for name, decode in _decoders(View).items() if name in body}
    return View(**known) if before is None else replace(before, **known)


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


def _encoded(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_encoded(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _encoded(getattr(value, name)) for name in _names(type(value))}
    return value


@cache
def _decoders(kind: type) -> dict[str, Decoder]:
    hints = get_type_hints(kind)
    return {name: _decoder(hints[name]) for name in _names(kind)}


@cache
def _decoder(kind: Any) -> Decoder:
    """What makes a value of that kind from its JSON value."""
    inner = get_args(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return lambda value: _instance(kind, value) if isinstance(value, dict) else value
    if get_origin(kind) is tuple:
        each = tuple(_decoder(one) for one in inner if one is not Ellipsis)
        return lambda value: _several(each, value, alike=Ellipsis in inner) if isinstance(value, list) else value
    if type(None) in inner:
        some = _decoder(next(one for one in inner if one is not type(None)))
        return lambda value: None if value is None else some(value)
    return lambda value: value


def _instance(kind: type, value: Mapping[str, Any]) -> Any:
    return kind(**{name: decode(value[name]) for name, decode in _decoders(kind).items() if name in value})


def _several(each: tuple[Decoder, ...], values: list[Any], *, alike: bool) -> tuple[Any, ...]:
    if alike:
        return tuple(each[0](one) for one in values)
    return tuple(decode(one) for decode, one in zip(each, values, strict=True))
