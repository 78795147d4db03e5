"""The styles in which can be written: one table for `harmonize`, `complete` and `generate`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from scoreassist.errors import RequestError


@dataclass(frozen=True)
class Style:
    """A style.

    Attributes
    ----------
    music : str
        What is written, in a word.
    summary : str
        What it is, in a line.
    models : tuple of str
        The models that write it, as `scoreassist models` lists them.
    layouts : tuple of str
        Of new scores, as `scoreassist.writing.blank.blank_score` has them; the first is the default.
    metres : tuple of str
        In which new scores can be written; the first is the default.
    options : tuple of str
        What can be asked of the models, as `harmonize`, `complete` and `generate` name it.
    key : str
        The key of new scores, if none is named.
    """

    music: str
    summary: str
    models: tuple[str, ...]
    layouts: tuple[str, ...]
    metres: tuple[str, ...]
    options: tuple[str, ...]
    key: str = "C"

    @property
    def for_piano(self) -> bool:
        """Whether it is written on rolls, by `scoreassist.pianist`."""
        return self.layouts == ("piano",)

    def choose(self, what: str, wish: str | None) -> str:
        """A ``metre`` or ``layout`` that was asked for, or the first there is.

        Raises
        ------
        RequestError
            The style does not have it.
        """
        there: tuple[str, ...] = getattr(self, f"{what}s")
        if wish is not None and wish not in there:
            raise RequestError(f"there is no {what} '{wish}' in this style; use {' or '.join(there)}")
        return wish or there[0]

    def check_options(self, options: Collection[str]) -> None:
        """Refuse what the models of this style cannot be asked.

        Raises
        ------
        RequestError
            There is such an option among the names.
        """
        for name in options:
            if name not in self.options:
                raise no_effect(name, self.music, self.options)


STYLES: dict[str, Style] = {
    "chorale": Style(
        "chorales",
        "four voices in the manner of Bach's chorales",
        ("bach-chorale", "bach-revision"),
        ("closed", "open"),
        ("4/4", "3/4"),
        ("seed", "temperature", "candidates", "passes", "model"),
    ),
    "ragtime": Style(
        "ragtime",
        "piano in the manner of Joplin's rags",
        ("deephear", "ragtime-melody"),
        ("piano",),
        ("2/4",),
        ("seed", "temperature", "candidates", "iterations", "model", "progress"),
    ),
}
STYLE = "chorale"
OF_PROGRAMS = ("progress", "wishes")  # options that nobody types


def no_effect(name: str, music: str, there: Collection[str]) -> RequestError:
    """What to raise at an option that a kind of music does not have, and what it has."""
    named = [option for option in there if option not in OF_PROGRAMS]
    return RequestError(f"{name} has no effect on {music}; there are {', '.join(named)}")


def find_style(name: str) -> Style:
    """The style of a name.

    Raises
    ------
    RequestError
        There is no such style.
    """
    if name not in STYLES:
        raise RequestError(f"there is no style '{name}'; use {' or '.join(STYLES)}")
    return STYLES[name]
