-- Reads rows of a people's board with what is held of each person, in one step: none has moved between the two.
--
-- It is a script, because a command a person costs a page of a hundred more than all the rest of it. The keys of buckets
-- are built here, since which they are depends on who stands there; they carry the hash tag of KEYS[1].
--
-- KEYS: 1 sorted set of people
-- ARGV: 1 prefix of the generation's keys · 2 first row, from 0 · 3 last row · 4 people a bucket
-- Returns: for each row three: member · packed score · the place as text (see place_people.lua), false for who is gone.
-- Stream entry: none.

local rows = redis.call('ZRANGE', KEYS[1], ARGV[2], ARGV[3], 'WITHSCORES')
local found = {}
for row = 1, #rows, 2 do
  local account = tonumber(string.sub(rows[row], 12), 16)
  local bucket = ARGV[1] .. 'person:' .. string.format('%d', math.floor(account / ARGV[4]))
  found[#found + 1] = rows[row]
  found[#found + 1] = rows[row + 1]
  found[#found + 1] = redis.call('HGET', bucket, string.format('%d', account))
end
return found
