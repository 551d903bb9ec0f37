"""Drafts and the versions that they become: publishing, four eyes, retirement, what changed from one to another."""
