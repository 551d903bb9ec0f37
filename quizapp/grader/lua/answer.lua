-- Save the answers of one or more attempts of a shard.
--
-- KEYS: 1 rules  2 key  3 stream  then one attempt a call, none twice
-- ARGV: of each attempt in turn: account, ordinal, epoch, number of answers, then position, chosen, sequence of each
--       (chosen: a bit mask of letters as shown, 0 for none)
-- Returns: {now_ms, reply …}; a reply is {ok, deadline_ms, outcome, chosen, right mask …} with three values an answer, or
--          {no_attempt, 0} · {not_primed, 0}. Outcomes: saved · outdated · superseded · already_final · already_submitted ·
--          fenced · paused · deadline_passed · bad_position · bad_choice. `chosen` is what is held after the call; the
--          right mask is −1 unless the competition shows right or wrong at once.
-- Stream: a, one entry for the whole call
--
-- An answer is held as "chosen|epoch|sequence|answered_ms|right mask". The repeat of a held answer is `saved` whatever
-- has happened since: its first reply was lost, not its answer.
--@include clock
--@include rules
--@include grading
local rules_key, key_key, stream_key = KEYS[1], KEYS[2], KEYS[3]

local rules = read_rules(rules_key)
local now, kept = read_clock(rules_key, rules)
local replies = { now }
if not rules then
  for i = 4, #KEYS do
    replies[i - 2] = { 'not_primed', 0 }
  end
  return replies
end

local KINDS = { s = 'single', j = 'judge', m = 'multiple' }

-- The right mask in the letters shown at a position, where it is shown at once; nil if the answer key lacks it.
local function right_at(attempt_key, position)
  local place = places_of(redis.call('HGET', attempt_key, 'paper'))[tonumber(position)]
  local held = redis.call('HGET', key_key, place.ordinal)
  return held and shown_mask(tonumber(string.match(held, '^%d+')), place.options)
end

local records, writes = {}, {}
local at = 1
for i = 4, #KEYS do
  local attempt_key = KEYS[i]
  local account, ordinal, epoch, count = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  at = at + 4
  local names = { 'epoch', 'started_ms', 'extra_ms', 'shift_ms', 'submitted_ms', 'shape' }
  for n = 0, count - 1 do
    names[7 + n] = 'a' .. ARGV[at + 3 * n]
  end
  local held = redis.call('HMGET', attempt_key, unpack(names))
  if not held[2] then
    replies[i - 2] = { 'no_attempt', 0 }
    at = at + 3 * count
  else
    local deadline = deadline_of(rules, tonumber(held[2]), tonumber(held[3]), tonumber(held[4]))
    local newest, shape, reply = tonumber(held[1]), held[6], { 'ok', deadline }
    -- What stands against every answer of this attempt, if anything does.
    local refusal = (epoch < newest and 'superseded') or (held[5] and 'already_submitted') or (rules.fenced and 'fenced')
      or (rules.paused and 'paused') or (now > deadline + rules.grace_ms and 'deadline_passed')
    local fresh, changed = {}, nil
    for n = 1, count do
      local position, chosen, sequence = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
      at = at + 3
      local value = fresh[position] or held[6 + n]
      local had, had_epoch, had_sequence, had_right = 0, -1, -1, -1
      if value then
        local a, b, c, d = string.match(value, '^(%d+)|(%d+)|(%d+)|%d+|(%-?%d+)$')
        had, had_epoch, had_sequence, had_right = tonumber(a), tonumber(b), tonumber(c), tonumber(d)
      end
      local kind = KINDS[string.sub(shape, 2 * position - 1, 2 * position - 1)]
      local outcome
      if had_epoch == epoch and had_sequence == sequence then
        outcome = 'saved'
      elseif refusal then
        outcome = refusal
      elseif not kind then
        outcome = 'bad_position'
      elseif had_right >= 0 then
        outcome = 'already_final'
      elseif had_epoch == epoch and had_sequence > sequence then
        outcome = 'outdated'
      elseif chosen >= bit.lshift(1, tonumber(string.sub(shape, 2 * position, 2 * position)))
        or (kind ~= 'multiple' and bit.band(chosen, chosen - 1) ~= 0)
        or (chosen == 0 and rules.at_once) then
        outcome = 'bad_choice'
      else
        local right = rules.at_once and right_at(attempt_key, position) or -1
        if rules.at_once and right < 0 then
          return redis.error_reply('QUIZ not_primed')
        end
        outcome, had, had_right = 'saved', chosen, right
        fresh[position] = table.concat({ chosen, epoch, sequence, now, right }, '|')
        records[#records + 1] = table.concat({ account, ordinal, position, chosen, epoch, sequence, now }, '|')
        changed = changed or { attempt_key, 'epoch', math.max(epoch, newest) }
        changed[#changed + 1] = 'a' .. position
        changed[#changed + 1] = fresh[position]
      end
      reply[3 * n] = outcome
      reply[3 * n + 1] = had
      reply[3 * n + 2] = had_right
    end
    replies[i - 2] = reply
    writes[#writes + 1] = changed
  end
end

-- writes from here
if #records > 0 then
  redis.call('XADD', stream_key, '*', 'a', table.concat(records, ';'))
  for _, fields in ipairs(writes) do
    redis.call('HSET', unpack(fields))
  end
  if kept then
    redis.call('HSET', unpack(kept))
  end
end
return replies
