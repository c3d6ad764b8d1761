-- Refuses a stanza of somebody who may not send it: its sender gets an error with the text, and it goes no further. What is
-- an answer itself gets none.

local st = require "util.stanza";

return function (event, text)
	local stanza = event.stanza;
	if stanza.attr.type ~= "error" and stanza.attr.type ~= "result" then
		event.origin.send(st.error_reply(stanza, "cancel", "not-allowed", text));
	end
	return true;
end
