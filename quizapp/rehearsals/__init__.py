"""预演: an operator learns before the competition what her installation holds, from a scratch installation beside it."""
