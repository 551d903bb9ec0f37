"""Entry points: `gunicorn wsgi:app` serves the whole site; `gunicorn -k asgi wsgi:asgi` the same behind the answer door."""

from quizapp import create_app

app = create_app()
