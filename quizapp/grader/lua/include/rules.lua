-- The competition's rules as primed, or nil where they are not.
local function read_rules(rules_key)
  local held = redis.call('HMGET', rules_key, 'opens_ms', 'closes_ms', 'minutes', 'grace_ms', 'paused_ms', 'shift_ms',
    'attempts_total', 'attempts_per_day', 'partial', 'at_once', 'fenced', 'interruptions', 'latest_ms', 'ahead_ms')
  if not held[1] then
    return nil
  end
  local interruptions = {}
  for begun_ms, over_ms in string.gmatch(held[12] or '', '(%d+)-(%d+)') do
    interruptions[#interruptions + 1] = { begun_ms = tonumber(begun_ms), over_ms = tonumber(over_ms) }
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
    interruptions = interruptions,
    latest_ms = tonumber(held[13] or 0),   -- these two are the clock's
    ahead_ms = tonumber(held[14] or 0),
  }
end

-- When an attempt would end without interruptions.
local function base_deadline_of(rules, started_ms, extra_ms, shift_ms)
  return math.min(started_ms + rules.minutes_ms + extra_ms + rules.shift_ms - shift_ms, rules.closes_ms)
end

-- What an attempt gets back: of each interruption what lies after its start, if it began before the attempt's end.
local function given_back(rules, started_ms, base_ms)
  local given = 0
  for _, each in ipairs(rules.interruptions) do
    if each.begun_ms < base_ms + given then
      given = given + math.max(0, each.over_ms - math.max(each.begun_ms, started_ms))
    end
  end
  return given
end

-- When an attempt ends by itself. Derived, never stored: one change of the rules reaches every running attempt.
local function deadline_of(rules, started_ms, extra_ms, shift_ms)
  local base_ms = base_deadline_of(rules, started_ms, extra_ms, shift_ms)
  return base_ms + given_back(rules, started_ms, base_ms)
end
