"""Installation: what runs the program on a machine: `quizapp up` and its children, the embedded store, `quizapp doctor`.

Words: a child is a process that `up` started and restarts; the store is the Redis-compatible server.
"""
