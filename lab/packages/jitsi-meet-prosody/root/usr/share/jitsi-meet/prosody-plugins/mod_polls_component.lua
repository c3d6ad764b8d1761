-- STAND-IN, not Jitsi's own: passes polls and answers on to everybody in the room of whoever sends them. It is a room
-- service by itself, because the module it takes its rooms from is loaded on its own host.
-- Left out: keeping polls for those who come later, who voted for what, limits.

local json = require "cjson.safe";
local lib = module:require "stand_in";

module:depends("muc");

local MOST = 1024;

local function is_list_of(kind, list)
	if type(list) ~= "table" or #list == 0 then return false; end
	for _, item in ipairs(list) do
		if type(item) ~= kind then return false; end
	end
	return true;
end

local function is_poll(data)
	if data.type ~= "polls" or type(data.pollId) ~= "string" then return false; end
	if data.command == "answer-poll" then return is_list_of("boolean", data.answers); end
	return type(data.question) == "string" and is_list_of("table", data.answers);
end

local function pass_on(event)
	local session, stanza = event.origin, event.stanza;
	local message = stanza:get_child("json-message", "http://jitsi.org/jitmeet");
	if stanza.attr.type == "groupchat" or stanza:get_child("body") or not message then return; end
	local room = lib.room_of(session);
	if not room then return; end
	local from = stanza.attr.from;
	local occupant = room:get_occupant_by_real_jid(from);
	if not occupant then
		module:log("error", "%s sends a poll and is not in %s", from, room.jid);
		return;
	end
	local text = message:get_text();
	if #text >= MOST then
		module:log("error", "a poll of %s to %s is too big", from, stanza.attr.to);
		return true;
	end
	local data, fault = json.decode(text);
	if not data then
		module:log("error", "a poll cannot be read: %s (from %s to %s)", fault, from, stanza.attr.to);
		return true;
	end
	if data.command ~= "new-poll" and data.command ~= "answer-poll" then return; end
	if not is_poll(data) then
		module:log("error", "no poll: %s sent %s", from, text);
		return true;
	end
	room.polls = room.polls or {};
	if data.command == "new-poll" then
		room.polls[data.pollId] = true;
	elseif not room.polls[data.pollId] then
		module:log("warn", "an answer to the poll %s, which is none", data.pollId);
		return;
	end
	data.senderId = occupant.nick:match("/(.+)$");
	lib.tell_all(room, data);
	return true;
end

module:hook("message/host", pass_on);

lib.announce("polls");
