"""Single questions of a draft, written and changed on the pages."""
