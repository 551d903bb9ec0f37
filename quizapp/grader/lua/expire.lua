-- End and grade attempts whose deadline and grace are over: a bounded batch, the longest due first.
--
-- KEYS: 1 rules  2 key  3 open  4 stream
--       Attempts and persons are built here, under the same hash tag: which are due is known only here.
-- ARGV: 1 hash tag  2 how many at most
-- Returns: {ok, now_ms, ended, lost, still open, ahead_ms}; `lost` were open but have no attempt (to be restored from SQL)
--          · {not_primed | fenced | paused, now_ms, 0, 0, still open, ahead_ms}. ahead_ms is how far the shard's clock is
--          ahead of the store's, which was set back.
-- Stream: f, one entry for the whole batch
--
-- The recorder calls this every second, so that a step of the store's clock is noticed where nobody answers too. With no
-- attempt open, nobody is given time by a clock that goes back: the shard then goes by the store's again.
--@include clock
--@include rules
--@include attempt
--@include grading
--@include ending
local rules_key, key_key, open_key, stream_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local tag, limit = ARGV[1], tonumber(ARGV[2])

local still_open = redis.call('ZCARD', open_key)
local rules = read_rules(rules_key)
local now, kept = read_clock(rules_key, rules)
if not rules then
  return { 'not_primed', now, 0, 0, still_open, 0 }
end
local ahead_ms = kept and kept[5] or rules.ahead_ms
if still_open == 0 then
  kept = (rules.latest_ms > 0 or ahead_ms > 0) and { rules_key, 'latest_ms', 0, 'ahead_ms', 0 }
  now, ahead_ms = now - ahead_ms, 0
end
local code = (rules.fenced and 'fenced') or (rules.paused and 'paused') or 'ok'
-- The set's score is started + extra − shift at the start, so what is due lies below one border for all of them.
local border = '+inf'
if now <= rules.closes_ms + rules.grace_ms then
  border = '(' .. string.format('%d', now - rules.grace_ms - rules.minutes_ms - rules.shift_ms)
end
local due, looked = {}, 0
while code == 'ok' do
  local some = redis.call('ZRANGEBYSCORE', open_key, '-inf', border, 'LIMIT', looked, limit)
  looked = looked + #some
  for _, member in ipairs(some) do
    -- Whoever is given back what an interruption took ends later than the border says.
    local held = #rules.interruptions > 0 and redis.call('HMGET', tag .. ':attempt:' .. member, 'started_ms', 'extra_ms', 'shift_ms')
    if not held or not held[1]
      or now > deadline_of(rules, tonumber(held[1]), tonumber(held[2]), tonumber(held[3])) + rules.grace_ms then
      due[#due + 1] = member
    end
  end
  if #due >= limit or #some < limit then
    break
  end
end
local endings, records, lost = {}, {}, {}
for at = 1, math.min(#due, limit) do
  local member = due[at]
  local account, ordinal = string.match(member, '^(%d+):(%d+)$')
  local attempt_key = tag .. ':attempt:' .. account .. ':' .. ordinal
  local attempt = as_table(redis.call('HGETALL', attempt_key))
  if not attempt.started_ms or attempt.submitted_ms then
    lost[#lost + 1] = member
  else
    local ending = ending_of(attempt, account, ordinal, rules, now, 'deadline', key_key)
    if not ending then
      return { 'not_primed', now, 0, 0, still_open, ahead_ms }
    end
    ending.attempt_key, ending.person_key, ending.member = attempt_key, tag .. ':person:' .. account, member
    endings[#endings + 1] = ending
    records[#records + 1] = ending.record
  end
end

-- writes from here
if #records > 0 then
  redis.call('XADD', stream_key, '*', 'f', table.concat(records, ';'))
end
for _, ending in ipairs(endings) do
  redis.call('HSET', ending.attempt_key, unpack(ending.fields))
  redis.call('HSET', ending.person_key, 'open', 0)
  redis.call('ZREM', open_key, ending.member)
end
for _, member in ipairs(lost) do
  redis.call('ZREM', open_key, member)
end
if kept then
  redis.call('HSET', unpack(kept))
end
return { code, now, #endings, #lost, still_open - #endings - #lost, ahead_ms }
