-- Each request posts the next line of a file as a form, in rotation.
-- wrk … -s forms.lua URL -- FILE

local requests = {}
local last = 0

function init(arguments)
   local headers = { ["Host"] = wrk.headers["Host"], ["Content-Type"] = "application/x-www-form-urlencoded" }
   for line in io.lines(arguments[1]) do
      requests[#requests + 1] = wrk.format("POST", nil, headers, line)
   end
end

function request()
   last = last % #requests + 1
   return requests[last]
end
