-- Start an attempt, or find the one that is open.
--
-- KEYS: 1 rules  2 key  3 person  4 open  5 stream
--       The attempt's own key is built here, under the same hash tag: its ordinal is known only after the checks.
-- ARGV: 1 account  2 attempt key without its ordinal  3 organization (0: none)  4 seed  5 extra_ms
--       6 attempts known to SQL  7 day's first ms  8 next day's first ms (of the competition's zone)
--       9 paper: "ordinal.points.options" joined by ";"  10 shape: type's first letter and number of options of each
-- Returns: {started | already_open, ordinal, started_ms, now_ms} · {not_primed | behind | fenced | not_open_yet | closed |
--          paused | no_attempts_left | no_attempts_left_today, 0, 0, now_ms}
-- Stream: s
--@include clock
--@include rules
local rules_key, key_key, person_key, open_key, stream_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local account, attempts_prefix, organization, seed = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local extra_ms, known = tonumber(ARGV[5]), tonumber(ARGV[6])
local day_from_ms, day_to_ms = tonumber(ARGV[7]), tonumber(ARGV[8])
local paper, shape = ARGV[9], ARGV[10]

local rules = read_rules(rules_key)
local now, kept = read_clock(rules_key, rules)
if not rules or redis.call('EXISTS', key_key) == 0 then
  return { 'not_primed', 0, 0, now }
end
local person = redis.call('HMGET', person_key, 'count', 'open', 'starts', 'extra_ms')
local count, open_ordinal = tonumber(person[1] or 0), tonumber(person[2] or 0)
if count < known then
  return { 'behind', 0, 0, now }
end
if open_ordinal > 0 then
  local started_ms = redis.call('HGET', attempts_prefix .. open_ordinal, 'started_ms')
  if not started_ms then
    return { 'behind', 0, 0, now }
  end
  return { 'already_open', open_ordinal, tonumber(started_ms), now }
end
if rules.fenced then
  return { 'fenced', 0, 0, now }
end
if now < rules.opens_ms then
  return { 'not_open_yet', 0, 0, now }
end
if now >= rules.closes_ms then
  return { 'closed', 0, 0, now }
end
if rules.paused then
  return { 'paused', 0, 0, now }
end
if rules.attempts_total and count >= rules.attempts_total then
  return { 'no_attempts_left', 0, 0, now }
end
local today = {}
for moment in string.gmatch(person[3] or '', '%d+') do
  local started_ms = tonumber(moment)
  if started_ms >= day_from_ms and started_ms < day_to_ms then
    today[#today + 1] = moment
  end
end
if rules.attempts_per_day and #today >= rules.attempts_per_day then
  return { 'no_attempts_left_today', 0, 0, now }
end
local ordinal = count + 1
-- Extra time that was granted after the web process had read SQL stands in the person's hash.
extra_ms = math.max(extra_ms, tonumber(person[4] or 0))
today[#today + 1] = string.format('%d', now)   -- earlier days' starts never count again, so they go

-- writes from here
redis.call('XADD', stream_key, '*', 's',
  table.concat({ account, ordinal, organization, seed, now, extra_ms, rules.shift_ms }, '|'))
redis.call('HSET', attempts_prefix .. ordinal, 'organization', organization, 'seed', seed, 'started_ms', now,
  'extra_ms', extra_ms, 'shift_ms', rules.shift_ms, 'epoch', 0, 'paper', paper, 'shape', shape)
redis.call('HSET', person_key, 'count', ordinal, 'open', ordinal, 'starts', table.concat(today, ','))
redis.call('ZADD', open_key, now + extra_ms - rules.shift_ms, account .. ':' .. ordinal)
if kept then
  redis.call('HSET', unpack(kept))
end
return { 'started', ordinal, now, now }
