-- End an attempt because the person says so, and grade it.
--
-- KEYS: 1 rules  2 key  3 attempt  4 person  5 open  6 stream
-- ARGV: 1 account  2 ordinal  3 epoch (of the page that asks)
-- Returns: {submitted, now_ms, {field, value …} of submitted_ms, used_ms, ended_by, score, right_count, points}, the same
--          for every repeat · {not_primed | no_attempt | superseded | fenced | paused, now_ms}
-- Stream: f
--
-- After the deadline and its grace this ends the attempt as the recorder would: ended by the deadline.
--@include clock
--@include rules
--@include attempt
--@include grading
--@include ending
local rules_key, key_key, attempt_key, person_key, open_key, stream_key =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local account, ordinal, epoch = ARGV[1], ARGV[2], tonumber(ARGV[3])

local rules = read_rules(rules_key)
local now, kept = read_clock(rules_key, rules)
if not rules then
  return { 'not_primed', now }
end
local attempt = as_table(redis.call('HGETALL', attempt_key))
if not attempt.started_ms then
  return { 'no_attempt', now }
end
if attempt.submitted_ms then
  return { 'submitted', now, { 'submitted_ms', attempt.submitted_ms, 'used_ms', attempt.used_ms,
    'ended_by', attempt.ended_by, 'score', attempt.score, 'right_count', attempt.right_count, 'points', attempt.points } }
end
if epoch < tonumber(attempt.epoch) then
  return { 'superseded', now }
end
if rules.fenced then
  return { 'fenced', now }
end
if rules.paused then
  return { 'paused', now }
end
local deadline = deadline_of(rules, tonumber(attempt.started_ms), tonumber(attempt.extra_ms), tonumber(attempt.shift_ms))
local ended_by = now > deadline + rules.grace_ms and 'deadline' or 'person'
local ending = ending_of(attempt, account, ordinal, rules, now, ended_by, key_key)
if not ending then
  return { 'not_primed', now }
end

-- writes from here
redis.call('XADD', stream_key, '*', 'f', ending.record)
redis.call('HSET', attempt_key, unpack(ending.fields))
redis.call('HSET', person_key, 'open', 0)
redis.call('ZREM', open_key, account .. ':' .. ordinal)
if kept then
  redis.call('HSET', unpack(kept))
end
return { 'submitted', now, ending.fields }
