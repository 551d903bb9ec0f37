"""组卷: from a blueprint and a bank version to one person's paper. Pure and seeded.

Words: blueprint: the rule. section: one part of it. paper: questions in the order one person sees. position: 1-based place in it.
"""
