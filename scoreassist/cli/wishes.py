"""Options for wishes, made from the table of wishes, and what of them was typed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from scoreassist.errors import RequestError
from scoreassist.styles import OF_PROGRAMS, find_style, no_effect
from scoreassist.wishes.table import WISHES, Wish

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

NEAR = "near"  # means something to variations alone
_OF_CHORALES = ("layout", "given", "lyrics", "answers")  # beside the wishes and what a style's models can be asked


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
    """Wishes that were typed, by name; of those that can be said several times the texts.

    Raises
    ------
    RequestError
        Nothing stands behind a flag.
    """
    typed = {name: options.get(name) for name in WISHES}
    for name, value in typed.items():
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and not text.strip(" ,;"):
                wish = WISHES[name]
                raise RequestError(f"{wish.flag} '{text}' says nothing; write {wish.flag} {wish.metavar}")
    return {name: list(value) if isinstance(value, tuple) else value for name, value in typed.items() if value}


def refuse_without_effect(style: str, asked: Iterable[str]) -> None:
    """Refuse options that have no effect in a style, by the names with which they are typed.

    Parameters
    ----------
    style : a key of `scoreassist.styles.STYLES`
    asked : names of options

    Raises
    ------
    RequestError
    """
    row = find_style(style)
    known = row.options if row.for_piano else (*row.options, *WISHES, *_OF_CHORALES)
    there = [typed_as(name) for name in row.options if name not in OF_PROGRAMS]
    for name in asked:
        if name not in known:
            raise no_effect(typed_as(name), row.music, there)


def typed_as(name: str) -> str:
    """The flag of an option: ``--max-leap``."""
    return WISHES[name].flag if name in WISHES else f"--{name.replace('_', '-')}"
