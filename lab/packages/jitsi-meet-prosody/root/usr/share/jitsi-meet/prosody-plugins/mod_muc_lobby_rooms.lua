-- STAND-IN, not Jitsi's own: a lobby is a second room, ROOM@lobby_muc, beside a members-only room. Who is no member
-- is refused with registration-required and told the lobby's address; a moderator lets them in by an invitation.
-- Hosts in muc_lobby_whitelist pass.
-- Left out: display names being required, hiding people in the lobby from each other, lobby chat.

local jid = require "util.jid";
local st = require "util.stanza";
local lib = module:require "stand_in";

local JITMEET = "http://jitsi.org/jitmeet";

local main_muc = assert(module:get_option_string("main_muc"), "muc_lobby_rooms needs main_muc");
local lobby_muc = assert(module:get_option_string("lobby_muc"), "muc_lobby_rooms needs lobby_muc");
local whitelist = module:get_option_set("muc_lobby_whitelist", {});
local lobbies;

local function open(room, reason)
	if room._data.lobbyroom or not lobbies then return; end
	local address = jid.join((jid.split(room.jid)), lobby_muc);
	local lobby = lobbies.get_room_from_jid(address) or assert(lobbies.create_room(address));
	lobby:set_hidden(true);
	lobby:set_persistent(true); -- it is there as long as the room asks for it, whoever comes and goes
	lobby:set_whois("anyone");
	lobby.main_room = room;
	for _, occupant in room:each_occupant() do -- who is in stays in
		if not room:get_affiliation(occupant.bare_jid) then
			room:set_affiliation(true, occupant.bare_jid, "member");
		end
	end
	room._data.lobbyroom, room.lobby_reason = address, reason;
	room:set_members_only(true);
	module:log("info", "lobby of %s is open", room.jid);
end

local function close(room, newjid, message)
	local address = room._data.lobbyroom;
	if not address then return; end
	room._data.lobbyroom, room.lobby_reason = nil, nil;
	local lobby = lobbies.get_room_from_jid(address);
	if lobby then lobby:destroy(newjid, message); end
	module:log("info", "lobby of %s is closed", room.jid);
end

module:hook_global("create-lobby-room", function (event) open(event.room, event.reason); end);
module:hook_global("destroy-lobby-room", function (event) close(event.room, event.newjid, event.message); end);

lib.when_muc(lobby_muc, function (_, service)
	lobbies = service;
end);

lib.when_muc(main_muc, function (main)
	main:hook("muc-occupant-pre-join", function (event)
		local room, stanza = event.room, event.stanza;
		if not room:get_members_only() or room:get_affiliation(stanza.attr.from) then return; end
		if lib.listed(whitelist, stanza.attr.from) then
			room:set_affiliation(true, jid.bare(stanza.attr.from), "member");
			event.occupant.role = room:get_default_role("member");
			return;
		end
		local reply = st.reply(stanza);
		reply.attr.type = "error";
		reply:tag("error", { type = "auth", by = room.jid, code = "407" })
			:tag("registration-required", { xmlns = "urn:ietf:params:xml:ns:xmpp-stanzas" }):up();
		if room.lobby_reason then
			reply:tag(room.lobby_reason, { xmlns = JITMEET }):up();
		end
		reply:up();
		reply:tag("x", { xmlns = "http://jabber.org/protocol/muc" }):up();
		reply:tag("lobbyroom", { xmlns = JITMEET }):text(room._data.lobbyroom or ""):up();
		event.origin.send(reply);
		return true;
	end, -4);

	main:hook("muc-config-submitted/muc#roomconfig_membersonly", function (event)
		if event.value then open(event.room); else close(event.room, event.room.jid); end
	end, 1);

	main:hook("muc-disco#info", function (event)
		if not event.room._data.lobbyroom then return; end
		table.insert(event.form, { name = "muc#roominfo_lobbyroom", label = "Lobby", type = "text-single" });
		event.formdata["muc#roominfo_lobbyroom"] = event.room._data.lobbyroom;
	end);

	main:hook("muc-room-destroyed", function (event)
		close(event.room, nil, "The meeting has ended.");
	end);
end);

lib.announce("lobbyrooms", lobby_muc);
