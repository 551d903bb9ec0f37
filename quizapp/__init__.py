"""The quality knowledge competition. `create_app` makes the site; `factory` holds its wiring.

Nothing else is imported here: a process that needs one light module of this package (the reader of an uploaded file, the
program that starts the others) must not pay for all of the site.
"""

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from quizapp.config import Settings


def create_app(settings: "Settings | None" = None) -> "Flask":
    """The site for any WSGI server. Raises SettingsError if the environment can't be used."""
    # What is imported and wired here stays: looking for garbage in it again and again was an eighth of each start.
    collects = gc.isenabled()
    gc.disable()
    try:
        from quizapp import factory

        return factory.create_app(settings)
    finally:
        if collects:
            gc.enable()
