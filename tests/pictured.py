"""A small bank whose questions show pictures."""

import io
from dataclasses import replace

from flask import Flask
from PIL import Image, ImageDraw

from quizapp.banks.actions import store_pictures
from quizapp.banks.content import BankContent
from quizapp.banks.pictures import Picture, read_picture, token
from quizapp.extensions import db
from tests.cast import BORN, TinyBank, add_tiny_bank, tiny_content


def drawn(width: int, height: int, colour: str) -> Picture:
    """A picture of that size: a frame and a cross."""
    image = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((2, 2, width - 3, height - 3), outline=colour, width=4)
    pen.line((0, 0, width, height), fill=colour, width=4)
    file = io.BytesIO()
    image.save(file, "PNG")
    return read_picture(file.getvalue())


CHART, MARK = drawn(1600, 600, "navy"), drawn(120, 80, "green")


def pictured_content() -> BankContent:
    """The tiny bank with a chart in each stem and explanation, and a mark without words in each first option."""
    questions = tuple(
        replace(
            question,
            stem=f"看图：{token(CHART, '控制图 <一>')} {question.stem}",
            options=question.options
            if question.type == "judge"
            else (f"{token(MARK)}{question.options[0]}", *question.options[1:]),
            explanation=f"{question.explanation}{token(CHART, '控制图 <一>')}",
            english=None,
        )
        for question in tiny_content().questions
    )
    return replace(tiny_content(), questions=questions)


def add_pictured_bank(app: Flask) -> TinyBank:
    """Add that bank, published, with its pictures. Commits."""
    with app.app_context():
        store_pictures([CHART, MARK], now=BORN)
        db.session.commit()
    return add_tiny_bank(app, pictured_content())
