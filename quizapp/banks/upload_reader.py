"""The child process that reads and checks one upload, started by `banks.sandbox` and by nothing else."""

import gc
import os
import sys
import traceback
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import IO

import msgspec

from quizapp.banks import pictures, sandbox
from quizapp.banks.checking.surroundings import Surroundings, check
from quizapp.banks.entries import Source
from quizapp.banks.reading import read_path, read_upload
from quizapp.banks.uploads.faulty_rows import faulty_rows
from quizapp.web.confinement import confine


def main() -> None:
    """Take the request from standard input, answer on standard output."""
    gc.disable()  # a fifth of the time; what it would find ends with the process, and before that the limit of memory holds
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    request = sandbox.receive(questions, msgspec.msgpack.Decoder(sandbox.Request))
    nowhere = os.open(os.devnull, os.O_RDWR)
    confine(memory_bytes=int(sys.argv[1]), seconds=int(sys.argv[2]))
    for stream in range(3):  # what a library prints or reads is not taken for a message
        os.dup2(nowhere, stream)
    try:
        answer(request, questions, answers)
    except MemoryError:
        sandbox.send(answers, sandbox.Failure("file_too_demanding", "memory"))
    except Exception as error:  # a reader or its library met something that its authors did not foresee
        # Where, and not what: the words of an error may be those of a question, and go into the log.
        places = "".join(traceback.format_tb(error.__traceback__))[-2000:]
        sandbox.send(answers, sandbox.Failure("file_reader_failed", f"{type(error).__name__}\n{places}"))


def answer(request: sandbox.Request, questions: IO[bytes], answers: IO[bytes]) -> None:
    """Read, say what it is, hear what is known of it, check."""
    if request.folder:
        try:
            source = read_path(Path(request.folder))
        except OSError as error:
            sandbox.send(answers, sandbox.Failure("unopened", error.strerror or str(error)))
            return
    else:
        choices = request.choices
        source = read_upload(request.name, request.content, choices.format_name, choices.columns)
    named = pictures.missing(_texts(source), source.pictures)
    sandbox.send(answers, sandbox.Found(source.header, len(source.entries), frozenset(named)))
    surroundings = sandbox.receive(questions, msgspec.msgpack.Decoder(Surroundings))
    report = check(source, surroundings, request.choices)
    rows = faulty_rows(report)
    sandbox.send(answers, sandbox.Checked(replace(report, source=replace(source, entries=(), findings=())), rows))


def _texts(source: Source) -> Iterable[str]:
    return (text for entry in source.entries for text in entry.values.values())


if __name__ == "__main__":
    main()
