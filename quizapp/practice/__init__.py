"""练习: the same papers without clock or record, from the practice pool, explained at once."""
