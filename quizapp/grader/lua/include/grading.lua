-- A question's right mask ("right mask|type" in the answer key) in the letters that this attempt shows.
-- `options` holds one digit a letter: the option behind it.
local function shown_mask(right, options)
  local mask = 0
  for letter = 1, #options do
    if bit.band(right, bit.lshift(1, tonumber(string.sub(options, letter, letter)))) ~= 0 then
      mask = mask + bit.lshift(1, letter - 1)
    end
  end
  return mask
end

local function count_bits(mask)
  local count = 0
  while mask > 0 do
    count = count + mask % 2
    mask = math.floor(mask / 2)
  end
  return count
end

-- What a choice is worth, in hundredths of a point; choice and right mask in the same letters.
local function points_for(kind, chosen, right, points, partial)
  if chosen == right then
    return points
  end
  if partial and kind == 'multiple' and chosen > 0 and bit.band(chosen, right) == chosen then
    return math.floor(points * count_bits(chosen) / count_bits(right))
  end
  return 0
end

-- The places of a packed paper: "ordinal.points.options" joined by ";".
local function places_of(paper)
  local places = {}
  for ordinal, points, options in string.gmatch(paper, '(%d+)%.(%d+)%.(%d+)') do
    places[#places + 1] = { ordinal = ordinal, points = tonumber(points), options = options }
  end
  return places
end

-- Grade a whole attempt (its hash as a table). Returns score, number right and the points of each position joined by
-- ","; nil if the answer key lacks one of its questions.
local function grade(attempt, key_key, partial)
  local places = places_of(attempt.paper)
  local ordinals = {}
  for position, place in ipairs(places) do
    ordinals[position] = place.ordinal
  end
  local keys = redis.call('HMGET', key_key, unpack(ordinals))
  local score, right_count, each = 0, 0, {}
  for position, place in ipairs(places) do
    if not keys[position] then
      return nil
    end
    local right, kind = string.match(keys[position], '^(%d+)|(%a+)$')
    local held = attempt['a' .. position]
    local chosen = held and tonumber(string.match(held, '^%d+')) or 0
    local right_shown = shown_mask(tonumber(right), place.options)
    local points = points_for(kind, chosen, right_shown, place.points, partial)
    if chosen == right_shown then
      right_count = right_count + 1
    end
    score = score + points
    each[position] = points
  end
  return score, right_count, table.concat(each, ',')
end
