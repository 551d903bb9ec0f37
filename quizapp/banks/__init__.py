"""题库: question content, its checks, and versions that never change once published.

Words: bank, bank version, draft, question, stem, option, answer key, finding.
"""
