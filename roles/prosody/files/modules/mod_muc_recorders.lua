-- A recorder enters a room only while jicofo has it record there: it passes lobby and password, so that its account in
-- the wrong hands would otherwise be a key to every open room. Loaded on the component where recorders report to jicofo
-- (recorders_room), where it sees jicofo's orders, and on those of the meetings (without recorders_room).

local jid = require "util.jid";
local st = require "util.stanza";

local JIBRI = "http://jitsi.org/protocol/jibri";

local recorders_room = module:get_option_string("recorders_room");
local recorded = module:shared("/*/muc_recorders/recorded"); -- addresses of rooms

if recorders_room then
	local focus = module:get_option_string("daemon_focus");
	local ordered = {}; -- room by recorder

	module:hook("iq/full", function (event)
		local stanza = event.stanza;
		local order = stanza.attr.type == "set" and stanza:get_child("jibri", JIBRI);
		local recorder = stanza.attr.to;
		if not order or jid.bare(stanza.attr.from) ~= focus or jid.bare(recorder) ~= recorders_room then return; end
		if order.attr.action == "start" then
			local room = jid.prep(order.attr.room);
			if room then ordered[recorder], recorded[room] = room, true; end
		elseif ordered[recorder] then
			recorded[ordered[recorder]], ordered[recorder] = nil, nil;
		end
	end, 1001);
	return;
end

local recorder_host = "recorder." .. module:get_option_string("muc_mapper_domain_base");

module:hook("muc-occupant-pre-join", function (event)
	if jid.host(event.stanza.attr.from) ~= recorder_host or recorded[event.room.jid] then return; end
	event.origin.send(st.error_reply(event.stanza, "cancel", "not-allowed", "Nobody records here.", event.room.jid));
	return true;
end, 1000);

module:hook("muc-room-destroyed", function (event) recorded[event.room.jid] = nil; end);
