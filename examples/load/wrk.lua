-- Sends the bytes of the file args[1].
function init(args)
	local file = io.open(args[1], "rb")
	local text = file:read("*a")
	file:close()
	wrk.format = function() return text end
end
