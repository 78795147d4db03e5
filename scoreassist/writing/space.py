"""The white space in which a file writes its measures, for measures that are added to it."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from scoreassist.score.events import Part


@dataclass(frozen=True, slots=True)
class Space:
    """White space of a part.

    Attributes
    ----------
    between, close : str or None
        In front of each child of a measure, and in front of its end tag.
    inner, inner_close : str or None
        The same of a note.
    """

    between: str | None = None
    close: str | None = None
    inner: str | None = None
    inner_close: str | None = None

    @classmethod
    def of(cls, part: Part) -> Space:
        """As the last measure of a part that has notes or rests has it."""
        for row in reversed(part.measures):
            note = row.element.find("note")
            if note is not None and len(note):
                return cls(row.element.text, row.element[-1].tail, note.text, note[-1].tail)
        return cls()

    def lay_out(self, measure: etree._Element) -> None:
        """Each child of a new measure on a line of its own, and what it holds, if those of the others are."""
        measure.text = self.between
        for child in measure:
            self.within(child)
            child.tail = self.between
        measure[-1].tail = self.close

    def within(self, element: etree._Element) -> None:
        """The same within a new child of a measure."""
        if len(element):
            element.text = self.inner
            for child in element:
                child.tail = self.inner
            element[-1].tail = self.inner_close

    def append(self, measure: etree._Element, child: etree._Element) -> None:
        """One more child at the end of a measure."""
        measure[-1].tail = self.between
        child.tail = self.close
        measure.append(child)
