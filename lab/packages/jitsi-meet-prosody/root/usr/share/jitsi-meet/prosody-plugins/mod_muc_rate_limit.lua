-- STAND-IN, not Jitsi's own: in each room muc_rate_joins people a second come in (3) and muc_rate_leaves go (5); the
-- others queue, and a second later the next ones have their turn.

local st = require "util.stanza";
local throttle = require "util.throttle";

local joins = module:get_option_number("muc_rate_joins", 3);
local leaves = module:get_option_number("muc_rate_leaves", 5);

-- Queues the event where the room has no turn for it left; process(event) has it later.
local function queues(event, name, rate, process)
	local room = event.room;
	local turns = room[name] or { throttle = throttle.create(rate, 1), waiting = {} };
	room[name] = turns;
	if turns.throttle:poll(1) and not turns.timer then return false; end
	table.insert(turns.waiting, event);
	turns.timer = turns.timer or module:add_timer(1, function ()
		if room.destroying then return; end
		for _ = 1, math.min(rate, #turns.waiting) do process(table.remove(turns.waiting, 1)); end
		if turns.waiting[1] then return 1; end
		turns.timer = nil;
	end);
	return true;
end

module:hook("muc-occupant-pre-join", function (event)
	if event.stanza.has_waited then
		event.stanza.has_waited = nil;
		return;
	end
	return queues(event, "joining", joins, function (waited)
		if not waited.origin.conn then return; end
		waited.stanza.has_waited = true;
		waited.room:handle_normal_presence(waited.origin, waited.stanza);
	end) or nil;
end, 9);

module:hook("muc-occupant-pre-leave", function (event)
	local occupant, role = event.occupant, event.occupant.role;
	local waits = queues(event, "leaving", leaves, function (waited)
		local x = st.stanza("x", { xmlns = "http://jabber.org/protocol/muc#user" });
		waited.room:publicise_occupant_status(occupant, x, nil, nil, nil, role);
		module:fire_event("muc-occupant-left", {
			room = waited.room, nick = occupant.nick, occupant = occupant, origin = waited.origin, stanza = waited.stanza,
		});
	end);
	if not waits then return; end
	occupant.role = nil;
	event.room:save_occupant(occupant);
	return true;
end);
