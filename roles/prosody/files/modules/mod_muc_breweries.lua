-- On the component where bridges, recorders and gateways report to jicofo, each kind in a room of its own (daemon_rooms),
-- which is there from the start and so has no owner but jicofo (daemon_focus). Only the account of the kind and jicofo
-- enter it, nobody else as "focus", and its members talk to jicofo alone: one that was taken over neither gives orders
-- to others in jicofo's place nor reports as a daemon of another kind.

local jid = require "util.jid";
local refusal = module:require "refusal";

local focus = module:get_option_string("daemon_focus");
local rooms = module:get_option("daemon_rooms");
local focus_nick, host = jid.split(focus);
local muc = module:depends("muc");

local account_of = {}; -- by room
for name, address in pairs(rooms) do
	account_of[address] = jid.join(name, host);
	local room = muc.get_room_from_jid(address) or muc.create_room(address);
	room:set_whois("anyone");
	room:set_persistent(true);
end

local function refuse(event) return refusal(event, "This room is for others."); end

local function is_focus(event) return jid.bare(event.stanza.attr.from) == focus; end
local function is_for_focus(address) return jid.resource(address) == focus_nick; end

module:hook("muc-occupant-pre-join", function (event)
	if is_focus(event) then return; end
	local account = jid.bare(event.stanza.attr.from);
	if account_of[event.room.jid] ~= account or is_for_focus(event.occupant.nick) then return refuse(event); end
end, 1000);

module:hook("muc-occupant-pre-change", function (event)
	if not is_focus(event) and is_for_focus(event.dest_occupant.nick) then return refuse(event); end
end, 1000);

-- To a member: jicofo, or oneself.
local function to_member(event)
	local stanza = event.stanza;
	if is_focus(event) or is_for_focus(stanza.attr.to) then return; end
	local room = muc.get_room_from_jid(jid.bare(stanza.attr.to));
	if not room or room:get_occupant_jid(stanza.attr.from) ~= stanza.attr.to then return refuse(event); end
end

-- To everybody in the room, by an invitation to anybody at all, or to change the room.
local function to_room(event)
	local asks = event.stanza.name == "iq" and event.stanza.attr.type ~= "set";
	if not is_focus(event) and not asks then return refuse(event); end
end

for _, kind in ipairs { "iq", "message" } do
	module:hook(kind .. "/full", to_member, 1000);
	module:hook(kind .. "/bare", to_room, 1000);
	module:hook(kind .. "/host", to_room, 1000);
end
