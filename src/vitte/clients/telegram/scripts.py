"""The limits as Redis scripts, so that many processes count as one. Times come from Redis's own clock."""

WINDOW = 2.0
"""Seconds in which requests for a pause are counted together."""
_MIN_HITS = 3
_MIN_SHARE = 0.5

# KEYS: pause of all, pause of the chat, prefix of the counters of calls, then one a cell.
# ARGV: interval, tolerance and longest wait in seconds, and 1 for a cell that only counts, of each cell.
# Returns {1, milliseconds to wait before the call} or {0, milliseconds before asking again}.
ACQUIRE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local paused = math.max(redis.call('PTTL', KEYS[1]), redis.call('PTTL', KEYS[2]))
if paused > 0 then return {0, paused} end
local longest, booked = 0, {}
for index = 4, #KEYS do
    local at = (index - 4) * 4
    local interval, tolerance = ARGV[at + 1] * 1000, ARGV[at + 2] * 1000
    local arrival = math.max(tonumber(redis.call('GET', KEYS[index]) or '0'), now)
    if ARGV[at + 4] == '1' then
        booked[index] = math.min(arrival + interval, now + tolerance)
    else
        local wait = arrival - tolerance - now
        if wait > ARGV[at + 3] * 1000 then return {0, math.ceil(wait)} end
        longest = math.max(longest, wait)
        booked[index] = arrival + interval
    end
end
for index, arrival in pairs(booked) do
    redis.call('SET', KEYS[index], string.format('%.3f', arrival), 'PX', math.ceil(arrival - now) + 1000)
end
local calls = KEYS[3] .. time[1]
redis.call('INCR', calls)
redis.call('EXPIRE', calls, 5)
return {1, math.ceil(longest)}
"""

# KEYS: pause of all, pause of the chat. Returns the milliseconds left of the longer one.
PAUSED = "return math.max(redis.call('PTTL', KEYS[1]), redis.call('PTTL', KEYS[2]), 0)"

# KEYS: pause of all, pause of the chat, prefix of the counters of calls, the set of chats that reported.
# ARGV: seconds to pause, the chat. Returns 1 when all chats are to pause.
REPORT = f"""
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local pause = math.ceil(ARGV[1] * 1000)
if redis.call('PTTL', KEYS[2]) < pause then redis.call('SET', KEYS[2], '1', 'PX', pause) end
redis.call('ZADD', KEYS[4], now, ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - {WINDOW * 1000})
redis.call('EXPIRE', KEYS[4], 10)
local hits, calls = redis.call('ZCARD', KEYS[4]), 0
for ago = 0, {WINDOW:.0f} do calls = calls + (redis.call('GET', KEYS[3] .. (time[1] - ago)) or 0) end
if hits < {_MIN_HITS} or hits < calls * {_MIN_SHARE} then return 0 end
if redis.call('PTTL', KEYS[1]) < pause then redis.call('SET', KEYS[1], '1', 'PX', pause) end
return 1
"""


def concerns_all(*, hits: int, calls: int) -> bool:
    """Tell whether so many chats asked for a pause, out of so many calls, that it is meant for all.

    A few chats among many that are served have limits of their own; when most calls are put off, the whole
    bot is.
    """
    return hits >= _MIN_HITS and hits >= calls * _MIN_SHARE
