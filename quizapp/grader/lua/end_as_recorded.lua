-- End an attempt that SQL has as ended and an older store still as open, with what SQL has recorded of it.
--
-- KEYS: 1 person  2 open  3 attempt
-- ARGV: 1 account  2 ordinal  3 submitted_ms  4 used_ms  5 ended_by  6 score  7 right_count  8 points
--       then position and value, as an answer is held, of each answer
-- Returns: ok · already_submitted: it has ended here too, and nothing is changed
-- Stream: nothing: SQL has it all
local person_key, open_key, attempt_key = KEYS[1], KEYS[2], KEYS[3]
local account, ordinal = ARGV[1], ARGV[2]
local submitted_ms, used_ms, ended_by, score, right_count, points = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]

if redis.call('HEXISTS', attempt_key, 'submitted_ms') == 1 then
  return 'already_submitted'
end
local is_open = redis.call('HGET', person_key, 'open') == ordinal

-- writes from here
redis.call('HSET', attempt_key, 'submitted_ms', submitted_ms, 'used_ms', used_ms, 'ended_by', ended_by, 'score', score,
  'right_count', right_count, 'points', points)
for at = 9, #ARGV, 2 do
  redis.call('HSET', attempt_key, 'a' .. ARGV[at], ARGV[at + 1])
end
if is_open then
  redis.call('HSET', person_key, 'open', 0)
end
redis.call('ZREM', open_key, account .. ':' .. ordinal)
return 'ok'
