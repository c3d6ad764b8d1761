-- STAND-IN, not Jitsi's own: breakout rooms beside a main room. A moderator of the main room asks the component for one
-- by a message; it exists as an address that is told to everybody in the main room, until somebody enters it. Only who
-- was in the main room last gets in, unless they are an admin of this host, and everybody has there the rights of the
-- main room. The main room stays as long as somebody is in one of them, and five seconds longer.
-- Left out: names that are taken in another of the rooms.

local jid = require "util.jid";
local st = require "util.stanza";
local new_id = require "util.uuid".generate;
local lib = module:require "stand_in";

local KIND = "breakout_rooms";
local WISH = "features/breakout-rooms/";
local EMPTY_FOR, NEWS_EVERY = 5, 0.3;

local main_muc = assert(module:get_option_string("main_muc"), "muc_breakout_rooms needs main_muc");
local breakout_muc = module:get_option_string("breakout_rooms_muc", "breakout." .. module.host);

module:depends("jitsi_session");

local main_of = {}; -- by the address of a breakout room

local function main_room_of(address)
	return lib.room(jid.host(address) == main_muc and address or main_of[address] or address);
end

local function breakouts(main_room) return pairs(main_room._data.breakout_rooms or {}); end

local function is_used(main_room)
	local rooms = { main_room };
	for address in breakouts(main_room) do rooms[#rooms + 1] = lib.room(address); end
	for _, room in ipairs(rooms) do
		for _, occupant in room:each_occupant() do
			if not lib.is_admin(occupant.bare_jid) then return true; end
		end
	end
	return false;
end

local function tell(main_room)
	if main_room.tells_breakouts then return; end
	main_room.tells_breakouts = true;
	module:add_timer(NEWS_EVERY, function ()
		main_room.tells_breakouts = nil;
		local rooms = { [jid.node(main_room.jid)] = { isMainRoom = true, jid = main_room.jid } };
		local listeners = { main_room };
		for address, subject in breakouts(main_room) do
			rooms[jid.node(address)] = { jid = address, name = subject };
			listeners[#listeners + 1] = lib.room(address);
		end
		for _, room in ipairs(listeners) do
			for _, occupant in room:each_occupant() do
				if not lib.is_admin(occupant.bare_jid) then
					module:context(breakout_muc):send(st.message({ from = breakout_muc, to = occupant.jid })
						:tag("json-message", { xmlns = "http://jitsi.org/jitmeet" })
						:text(require "cjson.safe".encode({ type = KIND, event = WISH .. "update", rooms = rooms })));
				end
			end
		end
	end);
end

local wishes = {};

wishes[WISH .. "add"] = function (room, wish)
	local address = jid.join(new_id(), breakout_muc);
	room._data.breakout_rooms = room._data.breakout_rooms or {};
	room._data.breakout_rooms[address] = wish.subject or "";
	room._data.breakout_rooms_active = true;
	main_of[address] = room.jid;
	room:set_persistent(true);
	tell(room);
end;

wishes[WISH .. "remove"] = function (room, wish)
	local address = wish.breakoutRoomJid;
	if main_of[address] ~= room.jid then
		module:log("warn", "%s is no breakout room of %s", address, room.jid);
		return;
	end
	local breakout = lib.room(address);
	if breakout then breakout:destroy(room.jid, "The breakout room is closed."); end
	room._data.breakout_rooms[address], main_of[address] = nil, nil;
	tell(room);
end;

wishes[WISH .. "move-to-room"] = function (room, wish)
	if wish.roomJid ~= room.jid and main_of[wish.roomJid] ~= room.jid then
		module:log("warn", "nobody of %s can be moved to %s", room.jid, wish.roomJid);
		return;
	end
	lib.tell(wish.participantJid, { type = KIND, event = WISH .. "move-to-room", roomJid = wish.roomJid });
end;

local function on_message(event)
	local wish = event.stanza:get_child(KIND);
	local act = wish and wishes[wish.attr.type];
	local room = act and lib.asker(event, true);
	if not room then return; end
	act(room, wish.attr);
	return true;
end

local function on_joined(event)
	local main_room = main_room_of(event.room.jid);
	local is_person = not lib.is_admin(event.occupant.bare_jid);
	if not main_room then return; end
	main_room.breakouts_end = nil;
	if main_room._data.breakout_rooms_active and is_person then tell(main_room); end
	if main_room == event.room and is_person then event.origin.breakout_main = main_room.jid; end
end

local function on_left(event)
	local main_room = main_room_of(event.room.jid);
	if not main_room or not main_room._data.breakout_rooms_active or main_room.destroying then return; end
	tell(main_room);
	if main_room.breakouts_end or is_used(main_room) then return; end
	local ending = {};
	main_room.breakouts_end = ending;
	module:add_timer(EMPTY_FOR, function ()
		if main_room.breakouts_end ~= ending then return; end
		main_room:set_persistent(false);
		main_room:destroy(nil, "Everybody has left.");
	end);
end

lib.when_muc(main_muc, function (main)
	main:hook("muc-occupant-joined", on_joined);
	main:hook("muc-occupant-left", on_left);
	main:hook("muc-room-destroyed", function (event)
		for address in breakouts(event.room) do
			local breakout = lib.room(address);
			if breakout then breakout:destroy(); end
			main_of[address] = nil;
		end
	end, 1);
end);

lib.when_muc(breakout_muc, function (breakout, service)
	function service.room_mt.get_affiliation(room, address)
		local main_room = main_room_of(room.jid);
		if not main_room then module:log("error", "%s has no main room, for %s", room.jid, address); end
		return main_room and main_room:get_affiliation(address) or "none";
	end

	function service.room_mt.get_members_only(room)
		local main_room = main_room_of(room.jid);
		return main_room and main_room:get_members_only();
	end

	breakout:hook("message/host", on_message);
	breakout:hook("muc-occupant-joined", on_joined);
	breakout:hook("muc-occupant-left", on_left);

	breakout:hook("muc-room-pre-create", function (event)
		if main_of[event.room.jid] then return; end
		event.room:destroy(nil, "There is no such breakout room.");
		return true;
	end);

	breakout:hook("muc-occupant-pre-join", function (event)
		local room = main_room_of(event.room.jid);
		if not room then
			event.origin.send(st.error_reply(event.stanza, "cancel", "service-unavailable"));
			return true;
		end
		if lib.is_admin(event.occupant.bare_jid) or event.origin.breakout_main == room.jid then return; end
		event.origin.send(st.error_reply(event.stanza, "cancel", "not-allowed"));
		return true;
	end);
end);

lib.announce(KIND, breakout_muc);
