"""抽奖: individual prizes, drawn at random within bands of scores so that a stranger can check every step.

Words: prize (奖品): a tier with its quota and band. entry (抽奖资格): one place in a draw, known in public by an opaque id only.
roll (名册): the frozen list of entries. chance (随机源): where the randomness comes from, named before it exists.
"""
