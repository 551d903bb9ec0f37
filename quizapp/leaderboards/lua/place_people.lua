-- Puts people where their counted results belong, each in one step, whatever was there before.
--
-- It is a script, because it must know where a person stands now: two refreshers that run at once would otherwise leave
-- a person standing twice. All keys carry the hash tag of KEYS[1]; those of units and buckets are built here, since
-- which they are depends on what is held.
--
-- KEYS: 1 sorted set of all people · 2 hash of scores
-- ARGV: 1 prefix of the generation's keys, then for each person three:
--       account · number of the bucket · the place as text: "packed member score used_ms unit/unit/…"
--       (score in hundredths of a point, used_ms in milliseconds; the last part may be empty)
-- Returns: how many of the people stood elsewhere or nowhere before.
-- Stream entry: none.

local people, scores = KEYS[1], KEYS[2]
local prefix = ARGV[1]

local function parts(place)
  return string.match(place, '^(%d+) (%x+) (%d+) %d+ ([%d/]*)$')
end

-- writes from here
local changed = 0
for first = 2, #ARGV, 3 do
  local account, place = ARGV[first], ARGV[first + 2]
  local bucket = prefix .. 'person:' .. ARGV[first + 1]
  local held = redis.call('HGET', bucket, account)
  if held ~= place then
    if held then
      local _, member, score, units = parts(held)
      redis.call('ZREM', people, member)
      for unit in string.gmatch(units, '%d+') do
        redis.call('ZREM', prefix .. 'unit:' .. unit, member)
      end
      if redis.call('HINCRBY', scores, score, -1) == 0 then
        redis.call('HDEL', scores, score)
      end
    end
    local packed, member, score, units = parts(place)
    redis.call('ZADD', people, packed, member)
    for unit in string.gmatch(units, '%d+') do
      redis.call('ZADD', prefix .. 'unit:' .. unit, packed, member)
    end
    redis.call('HINCRBY', scores, score, 1)
    redis.call('HSET', bucket, account, place)
    changed = changed + 1
  end
end
return changed
