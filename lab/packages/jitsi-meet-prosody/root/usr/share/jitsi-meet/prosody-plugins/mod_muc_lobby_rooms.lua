-- STAND-IN, not Jitsi's own: a lobby is a second room, ROOM@lobby_muc, beside a members-only room. Who is no member
-- is refused with registration-required and told the lobby's address; a moderator lets them in by an invitation.
-- Hosts in muc_lobby_whitelist pass. Rights in the lobby are those in the room. People in it do not see each other, and
-- of what the lobby says nobody gets more than their own presence, who waits (moderators), disco, and messages to or
-- from moderators: an answer to any other question never arrives.
-- Left out: moderators are not told who was let in or refused.

local filters = require "util.filters";
local jid = require "util.jid";
local st = require "util.stanza";
local lib = module:require "stand_in";

local JITMEET = "http://jitsi.org/jitmeet";
local MUC = "http://jabber.org/protocol/muc";

local main_muc = assert(module:get_option_string("main_muc"), "muc_lobby_rooms needs main_muc");
local lobby_muc = assert(module:get_option_string("lobby_muc"), "muc_lobby_rooms needs lobby_muc");
local whitelist = module:get_option_set("muc_lobby_whitelist", {});
local lobbies;

local function metadata_changed(room, enabled)
	room.jitsiMetadata = room.jitsiMetadata or {};
	room.jitsiMetadata.lobbyEnabled = enabled;
	module:context(main_muc):fire_event("room-metadata-changed", { room = room });
end

local function configuration_changed(room)
	room:broadcast_message(st.message({ type = "groupchat", from = room.jid })
		:tag("x", { xmlns = MUC .. "#user" }):tag("status", { code = "104" }));
end

local function attach(room)
	local address = jid.join((jid.split(room.jid)), lobby_muc);
	if lobbies.get_room_from_jid(address) then return false; end
	local lobby = assert(lobbies.create_room(address));
	lobby:set_persistent(true); -- it is there as long as the room asks for it, whoever comes and goes
	lobby.main_room = room;
	room._data.lobbyroom = address;
	return true;
end

local function close(room, newjid, message)
	local lobby = lobbies and room._data.lobbyroom and lobbies.get_room_from_jid(room._data.lobbyroom);
	if lobby then
		lobby:set_persistent(false);
		lobby:destroy(newjid, message or "The lobby is closed.");
		if room.jitsiMetadata then metadata_changed(room, false); end
	end
	room._data.lobbyroom, room._data.lobby_reason, room._data.needs_no_name = nil, nil, nil;
end

-- Asked for by a module, which tells the room's metadata itself.
module:hook_global("create-lobby-room", function (event)
	local room = event.room;
	for _, occupant in room:each_occupant() do -- who is in stays in
		local affiliation = room:get_affiliation(occupant.bare_jid);
		if not affiliation or affiliation == "none" then room:set_affiliation(true, occupant.bare_jid, "member"); end
	end
	room:set_members_only(true);
	room._data.lobby_reason, room._data.needs_no_name = event.reason, event.skip_display_name_check;
	room.jitsiMetadata = room.jitsiMetadata or {};
	room.jitsiMetadata.lobbyEnabled = true;
	configuration_changed(room);
	attach(room);
end);

module:hook_global("destroy-lobby-room", function (event)
	close(event.room, event.newjid, event.message);
	configuration_changed(event.room);
end);

local function passes(room, stanza, join)
	local password = join:get_child_text("password", MUC);
	return lib.listed(whitelist, stanza.attr.from) or password and password == room:get_password();
end

local function refusal(stanza, kind, condition, code, more)
	local reply = st.error_reply(stanza, kind, condition);
	reply.tags[1].attr.code = code;
	for _, tag in ipairs(more) do reply:add_child(tag); end
	reply:up();
	return reply:tag("x", { xmlns = MUC });
end

