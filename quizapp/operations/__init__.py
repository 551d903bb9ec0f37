"""运行状况: what operators and their programs watch. Reads everything, changes nothing.

Words: observed: one look at both stores and the recorder, shared by all who ask within a second. missing: what keeps the
installation from being ready, each with its sentence. beat: the recorder's sign of life. headroom: how much more the store
may take before it refuses writes.
"""
