"""Entry points: `gunicorn wsgi:app` serves the whole site; `gunicorn -k asgi wsgi:asgi` the same behind the answer door."""

from quizapp import create_app
from quizapp.attempts.door import Door

app = create_app()
asgi = Door(app)
