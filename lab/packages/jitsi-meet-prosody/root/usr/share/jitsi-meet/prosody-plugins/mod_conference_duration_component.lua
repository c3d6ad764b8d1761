-- STAND-IN, not Jitsi's own: tells every occupant of muc_component since when the meeting runs.

local json = require "util.json";
local st = require "util.stanza";
local lib = module:require "stand_in";

lib.when_muc(assert(module:get_option_string("muc_component")), function (muc)
	muc:hook("muc-occupant-joined", function (event)
		local room = event.room;
		room.created_timestamp = room.created_timestamp or tostring(os.time() * 1000);
		local content = { type = "conference_duration", created_timestamp = room.created_timestamp };
		module:send(st.message({ from = module.host, to = event.occupant.jid })
			:tag("json-message", { xmlns = "http://jitsi.org/jitmeet" }):text(json.encode(content)));
	end);
end);

lib.announce("conference_duration");
