-- STAND-IN, not Jitsi's own: no room of this component is listed, and nobody outside a room is told anything about it.

local jid = require "util.jid";
local st = require "util.stanza";
local lib = module:require "stand_in";

module:hook("muc-room-pre-create", function (event)
	event.room:set_hidden(true);
end, -1);

local function forbid(event)
	local room = lib.room(jid.bare(event.stanza.attr.to));
	if not room or room:get_occupant_by_real_jid(event.stanza.attr.from) then return; end
	event.origin.send(st.error_reply(event.stanza, "auth", "forbidden"));
	return true;
end

module:hook("iq-get/bare/http://jabber.org/protocol/disco#info:query", forbid, 1);
module:hook("iq-get/host/http://jabber.org/protocol/disco#info:query", forbid, 1);
