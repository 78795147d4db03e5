"""Options for wishes, made from the table of wishes, and what of them was typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from scoreassist.wishes.table import WISHES, Wish

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

NEAR = "near"  # means something to variations alone


def wish_options(function: Decorated, *, without: tuple[str, ...] = (NEAR,)) -> Decorated:
    """An option for each row of `WISHES`."""
    for wish in reversed([wish for name, wish in WISHES.items() if name not in without]):
        function = _option(wish)(function)
    return function


def _option(wish: Wish) -> Callable[[Decorated], Decorated]:
    text = wish.meaning[0].upper() + wish.meaning[1:] + "."
    if not wish.metavar:
        return click.option(wish.flag, wish.name, is_flag=True, help=text)
    return click.option(wish.flag, wish.name, metavar=wish.metavar, multiple=wish.many, help=text)


def typed_wishes(options: dict[str, Any]) -> dict[str, Any]:
    """Wishes that were typed, by name; of those that can be said several times the texts."""
    typed = {name: options.get(name) for name in WISHES}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in typed.items() if value}
