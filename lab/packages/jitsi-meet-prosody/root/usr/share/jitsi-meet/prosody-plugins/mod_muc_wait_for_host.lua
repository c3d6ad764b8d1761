-- STAND-IN, not Jitsi's own: whoever comes before a host waits in the lobby. A host is a session with a token or
-- a named user of the conference's own domain; every host becomes owner unless wait_for_host_disable_auto_owners.
-- Needs muc_lobby_rooms and persistent_lobby on that domain: without them nobody handles the event, and nobody waits.

local jid = require "util.jid";

local domain = module:get_option_string("muc_mapper_domain_base");
local auto_owners = not module:get_option_boolean("wait_for_host_disable_auto_owners", false);

module:hook("muc-occupant-pre-join", function (event)
	local room, from = event.room, event.stanza.attr.from;
	if room:get_affiliation(from) == "owner" and jid.resource(event.stanza.attr.to) == "focus" then return; end

	if event.origin.auth_token or jid.host(from) == domain then
		if auto_owners then
			room:set_affiliation(true, jid.bare(from), "owner", "host");
		end
		if not room.has_host then
			room.has_host = true;
			module:log("info", "host %s opens %s", jid.bare(from), room.jid);
			prosody.events.fire_event("destroy-lobby-room", { room = room, newjid = room.jid, message = "Host arrived." });
		end
		-- The role was chosen before the host became owner and the room open.
		event.occupant.role = room:get_default_role(room:get_affiliation(from));
	elseif not room.has_host then
		module:log("info", "%s waits for a host of %s", from, room.jid);
		prosody.events.fire_event("create-persistent-lobby-room", { room = room, reason = "waiting-for-host" });
	end
end, 2);
