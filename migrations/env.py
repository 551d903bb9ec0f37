"""How Flask-Migrate runs the migrations: `flask --app wsgi db upgrade`."""

from alembic import context
from flask import current_app
from sqlalchemy import text

config = context.config
database = current_app.extensions["migrate"].db
LOCK = 5_716_203_311  # any number that nobody else takes


def run_offline() -> None:
    """Print the SQL instead of running it (`db upgrade --sql`)."""
    context.configure(
        url=current_app.config["SQLALCHEMY_DATABASE_URI"],
        target_metadata=database.metadata,
        literal_binds=True,
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Run everything in one transaction, so that a migration that fails leaves the database as it was."""
    with database.engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            # Batch mode rebuilds a table by dropping it; with foreign keys on, that would delete what points at it.
            # The switch is ignored inside a transaction, so it is thrown on the driver's connection.
            connection.connection.execute("PRAGMA foreign_keys=OFF")
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_as_batch=True,
            transactional_ddl=True,  # true of SQLite too: our connections begin their transactions themselves
            compare_type=True,
            compare_server_default=True,
        )
        with context.begin_transaction():
            if (
                not sqlite
            ):  # two web processes that migrate at once: the second waits (SQLite's write lock does it there)
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            context.run_migrations()
            if sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise RuntimeError("the migration left rows that point at nothing")
        if sqlite:
            connection.connection.execute("PRAGMA foreign_keys=ON")


if context.is_offline_mode():
    run_offline()
else:
    run_online()
