-- STAND-IN, not Jitsi's own: keeps a room whose lobby somebody waits in, even when nobody is in the room itself.

local lib = module:require "stand_in";

local main_muc = assert(module:get_option_string("main_muc"), "persistent_lobby needs main_muc");
local lobby_muc = assert(module:get_option_string("lobby_muc"), "persistent_lobby needs lobby_muc");

module:hook_global("create-persistent-lobby-room", function (event)
	prosody.events.fire_event("create-lobby-room", event);
	event.room._data.persist_lobby = true;
	event.room:set_persistent(true);
end);

local function tidy(room)
	if not room or room.destroying or not room._data.persist_lobby or room:has_occupant() then return; end
	local lobby = room._data.lobbyroom and lib.room(room._data.lobbyroom);
	if lobby and lobby:has_occupant() or lib.breakout_rooms_are_used(room) then return; end
	room:set_persistent(false);
	room:destroy(nil, "Nobody is here any more.");
end

lib.when_muc(main_muc, function (main)
	main:hook("muc-occupant-left", function (event) tidy(event.room); end);
end);

lib.when_muc(lobby_muc, function (lobby)
	lobby:hook("muc-occupant-left", function (event) tidy(event.room.main_room); end);
end);
