/** How long reports are kept after the last one, in milliseconds. */
const keptMs = 24 * 3_600_000;

const now = `local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`;
const fenced = `if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then return false end
`;

/** What the store in Redis runs. All keys of a script are in one hash slot: of the state, the reports, when versions were heard of, and units. */
export const scripts: Readonly<Record<"sync" | "cas" | "claim" | "collect" | "fold" | "conclude" | "forget", string>> =
  {
    /** ARGV: process, row, version, units as JSON or nothing, known id, known verdict. */
    sync: `${now}redis.call('HSET', KEYS[2], ARGV[1], now .. ' ' .. ARGV[2])
redis.call('HSET', KEYS[3], ARGV[3], now)
redis.call('PEXPIRE', KEYS[2], ${keptMs})
redis.call('PEXPIRE', KEYS[3], ${keptMs})
if ARGV[4] ~= '' then
  redis.call('RPUSH', KEYS[4], ARGV[4])
  redis.call('PEXPIRE', KEYS[4], ${keptMs})
end
local kept = redis.call('HMGET', KEYS[1], 'id', 'version', 'verdictAt', 'judge', 'until')
local state, verdict, judge, heard = '', '', '', ''
if kept[1] and kept[1] ~= ARGV[5] then state = redis.call('HGET', KEYS[1], 'state') end
if kept[3] and kept[3] ~= ARGV[6] then verdict = redis.call('HGET', KEYS[1], 'verdict') end
if kept[4] and tonumber(kept[5]) > now then judge = kept[4] end
if kept[2] and kept[2] ~= ARGV[3] then heard = redis.call('HGET', KEYS[3], kept[2]) or '' end
return {tostring(now), kept[1] and '1' or '', state, verdict, judge, heard}`,
    /** ARGV: expected id or nothing, id, state, version, channel, message. */
    cas: `if (redis.call('HGET', KEYS[1], 'id') or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'id', ARGV[2], 'state', ARGV[3], 'version', ARGV[4])
redis.call('PUBLISH', ARGV[5], ARGV[6])
return 1`,
    /** ARGV: process, milliseconds. The fence is a time, so that it grows over what was forgotten or lost as well. */
    claim: `${now}local kept = redis.call('HMGET', KEYS[1], 'id', 'judge', 'until', 'fence')
if not kept[1] then return false end
local isHeld = kept[2] and tonumber(kept[3]) > now
if isHeld and kept[2] ~= ARGV[1] then return false end
local fence = tonumber(kept[4] or '0')
if not isHeld then fence = math.max(fence + 1, now) end
redis.call('HSET', KEYS[1], 'judge', ARGV[1], 'until', now + tonumber(ARGV[2]), 'fence', fence)
return fence`,
    /** ARGV: fence, how many rows of units are known, after how many folds; after more of those, or of a shorter list, all are read. */
    collect: `${fenced}${now}local folds, from = redis.call('HGET', KEYS[1], 'folds') or '0', tonumber(ARGV[2])
if folds ~= ARGV[3] or redis.call('LLEN', KEYS[4]) < from then from = 0 end
return {tostring(now), redis.call('HGET', KEYS[1], 'kept') or '', redis.call('HGET', KEYS[1], 'through') or '',
  redis.call('HVALS', KEYS[2]), tostring(from), folds, redis.call('LRANGE', KEYS[4], from, -1)}`,
    /** ARGV: fence, after how many folds, how many rows, what they are merged into. */
    fold: `${fenced}if (redis.call('HGET', KEYS[1], 'folds') or '0') ~= ARGV[2] then return false end
redis.call('LTRIM', KEYS[4], ARGV[3], -1)
for at = 4, #ARGV do redis.call('LPUSH', KEYS[4], ARGV[at]) end
if #ARGV > 3 then redis.call('PEXPIRE', KEYS[4], ${keptMs}) end
return redis.call('HINCRBY', KEYS[1], 'folds', 1)`,
    /** ARGV: fence, verdict, its time, what is kept or nothing, through or nothing, processes. Of versions that nobody runs any more nothing is kept. */
    conclude: `${fenced}${now}redis.call('HSET', KEYS[1], 'verdict', ARGV[2], 'verdictAt', ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'kept', ARGV[4]) end
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'through', ARGV[5]) end
for at = 6, #ARGV do redis.call('HDEL', KEYS[2], ARGV[at]) end
if #ARGV > 5 then
  local heard = redis.call('HGETALL', KEYS[3])
  for at = 1, #heard, 2 do
    if tonumber(heard[at + 1]) < now - ${keptMs} then redis.call('HDEL', KEYS[3], heard[at]) end
  end
end
return 1`,
    forget: `return redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])`,
  };
