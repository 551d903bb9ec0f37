-- Put a competition's rules and answer key into one shard, whole or not at all.
--
-- KEYS: 1 rules  2 key
-- ARGV: 1 as_of_ms: the store's time just before the rules were read from SQL (0: unknown, never refused)
--       2 number of rule fields  then field, value of each  then ordinal, "right mask|type" of each question
-- Returns: ok · stale: rules that were read later are in force, nothing is changed
-- Stream: nothing
--
-- Rules in force from a moment that has not come yet were read before the store's clock was set back, and hold up none.
-- The shift never shrinks here, and a fence is taken down by a later close alone: a process that read the competition
-- before it was frozen or resumed must not undo that. Nobody moves the close of what is being frozen, so a fence that
-- stands before a later one was left behind by a freeze that was killed.
--@include clock
local rules_key, key_key = KEYS[1], KEYS[2]
local as_of_ms, count = tonumber(ARGV[1]), tonumber(ARGV[2])

local held = redis.call('HMGET', rules_key, 'as_of_ms', 'fenced', 'shift_ms', 'closes_ms')
local in_force_ms = tonumber(held[1] or 0)
if in_force_ms > read_clock() then
  in_force_ms = 0
end
if as_of_ms > 0 and as_of_ms < in_force_ms then
  return 'stale'
end
local later_close = false
for i = 3, 2 + 2 * count, 2 do
  later_close = later_close or (ARGV[i] == 'closes_ms' and held[4] and tonumber(ARGV[i + 1]) > tonumber(held[4]))
end
local fields = {}
for i = 3, 2 + 2 * count, 2 do
  local name, value = ARGV[i], ARGV[i + 1]
  if name == 'fenced' and held[2] == '1' and not later_close then
    value = '1'
  elseif name == 'shift_ms' and held[3] and tonumber(held[3]) > tonumber(value) then
    value = held[3]
  end
  fields[#fields + 1] = name
  fields[#fields + 1] = value
end
local latest_ms = math.max(as_of_ms, in_force_ms)

-- writes from here
redis.call('HSET', rules_key, 'as_of_ms', string.format('%d', latest_ms), unpack(fields))
redis.call('DEL', key_key)
-- In portions: unpack can't spread a whole bank over one call.
for first = 3 + 2 * count, #ARGV, 2000 do
  redis.call('HSET', key_key, unpack(ARGV, first, math.min(first + 1999, #ARGV)))
end
return 'ok'
