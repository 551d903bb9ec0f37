"""单位: the tree of organizations, rosters, membership, headcount, and who may see which unit.

Words: organization: a node of the tree. membership: an account's place in one unit. headcount: how many people a unit declares.
"""
