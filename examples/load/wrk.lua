-- Sends the head in the file args[1], args[2] times at once. All servers respond to "/", so what
-- is the target in the file becomes the query.
function init(args)
	local file = io.open(args[1], "rb")
	local text = file:read("*a"):gsub("GET /", "GET /?", 1):rep(tonumber(args[2]))
	file:close()
	wrk.format = function() return text end
end

function done(summary)
	local e = summary.errors
	print(summary.requests, summary.requests / summary.duration * 1e6, e.connect + e.read + e.write + e.status + e.timeout)
end
