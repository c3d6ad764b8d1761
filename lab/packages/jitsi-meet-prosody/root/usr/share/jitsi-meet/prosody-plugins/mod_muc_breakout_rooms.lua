-- STAND-IN, not Jitsi's own: breakout rooms beside a main room. A moderator of the main room asks the component for one
-- by a message; it exists as an address that is told to everybody in the main room, until somebody enters it. Only who
-- was in the main room gets in, and everybody has there the rights of the main room.
-- Left out: renaming and removing them, moving people, and closing all when everybody is gone.

local jid = require "util.jid";
local json = require "util.json";
local st = require "util.stanza";
local new_id = require "util.uuid".generate;
local lib = module:require "stand_in";

local ADD = "features/breakout-rooms/add";

local main_muc = assert(module:get_option_string("main_muc"), "muc_breakout_rooms needs main_muc");
local breakout_muc = module:get_option_string("breakout_rooms_muc", "breakout." .. module.host);

local function is_admin(address) return jid.host(address) == "auth." .. module.host; end

lib.when_muc(main_muc, function (main, mains)
	local function main_room_of(address)
		for room in mains.live_rooms() do
			if (room._data.breakout_rooms or {})[address] then return room; end
		end
	end

	main:hook("muc-occupant-joined", function (event)
		event.origin.breakout_main = event.room.jid;
	end);

	lib.when_muc(breakout_muc, function (breakout, service)
		function service.room_mt.get_affiliation(room, address)
			local main_room = main_room_of(room.jid);
			return main_room and main_room:get_affiliation(address) or nil;
		end

		breakout:hook("message/host", function (event)
			local wish, from = event.stanza:get_child("breakout_rooms"), event.stanza.attr.from;
			if not wish or wish.attr.type ~= ADD then return; end
			local room = mains.get_room_from_jid(event.origin.breakout_main);
			local occupant = room and room:get_occupant_by_real_jid(from);
			if not occupant or occupant.role ~= "moderator" then
				module:log("warn", "%s may not make a breakout room", from);
				return true;
			end
			room._data.breakout_rooms = room._data.breakout_rooms or {};
			room._data.breakout_rooms[jid.join(new_id(), breakout_muc)] = wish.attr.subject or "";
			local rooms = {};
			for address, subject in pairs(room._data.breakout_rooms) do
				rooms[jid.node(address)] = { jid = address, name = subject };
			end
			local news = json.encode({ type = "breakout_rooms", event = "features/breakout-rooms/update", rooms = rooms });
			for _, other in room:each_occupant() do
				module:send(st.message({ from = breakout_muc, to = other.jid })
					:tag("json-message", { xmlns = "http://jitsi.org/jitmeet" }):text(news));
			end
			return true;
		end);

		breakout:hook("muc-room-pre-create", function (event)
			if main_room_of(event.room.jid) then return; end
			event.origin.send(st.error_reply(event.stanza, "cancel", "not-allowed", "There is no such breakout room"));
			return true;
		end, 1);

		breakout:hook("muc-occupant-pre-join", function (event)
			local room = main_room_of(event.room.jid);
			if is_admin(event.occupant.bare_jid) or room and event.origin.breakout_main == room.jid then return; end
			event.origin.send(st.error_reply(event.stanza, "cancel", "not-allowed"));
			return true;
		end, 1);
	end);
end);

lib.announce("breakout_rooms", breakout_muc);
