-- The shard's clock, in milliseconds since 1970: the only clock on the answer path. It is the store's TIME, but never goes
-- back: set back, TIME is read as so much ahead from then on, so that a running attempt has as long as it would have had. A
-- step forward of more than STEP_MS then undoes that first. What has to be kept for the next call (nil: nothing) comes
-- second, and is written once in KEPT_MS at most: so much, or the recorder's second where nobody answers, a step back gives.
-- A shard where nothing is open goes by TIME again (see expire.lua).
local STEP_MS, KEPT_MS = 5000, 100

local function read_clock(rules_key, rules)
  local time = redis.call('TIME')
  local store_ms = time[1] * 1000 + math.floor(time[2] / 1000)
  if not rules then
    return store_ms
  end
  local ahead_ms, now = rules.ahead_ms, store_ms + rules.ahead_ms
  if now < rules.latest_ms or (ahead_ms > 0 and now - rules.latest_ms > STEP_MS) then
    ahead_ms = math.max(0, rules.latest_ms - store_ms)
    now = store_ms + ahead_ms
  end
  if ahead_ms ~= rules.ahead_ms or now - rules.latest_ms >= KEPT_MS then
    return now, { rules_key, 'latest_ms', now, 'ahead_ms', ahead_ms }
  end
  return now
end
