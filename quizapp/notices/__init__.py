"""公示: what happens to frozen standings: public notice, objections, corrections by two people, final; and who is named.

Words: notice (公示): some working days in which anybody may object. objection (异议): filed in it, answered by a date.
correction (更正): a new snapshot of the standings with its reason. consent: a participant's choice to be named in public.
"""
