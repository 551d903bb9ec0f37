-- Open an attempt on a device: raise its epoch, so that pages opened before are superseded, and return all of it.
--
-- KEYS: 1 rules  2 attempt
-- ARGV: none
-- Returns: {ok, now_ms, deadline_ms, paused_ms, shift_ms, {field, value …} of the attempt's hash} ·
--          {not_primed | no_attempt | already_submitted, now_ms}
-- Stream: nothing; the recorder learns the epoch from the answers
--@include clock
--@include rules
--@include attempt
local rules_key, attempt_key = KEYS[1], KEYS[2]

local rules = read_rules(rules_key)
local now, kept = read_clock(rules_key, rules)
if not rules then
  return { 'not_primed', now }
end
local held = redis.call('HMGET', attempt_key, 'started_ms', 'submitted_ms')
if not held[1] then
  return { 'no_attempt', now }
end
if held[2] then
  return { 'already_submitted', now }
end

-- writes from here
redis.call('HINCRBY', attempt_key, 'epoch', 1)
if kept then
  redis.call('HSET', unpack(kept))
end
local flat = redis.call('HGETALL', attempt_key)
local attempt = as_table(flat)
local deadline = deadline_of(rules, tonumber(attempt.started_ms), tonumber(attempt.extra_ms), tonumber(attempt.shift_ms))
return { 'ok', now, deadline, rules.paused_ms, rules.shift_ms, flat }
