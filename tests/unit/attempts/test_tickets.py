"""Tickets: only what our key has signed, written in one way only, is anything at all."""

import base64
import string

from quizapp.attempts.ticket import LENGTH, Ticket, Tickets

TICKETS = Tickets("a secret of one installation")
LIN = Ticket(competition=4, shard=1, account=2**40 + 1, ordinal=1, epoch=3)


def test_a_ticket_says_what_was_signed() -> None:
    text = TICKETS.issue(LIN)
    assert len(text) == LENGTH == 56
    assert TICKETS.read(text.encode()) == LIN
    assert set(text) <= set(string.ascii_letters + string.digits + "-_")


def test_a_ticket_with_one_bit_changed_is_nothing() -> None:
    whole = base64.urlsafe_b64decode(TICKETS.issue(LIN))
    for bit in range(len(whole) * 8):
        altered = bytearray(whole)
        altered[bit // 8] ^= 1 << bit % 8
        assert TICKETS.read(base64.urlsafe_b64encode(altered)) is None


def test_a_ticket_can_be_written_in_one_way_only() -> None:
    text = TICKETS.issue(Ticket(2**32 - 1, 2**16 - 1, 2**64 - 1, 2**16 - 1, 2**32 - 1)).encode()
    assert TICKETS.read(text) is not None
    standard = text.replace(b"-", b"+").replace(b"_", b"/")
    assert standard != text
    for other in (standard, text + b"=", text + b"\n", b" " + text[:-1], text[:-1], text + text, b"", b"\xff" * LENGTH):
        assert TICKETS.read(other) is None


def test_another_installations_ticket_is_nothing() -> None:
    assert TICKETS.read(Tickets("another secret").issue(LIN).encode()) is None


def test_after_a_change_of_the_secret_old_tickets_still_hold() -> None:
    renewed = Tickets("a new secret", "a secret of one installation")
    assert renewed.read(TICKETS.issue(LIN).encode()) == LIN
    assert TICKETS.read(renewed.issue(LIN).encode()) is None
    assert Tickets("a new secret").read(renewed.issue(LIN).encode()) == LIN
