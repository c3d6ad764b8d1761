-- STAND-IN, not Jitsi's own: keeps a room whose lobby somebody waits in, even when nobody is in the room itself.

local jid = require "util.jid";
local lib = module:require "stand_in";

local main_muc = assert(module:get_option_string("main_muc"), "persistent_lobby needs main_muc");
local lobby_muc = assert(module:get_option_string("lobby_muc"), "persistent_lobby needs lobby_muc");

local function release(room)
	if room.persist_lobby then
		room.persist_lobby = nil;
		room:set_persistent(false);
	end
end

module:hook_global("create-persistent-lobby-room", function (event)
	local room = event.room;
	prosody.events.fire_event("create-lobby-room", event);
	if not room.persist_lobby then
		room.persist_lobby = true;
		room:set_persistent(true);
	end
end);

module:hook_global("destroy-lobby-room", function (event) release(event.room); end, -1);

lib.when_muc(main_muc, function (main, rooms)
	local lobbies;

	local function tidy(room)
		local lobby = lobbies and lobbies.get_room_from_jid(room._data.lobbyroom);
		if room.persist_lobby and not room:has_occupant() and not (lobby and lobby:has_occupant()) then
			release(room);
			room:destroy();
		end
	end

	main:hook("muc-occupant-left", function (event) tidy(event.room); end, -1);

	lib.when_muc(lobby_muc, function (lobby, service)
		lobbies = service;
		lobby:hook("muc-occupant-left", function (event)
			local room = rooms.get_room_from_jid(jid.join((jid.split(event.room.jid)), main_muc));
			if room then tidy(room); end
		end, -1);
	end);
end);
