-- Give a person's attempts back to a store that has lost them, from what SQL has recorded. Never takes anything away:
-- what the store still holds and is newer stays.
--
-- KEYS: 1 rules  2 person  3 open  4 attempt (the one that SQL holds as open; unused if there is none)
-- ARGV: 1 account  2 attempts known to SQL  3 their starts in ms, joined by ","  4 ordinal of the open one (0: none)
--       then, if one is open: 5 organization  6 seed  7 started_ms  8 extra_ms  9 shift_ms  10 paper  11 shape
--       12 epoch from which the attempt goes on, then position, chosen, epoch, sequence, answered_ms, right mask of each answer
-- Returns: ok · not_primed
-- Stream: nothing: SQL has it all
--
-- A restored attempt goes on at an epoch above all that could have been given out before, so that a page that was opened
-- before the loss is told `superseded` and opens again, instead of sharing its epoch with another device. And the shard's
-- clock does not fall behind what SQL knows to have happened: that its last moment was lost gives nobody time.
--@include rules
local rules_key, person_key, open_key, attempt_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local account, known, starts, ordinal = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local organization, seed, started_ms, extra_ms, shift_ms = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local paper, shape, epoch = ARGV[10], ARGV[11], ARGV[12]

local rules = read_rules(rules_key)
if not rules then
  return 'not_primed'
end
local person = redis.call('HMGET', person_key, 'count', 'open')
local behind = tonumber(person[1] or 0) < known
local attempt = ordinal > 0 and redis.call('HMGET', attempt_key, 'started_ms', 'submitted_ms') or {}
local missing = ordinal > 0 and not attempt[1]
local answers = {}
local latest_ms = ordinal > 0 and tonumber(started_ms) or 0
if ordinal > 0 and not attempt[2] then
  for at = 13, #ARGV, 6 do
    latest_ms = math.max(latest_ms, tonumber(ARGV[at + 4]))
    local position, had_epoch, had_sequence = ARGV[at], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    local held = redis.call('HGET', attempt_key, 'a' .. position)
    local held_epoch, held_sequence = string.match(held or '', '^%d+|(%d+)|(%d+)|')
    held_epoch, held_sequence = tonumber(held_epoch or -1), tonumber(held_sequence or -1)
    if held_epoch < had_epoch or (held_epoch == had_epoch and held_sequence < had_sequence) then
      answers[#answers + 1] = 'a' .. position
      answers[#answers + 1] = table.concat({ ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5] }, '|')
    end
  end
end

-- writes from here
if behind then
  redis.call('HSET', person_key, 'count', known, 'starts', starts)
end
if missing then
  redis.call('HSET', attempt_key, 'organization', organization, 'seed', seed, 'started_ms', started_ms,
    'extra_ms', extra_ms, 'shift_ms', shift_ms, 'paper', paper, 'shape', shape, 'epoch', epoch)
  redis.call('HSET', person_key, 'open', ordinal)
  redis.call('ZADD', open_key, started_ms + extra_ms - shift_ms, account .. ':' .. ordinal)
elseif #answers > 0 then
  redis.call('HINCRBY', attempt_key, 'epoch', 1000)
end
if #answers > 0 then
  redis.call('HSET', attempt_key, unpack(answers))
end
if latest_ms > rules.latest_ms then
  redis.call('HSET', rules_key, 'latest_ms', latest_ms)
end
return 'ok'
