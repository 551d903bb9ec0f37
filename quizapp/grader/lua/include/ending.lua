-- What the end of an attempt is: its figures and its stream record. nil if the answer key lacks a question.
-- An attempt that has run out counts as ended at its deadline; the time used is never more than what was allowed.
local function ending_of(attempt, account, ordinal, rules, now, ended_by, key_key)
  local score, right_count, points = grade(attempt, key_key, rules.partial)
  if not score then
    return nil
  end
  local started_ms, extra_ms, shift_ms = tonumber(attempt.started_ms), tonumber(attempt.extra_ms), tonumber(attempt.shift_ms)
  local base_ms = base_deadline_of(rules, started_ms, extra_ms, shift_ms)
  local given_ms = given_back(rules, started_ms, base_ms)
  local submitted_ms = math.min(now, base_ms + given_ms)
  local used_ms = submitted_ms - started_ms - (rules.shift_ms - shift_ms) - given_ms
  used_ms = math.max(0, math.min(used_ms, rules.minutes_ms + extra_ms))
  return {
    fields = { 'submitted_ms', submitted_ms, 'used_ms', used_ms, 'ended_by', ended_by, 'score', score,
      'right_count', right_count, 'points', points },
    record = table.concat({ account, ordinal, submitted_ms, used_ms, ended_by, score, right_count, points }, '|'),
  }
end
