"""The lines of a text file in any of the usual encodings. Pure."""

from quizapp.banks.spellings import INVISIBLE
from quizapp.errors import Invalid
from quizapp.web.delimited_text import decode
from quizapp.web.tables import Unreadable


def lines_of(content: bytes) -> list[str]:
    """The lines, without what nobody sees. Raises Invalid: `file_encoding_unknown` where the encoding can't be told."""
    try:
        text = decode(content)
    except Unreadable as error:
        raise Invalid("file_encoding_unknown") from error
    if "\0" in text:
        raise Invalid("file_encoding_unknown")
    return INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")


def beginning_of(content: bytes) -> str:
    """As much of the text as tells what format it is of; "" where its encoding can't be told."""
    try:
        return "\n".join(lines_of(content))[:400_000]
    except Invalid:
        return ""
