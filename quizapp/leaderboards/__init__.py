"""排行榜: live boards (anybody's guess, rebuildable) and frozen standings (exact).

Words: leaderboard: the live list. standing: a row of the frozen one. tally: a unit's sums of results.
"""
