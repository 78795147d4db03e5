"""The same score in other handwriting: what XML leaves free, and programs do differently.

Nothing here imports scoreassist. Documents are text with ``\\n`` line ends and without declaration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

CODECS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "iso-8859-1", "windows-1252", "us-ascii", "shift_jis")
LINE_ENDS = ("\n", "\r\n", "\r")
DOCTYPES = (
    "",
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 3.1 Partwise//EN" "http://x.org/x.dtd">\n',
    "<!DOCTYPE score-partwise SYSTEM 'partwise.dtd'>",
    "<!DOCTYPE score-partwise [ <!-- ]> '\" --> <!ELEMENT a ANY>\n<?pi ]> ?><!ATTLIST note x CDATA \"]>\"> ]>\n",
)  # fmt: skip
HEADS = ("", "<!-- before <score-partwise> -->\n", "<?program says='hello'?>", "\n\n  ")
FEET = ("", "\n", "\n\n<!-- behind </score-partwise> -->\n", "<?end?>   ", "\n<!--a--><!--b-->")
_TAG = re.compile(r"<(/?)([A-Za-z][\w.-]*)((?:[^\"'<>]|\"[^\"]*\"|'[^']*')*?)(/?)>")


@dataclass(frozen=True)
class Hand:
    """How somebody writes XML.

    Attributes
    ----------
    codec : str
    line_end : str
    declaration : str
        With ``{}`` for the encoding; empty for none.
    doctype, head, foot : str
    seed : int
        Of all that differs from tag to tag.
    """

    codec: str = "utf-8"
    line_end: str = "\n"
    declaration: str = '<?xml version="1.0" encoding="{}"?>\n'
    doctype: str = ""
    head: str = ""
    foot: str = "\n"
    seed: int = 0

    def write(self, body: str) -> bytes:
        """A document whose root element is `body`, in this hand."""
        dice = Random(self.seed)
        pieces = re.split(r"(<!--.*?-->|<\?.*?\?>)", body, flags=re.DOTALL)
        body = "".join(piece if piece[:2] in ("<!", "<?") else _disguised(piece, dice) for piece in pieces)
        body = re.sub(r"\n", lambda _: dice.choice((6 * [""]) + [" ", "\t"]) + "\n", body)
        name = {"utf-8-sig": "UTF-8", "utf-16-be": "UTF-16"}.get(self.codec, self.codec.upper())
        text = self.declaration.format(name) + self.head + self.doctype + body + self.foot
        data = text.replace("\n", self.line_end).encode(self.codec, "xmlcharrefreplace")
        return b"\xfe\xff" + data if self.codec == "utf-16-be" else data


def hand(dice: Random) -> Hand:
    """Any hand; encodings that need a declaration get one."""
    codec = dice.choice(CODECS)
    declarations = [
        '<?xml version="1.0" encoding="{}"?>\n',
        "<?xml version='1.0'  encoding='{}' standalone='no' ?>",
    ]
    if codec.startswith("utf-"):
        declarations += ["<?xml version='1.0'?>", ""]
    declaration = dice.choice(declarations)
    head = dice.choice(HEADS)
    return Hand(
        codec,
        dice.choice(LINE_ENDS),
        declaration,
        dice.choice(DOCTYPES),
        head if declaration or head.strip() or not head else "",
        dice.choice(FEET),
        dice.randrange(2**32),
    )


def _disguised(body: str, dice: Random) -> str:
    """A stretch of elements in another hand."""
    body = _TAG.sub(lambda match: _tag(match, dice), body)
    return re.sub(r">([^<>&]*[^<>&\s][^<>&]*)<", lambda match: f">{_text(match.group(1), dice)}<", body)


def _tag(match: re.Match[str], dice: Random) -> str:
    """One tag: other quotes, blanks before its end, a pair of tags for an empty element."""
    slash, name, attributes, empty = match.groups()
    if dice.random() < 0.3 and "'" not in attributes:
        attributes = attributes.replace('"', "'")
    if dice.random() < 0.1:
        attributes = attributes.replace(' id="', ' id = "').rstrip() + dice.choice((" ", "\n"))
    if slash:
        return f"</{name}{dice.choice((5 * ['']) + [' '])}>"
    if empty and dice.random() < 0.5:
        return f"<{name}{attributes}></{name}>"
    return f"<{name}{attributes}{dice.choice(('', '', ' ')) if empty else ''}{empty}>"


def _text(text: str, dice: Random) -> str:
    """Text with letters as references, as CDATA, or with a comment or an instruction in front."""
    way = dice.random()
    if way < 0.03:
        return f"<![CDATA[{text}]]>"
    if way < 0.06:
        return "".join(f"&#{ord(c)};" if c.isalpha() else c for c in text)
    if way < 0.09:
        return "".join(f"&#x{ord(c):X};" if dice.random() < 0.3 and c.strip() else c for c in text)
    return text
