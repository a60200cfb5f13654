-- Each request with the next line of a file, in rotation: a key, or a whole header as "Name: value".
-- wrk … -s keys.lua URL -- FILE

local requests = {}
local last = 0

function init(arguments)
   for line in io.lines(arguments[1]) do
      local name, value = line:match("^([%w-]+): (.*)$")
      local headers = { ["Host"] = wrk.headers["Host"], [name or "Authorization"] = value or ("Bearer " .. line) }
      requests[#requests + 1] = wrk.format("GET", nil, headers)
   end
end

function request()
   last = last % #requests + 1
   return requests[last]
end
