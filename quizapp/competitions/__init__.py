"""竞赛: schedule, rules, pinned bank version; the phase follows from four moments and the clock.

Words: competition: one running. phase: draft, upcoming, open, closed, frozen.
"""
