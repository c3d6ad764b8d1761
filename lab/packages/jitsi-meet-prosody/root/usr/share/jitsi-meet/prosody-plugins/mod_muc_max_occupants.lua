-- STAND-IN, not Jitsi's own: no more than muc_max_occupants in a room; muc_access_whitelist (addresses or hosts)
-- may always enter and is not counted.

local st = require "util.stanza";
local lib = module:require "stand_in";

local limit = module:get_option_number("muc_max_occupants");
local whitelist = module:get_option_set("muc_access_whitelist", {});

module:hook("muc-occupant-pre-join", function (event)
	local stanza, room = event.stanza, event.room;
	if not limit or lib.listed(whitelist, stanza.attr.from) then return; end
	local count = 0;
	for _, occupant in room:each_occupant() do
		if not lib.listed(whitelist, occupant.bare_jid) then count = count + 1; end
	end
	if count >= limit then
		event.origin.send(st.error_reply(stanza, "cancel", "service-unavailable", "The room is full"));
		return true;
	end
end, 7);
