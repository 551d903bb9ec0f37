-- Put a shard's fence up, so that nothing is written any more, or take it down.
--
-- KEYS: 1 rules
-- ARGV: 1 "1": up, "0": down
-- Returns: ok · not_primed
-- Stream: nothing
local rules_key = KEYS[1]
local fenced = ARGV[1]

if redis.call('EXISTS', rules_key) == 0 then
  return 'not_primed'
end

-- writes from here
redis.call('HSET', rules_key, 'fenced', fenced)
return 'ok'
