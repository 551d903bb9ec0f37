-- Read an attempt as the store holds it, and what it knows of the person. Changes nothing.
--
-- KEYS: 1 rules  2 person
-- ARGV: 1 attempt key without its ordinal  2 ordinal (0: the person's latest)
-- Returns: {ok, now_ms, deadline_ms, paused_ms, shift_ms, {field, value …} of the attempt's hash, ordinal, count, open ordinal} ·
--          {not_primed, now_ms} · {no_attempt, now_ms, 0, 0, 0, {}, 0, count, open ordinal}
-- Stream: nothing
--@include clock
--@include rules
--@include attempt
local rules_key, person_key = KEYS[1], KEYS[2]
local attempts_prefix, ordinal = ARGV[1], tonumber(ARGV[2])

local rules = read_rules(rules_key)
local now = read_clock(rules_key, rules)
if not rules then
  return { 'not_primed', now }
end
local person = redis.call('HMGET', person_key, 'count', 'open')
local count, open_ordinal = tonumber(person[1] or 0), tonumber(person[2] or 0)
if ordinal == 0 then
  ordinal = count
end
local flat = redis.call('HGETALL', attempts_prefix .. ordinal)
if #flat == 0 then
  return { 'no_attempt', now, 0, 0, 0, flat, 0, count, open_ordinal }
end
local attempt = as_table(flat)
local deadline = deadline_of(rules, tonumber(attempt.started_ms), tonumber(attempt.extra_ms), tonumber(attempt.shift_ms))
return { 'ok', now, deadline, rules.paused_ms, rules.shift_ms, flat, ordinal, count, open_ordinal }
-- writes from here: none