lib.when_muc(main_muc, function (main)
	main:hook("muc-occupant-pre-join", function (event)
		local room, stanza, occupant = event.room, event.stanza, event.occupant;
		local join = stanza:get_child("x", MUC);
		if lib.is_health_check(room.jid) or not room:get_members_only() or lib.is_focus(occupant.nick) or not join then
			return;
		end
		local affiliation = room:get_affiliation(stanza.attr.from) or "none";
		if passes(room, stanza, join) then
			if affiliation == "none" or affiliation == "member" then
				occupant.role = "participant";
				room:set_affiliation(true, jid.bare(stanza.attr.from), "member");
				room:save_occupant(occupant);
				return;
			end
		elseif room:get_password() and affiliation ~= "none" and affiliation ~= "outcast"
			and not join:get_child("password", MUC) then
			join:tag("password", { xmlns = MUC }):text(room:get_password()):up();
		end
		local name = stanza:get_child_text("nick", "http://jabber.org/protocol/nick");
		if (not name or name == "") and not room._data.needs_no_name then
			event.origin.send(refusal(stanza, "modify", "not-acceptable", "406", {
				st.stanza("displayname-required", { xmlns = JITMEET, lobby = "true" }),
			}));
			return true;
		end
		if affiliation == "none" then
			local reason, address = room._data.lobby_reason, room._data.lobbyroom;
			event.origin.send(refusal(stanza, "auth", "registration-required", "407", {
				st.stanza("lobbyroom", { xmlns = JITMEET }):text(address),
				reason and st.stanza(reason, { xmlns = JITMEET }),
			}));
			return true;
		end
	end, -4);

	-- Any form at all closes the lobby that does not ask for members only.
	main:hook("muc-config-submitted", function (event)
		local room = event.room;
		if jid.node(event.actor) == "focus" then return; end
		if event.fields["muc#roomconfig_membersonly"] then
			if not attach(room) then return; end
			event.status_codes["104"] = true;
			metadata_changed(room, true);
		elseif room._data.lobbyroom then
			close(room, room.jid);
		end
	end);

	main:hook("muc-disco#info", function (event)
		if not event.room._data.lobbyroom then return; end
		table.insert(event.form, { name = "muc#roominfo_lobbyroom", label = "Lobby", type = "text-single" });
		event.formdata["muc#roominfo_lobbyroom"] = event.room._data.lobbyroom;
	end);

	main:hook("muc-room-destroyed", function (event)
		close(event.room, nil);
	end, 1);
end);

-- What of the lobby's stanzas arrives.

local function may_see(lobby, stanza, x)
	local room, item = lobby.main_room, x:get_child("item");
	if stanza.attr.type == "unavailable" then return true; end
	return room:get_affiliation(stanza.attr.to) == "owner" and item.attr.jid ~= nil
		and room:get_affiliation(item.attr.jid) ~= "owner";
end

local function may_hear(lobby, stanza)
	local sender = lobby:get_occupant_by_nick(stanza.attr.from);
	if not sender then
		module:log("warn", "%s is not in the lobby", stanza.attr.from);
		return false;
	end
	return lobby:get_affiliation(stanza.attr.to) == "owner" or lobby:get_affiliation(sender.bare_jid) == "owner";
end

local function arrives(stanza)
	if stanza.name == "iq" then return stanza:get_child("query", "http://jabber.org/protocol/disco#info") ~= nil; end
	local lobby = lobbies and lobbies.get_room_from_jid(jid.bare(stanza.attr.from));
	if stanza.name == "presence" then
		local x = stanza:get_child("x", MUC .. "#user");
		if not x or x:get_child_with_attr("status", nil, "code", "110") then return true; end
		if not lobby then module:log("warn", "there is no lobby %s", stanza.attr.from); end
		return not lobby or may_see(lobby, stanza, x);
	end
	return lobby ~= nil and may_hear(lobby, stanza);
end

filters.add_filter_hook(function (session)
	filters.add_filter(session, "stanzas/out", function (stanza)
		local from = stanza.attr and stanza.attr.from;
		if not from or jid.host(from) ~= lobby_muc or arrives(stanza) then return stanza; end
	end, -1);
end);

lib.when_muc(lobby_muc, function (_, service)
	lobbies = service;
	function service.room_mt.get_affiliation(lobby, address)
		return lobby.main_room and lobby.main_room:get_affiliation(address) or "none";
	end
end);

lib.announce("lobbyrooms", lobby_muc);
