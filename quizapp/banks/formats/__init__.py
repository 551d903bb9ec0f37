"""One reader a file format: from its text or tables to entries with their places. Pure; `banks.reading` picks one."""
