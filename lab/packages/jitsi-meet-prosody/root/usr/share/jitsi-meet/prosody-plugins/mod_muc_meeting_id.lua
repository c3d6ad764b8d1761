-- STAND-IN, not Jitsi's own: each meeting has an id of its own, shown in the room's description. Who enters before the
-- focus waits until it is there. Nobody changes the focus' role or affiliation, and nobody but it enters the rooms it
-- makes to see whether everything works.

local jid = require "util.jid";
local st = require "util.stanza";
local new_id = require "util.uuid".generate;
local lib = module:require "stand_in";

module:depends("jitsi_session");

local function refuse(event, condition)
	event.origin.send(st.error_reply(event.stanza, "cancel", condition));
	return true;
end

module:hook("muc-room-pre-create", function (event)
	local address = event.stanza.attr.to;
	if lib.is_health_check(address) and not lib.is_focus(address) then return refuse(event, "service-unavailable"); end
end, 100);

module:hook("muc-room-created", function (event)
	if not lib.is_health_check(event.room.jid) then event.room._data.meetingId = new_id(); end
end);

module:hook("muc-disco#info", function (event)
	table.insert(event.form, {
		name = "muc#roominfo_meetingId", label = "The meeting's id", type = "text-single",
		value = event.room._data.meetingId or "",
	});
end);

local function process_waiting(room)
	local waiting = room.waits_for_focus or {};
	room.focus_was_here, room.waits_for_focus = true, nil;
	for _, event in ipairs(waiting) do
		if event.origin.conn then room:handle_normal_presence(event.origin, event.stanza); end
	end
end

module:hook("muc-occupant-pre-join", function (event)
	local room, occupant = event.room, event.occupant;
	if lib.is_health_check(room.jid) then
		return not lib.is_focus(occupant.nick) and refuse(event, "service-unavailable") or nil;
	end
	if room.focus_was_here then return; end
	if lib.is_focus(occupant.nick) then
		process_waiting(room);
	else
		room.waits_for_focus = room.waits_for_focus or {};
		table.insert(room.waits_for_focus, event);
		return true;
	end
end, 8);

local function protect_focus(event)
	local room = lib.room(jid.bare(event.stanza.attr.to));
	if not room then return; end
	for item in event.stanza.tags[1]:childtags("item") do
		if item.attr.nick == "focus" or item.attr.jid and jid.node(item.attr.jid) == "focus" then
			module:log("warn", "nobody changes %s in %s", item.attr.nick or item.attr.jid, room.jid);
			return refuse(event, "not-allowed");
		end
	end
end

module:hook("iq-set/bare/http://jabber.org/protocol/muc#admin:query", protect_focus, 10);
module:hook("iq-set/host/http://jabber.org/protocol/muc#admin:query", protect_focus, 10);
