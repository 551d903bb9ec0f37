"""An organizer's file: handed in, checked outside the request, reported, saved as the draft, undone."""
