-- The store's own clock, in milliseconds since 1970: the only clock on the answer path.
local function read_clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
