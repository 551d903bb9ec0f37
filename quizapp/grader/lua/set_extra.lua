-- Set a person's extra time: for the attempt that is open, and for those to come.
--
-- KEYS: 1 rules  2 person  3 open  4 stream
--       The open attempt's key is built here, under the same hash tag: which one it is is known only here.
-- ARGV: 1 account  2 attempt key without its ordinal  3 extra_ms (the whole, not what is added)
-- Returns: {ok, ordinal of the open attempt that was changed, or 0} · {not_primed | fenced, 0}
-- Stream: x, if an attempt is open
--@include rules
local rules_key, person_key, open_key, stream_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local account, attempts_prefix, extra_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])

local rules = read_rules(rules_key)
if not rules then
  return { 'not_primed', 0 }
end
if rules.fenced then
  return { 'fenced', 0 }
end
local ordinal = tonumber(redis.call('HGET', person_key, 'open') or 0)
local attempt_key = attempts_prefix .. ordinal
local held = redis.call('HMGET', attempt_key, 'started_ms', 'shift_ms', 'extra_ms')
local running = ordinal > 0 and held[1]
local changes = running and tonumber(held[3]) ~= extra_ms

-- writes from here
redis.call('HSET', person_key, 'extra_ms', extra_ms)
if changes then
  redis.call('XADD', stream_key, '*', 'x', table.concat({ account, ordinal, extra_ms }, '|'))
  redis.call('HSET', attempt_key, 'extra_ms', extra_ms)
  redis.call('ZADD', open_key, held[1] + extra_ms - held[2], account .. ':' .. ordinal)
end
return { 'ok', running and ordinal or 0 }
