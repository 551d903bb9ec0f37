"""进度与导出: progress by unit, the live overview, exports. Reads everything, changes nothing.

Words: snapshot: every unit's figures in one competition at one moment. scope: the units that somebody may see. should: the
declared headcount. registered: current members, pending ones included.
"""
