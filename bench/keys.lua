-- Each request with another key of a file with one key a line, round and round.
-- wrk … -s keys.lua URL -- FILE

local requests = {}
local last = 0

function init(arguments)
   for key in io.lines(arguments[1]) do
      requests[#requests + 1] = wrk.format("GET", nil, { ["Host"] = wrk.headers["Host"], ["Authorization"] = "Bearer " .. key })
   end
end

function request()
   last = last % #requests + 1
   return requests[last]
end
