-- STAND-IN, not Jitsi's own: refuses joins above muc_rate_joins a second (default 3, with a burst of ten times that)
-- in one room. Left out: the real one queues them, and limits leaving too.

local st = require "util.stanza";
local throttle = require "util.throttle";

local rate = module:get_option_number("muc_rate_joins", 3);

module:hook("muc-occupant-pre-join", function (event)
	local room = event.room;
	room.join_throttle = room.join_throttle or throttle.create(rate * 10, 10);
	if not room.join_throttle:poll(1) then
		event.origin.send(st.error_reply(event.stanza, "wait", "resource-constraint", "Too many joins at once"));
		return true;
	end
end, 9);
