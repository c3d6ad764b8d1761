-- STAND-IN, not Jitsi's own: whoever enters a room of muc_component gets its metadata just before the room says that they
-- are in, and everybody gets them again whenever they change. A moderator changes them one key at a time.
-- Left out: TURN credentials (clients fall back to asking mod_external_services), keys that nobody may change.

local filters = require "util.filters";
local jid = require "util.jid";
local json = require "cjson.safe";
local st = require "util.stanza";
local lib = module:require "stand_in";

local JITMEET = "http://jitsi.org/jitmeet";
local breakouts = module:get_option_string("breakout_rooms_component");

local function send(room, address)
	local content = { type = "room_metadata", metadata = room.jitsiMetadata or {} };
	module:send(st.message({ from = module.host, to = address })
		:tag("json-message", { xmlns = JITMEET, room = room.jid }):text(json.encode(content)));
end

local function send_all(room)
	for _, occupant in room:each_occupant() do send(room, occupant.jid); end
end

local function make(event)
	if lib.is_health_check(event.room.jid) then return; end
	event.room.jitsiMetadata = event.room.jitsiMetadata or {};
	event.room.knows_metadata = {};
end

lib.when_muc(assert(module:get_option_string("muc_component")), function (muc)
	muc:hook("muc-room-created", make, -1);
	muc:hook("room-metadata-changed", function (event) send_all(event.room); end);
	muc:hook("muc-occupant-left", function (event)
		if event.room.knows_metadata then event.room.knows_metadata[event.occupant.bare_jid] = nil; end
	end);
	-- As clients before the metadata say it: in a moderator's presence.
	muc:hook("muc-broadcast-presence", function (event)
		local policy = event.stanza:get_child("startmuted", "http://jitsi.org/jitmeet/start-muted");
		if not policy or event.occupant.role ~= "moderator" then return; end
		local muted = { audio = policy.attr.audio == "true", video = policy.attr.video == "true" };
		local metadata = event.room.jitsiMetadata;
		local former = metadata.startMuted or {};
		if former.audio == muted.audio and former.video == muted.video then return; end
		metadata.startMuted = muted;
		send_all(event.room);
	end);
end);

if breakouts then
	lib.when_muc(breakouts, function (muc) muc:hook("muc-room-created", make, -1); end);
end

module:hook("message/host", function (event)
	local session, from = event.origin, event.stanza.attr.from;
	local message = event.stanza:get_child("room_metadata", JITMEET);
	if event.stanza.attr.type == "error" or not session.jitsi_web_query_room then return; end
	if not message or not message.attr.room then return true; end
	local room = lib.room(message.attr.room);
	if not room then
		module:log("warn", "there is no room %s/%s", session.jitsi_web_query_prefix, session.jitsi_web_query_room);
		return;
	end
	local occupant = room:get_occupant_by_real_jid(from);
	if not occupant then
		module:log("warn", "%s is not in %s", from, room.jid);
		return;
	end
	local text = message:get_text();
	local change, fault = json.decode(text);
	if type(change) ~= "table" or type(change.key) ~= "string" or change.data == nil then
		module:log("error", "no metadata: %s (%s)", text, fault);
		return;
	end
	if occupant.role ~= "moderator" then
		module:log("warn", "%s does not moderate and may not change %s of %s", from, change.key, room.jid);
		return;
	end
	room.jitsiMetadata[change.key] = change.data;
	send_all(room);
	return true;
end);

local function before_own_presence(stanza)
	if stanza.name ~= "presence" or stanza.attr.type == "unavailable" or not stanza.attr.to then return stanza; end
	local x = stanza:get_child("x", "http://jabber.org/protocol/muc#user");
	if not x or not x:get_child_with_attr("status", nil, "code", "110") then return stanza; end
	local room, bare = lib.room(jid.bare(stanza.attr.from)), jid.bare(stanza.attr.to);
	if room and room.knows_metadata and not room.knows_metadata[bare] then
		room.knows_metadata[bare] = true;
		send(room, stanza.attr.to);
	end
	return stanza;
end

filters.add_filter_hook(function (session)
	filters.add_filter(session, "stanzas/out", before_own_presence, -3);
end);

lib.announce("room_metadata");
