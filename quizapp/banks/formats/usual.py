"""What no question of a file says is said once of the file, not once of each question. Pure."""

from dataclasses import replace

from quizapp.banks.entries import Source
from quizapp.banks.findings import WARNING, Finding, Where

USUAL = ("difficulty", "explanation", "reference")


def with_absent_named(source: Source) -> Source:
    """The source, whose entries are not complained of one by one for a usual field that all of them lack."""
    lacking = [field for field in USUAL if not any(entry.values.get(field, "").strip() for entry in source.entries)]
    if not lacking or not source.entries:
        return source
    absent = Finding(WARNING, "fields_absent", Where(file=source.name), {"names": lacking})
    marked = tuple(replace(entry, unread=entry.unread | set(lacking)) for entry in source.entries)
    return replace(source, entries=marked, findings=(*source.findings, absent))
