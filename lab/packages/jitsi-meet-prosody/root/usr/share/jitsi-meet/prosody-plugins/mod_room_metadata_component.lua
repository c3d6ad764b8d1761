-- STAND-IN, not Jitsi's own: sends every occupant of muc_component the room's metadata on entering.
-- Left out: changing it, breakout rooms, TURN credentials (clients fall back to asking mod_external_services).

local json = require "util.json";
local st = require "util.stanza";
local lib = module:require "stand_in";

lib.when_muc(assert(module:get_option_string("muc_component")), function (muc)
	muc:hook("muc-occupant-joined", function (event)
		local content = { type = "room_metadata", metadata = event.room.jitsiMetadata or {} };
		module:send(st.message({ from = module.host, to = event.occupant.jid })
			:tag("json-message", { xmlns = "http://jitsi.org/jitmeet", room = event.room.jid }):text(json.encode(content)));
	end);
end);

lib.announce("room_metadata");
