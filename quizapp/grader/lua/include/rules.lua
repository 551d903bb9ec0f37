-- The competition's rules as primed, or nil where they are not.
local function read_rules(rules_key)
  local held = redis.call('HMGET', rules_key, 'opens_ms', 'closes_ms', 'minutes', 'grace_ms', 'paused_ms', 'shift_ms',
    'attempts_total', 'attempts_per_day', 'partial', 'at_once', 'fenced')
  if not held[1] then
    return nil
  end
  return {
    opens_ms = tonumber(held[1]),
    closes_ms = tonumber(held[2]),
    minutes_ms = held[3] * 60000,
    grace_ms = tonumber(held[4]),
    paused = held[5] ~= '0',
    paused_ms = tonumber(held[5]),
    shift_ms = tonumber(held[6]),
    attempts_total = tonumber(held[7]),     -- nil: no limit
    attempts_per_day = tonumber(held[8]),   -- nil: no limit
    partial = held[9] == '1',
    at_once = held[10] == '1',
    fenced = held[11] == '1',
  }
end

-- When an attempt ends by itself. Derived, never stored: one change of the rules reaches every running attempt.
local function deadline_of(rules, started_ms, extra_ms, shift_ms)
  return math.min(started_ms + rules.minutes_ms + extra_ms + rules.shift_ms - shift_ms, rules.closes_ms)
end
