-- STAND-IN, not Jitsi's own: whoever comes before a host waits in the lobby. Event room_has_host asks whether somebody
-- is one; the answer here, which others may give before, is yes for a session with a token and for a named user of the
-- conference's own domain. Whoever of that domain is inside has been one. Every such user becomes owner unless
-- wait_for_host_disable_auto_owners. Once a room has a host it is not asked again.
-- Needs muc_lobby_rooms and persistent_lobby on that domain: without them nobody handles the event, and nobody waits.

local jid = require "util.jid";
local lib = module:require "stand_in";

local domain = module:get_option_string("muc_mapper_domain_base");

local function is_named(session, address)
	return session.auth_token or session.username and jid.host(address) == domain;
end

if not module:get_option_boolean("wait_for_host_disable_auto_owners", false) then
	module:hook("muc-occupant-joined", function (event)
		if is_named(event.origin, event.occupant.bare_jid) then
			event.room:set_affiliation(true, event.occupant.bare_jid, "owner");
		end
	end, 2);
end

module:hook("muc-occupant-pre-join", function (event)
	local room, occupant, session = event.room, event.occupant, event.origin;
	if lib.is_admin(occupant.bare_jid) or lib.is_health_check(room.jid) then return; end
	for _, other in room:each_occupant() do
		local there = prosody.full_sessions[other.jid];
		if jid.host(other.bare_jid) == domain or there and there.auth_token then room.has_host = true; end
	end
	if room.has_host then return; end

	if module:fire_event("room_has_host", { room = room, occupant = occupant, session = session }) then
		room:set_members_only(false);
		room:set_persistent(false);
		-- The role was chosen when only members could have one.
		occupant.role = room:get_default_role(room:get_affiliation(occupant.bare_jid)) or "participant";
		module:log("info", "host %s opens %s", occupant.bare_jid, room.jid);
		prosody.events.fire_event("destroy-lobby-room", { room = room, newjid = room.jid, message = "Host arrived." });
	elseif not room:get_members_only() then
		module:log("info", "%s waits for a host of %s", occupant.bare_jid, room.jid);
		prosody.events.fire_event("create-persistent-lobby-room", {
			room = room, reason = "waiting-for-host", skip_display_name_check = true,
		});
	end
end);

module:hook("room_has_host", function (event)
	if is_named(event.session, event.occupant.bare_jid) then return true; end
end);
