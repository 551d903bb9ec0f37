"""演示: fills an empty installation with units, people and an open competition, answered through the real engine.

Every name is made up. It serves `make run` on a laptop; an installation for real people never runs it.
"""
