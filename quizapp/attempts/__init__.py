"""答卷: one go at a paper, from the start through the answer door to the recorded result.

Words: attempt, ticket, epoch, response, points, score, result, recorder.
"""
